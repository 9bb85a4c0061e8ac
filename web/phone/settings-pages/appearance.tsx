import { Choice } from '../../ui/choice.tsx';
import { change, preferences, themes } from '../../ui/preferences.ts';
import { type Language, languages, t } from '../../ui/strings/strings.ts';

export function AppearanceGroup() {
  const { wallet } = t.value;
  const { language, theme } = preferences.value;
  const known = Object.entries(languages) as [Language, string][];
  return (
    <>
      <Choice
        label={wallet.language}
        value={language ?? 'device'}
        options={[['device', wallet.languageOfDevice], ...known]}
        onChange={(chosen) => change({ language: chosen === 'device' ? null : chosen })}
      />
      <Choice
        label={wallet.theme}
        value={theme}
        options={themes.map((each) => [each, wallet.themes[each]] as const)}
        onChange={(chosen) => change({ theme: chosen })}
      />
    </>
  );
}
