import { useSignal } from '@preact/signals';
import { Button } from '../../ui/button.tsx';
import { Field, TextField } from '../../ui/field.tsx';
import { t } from '../../ui/strings/strings.ts';
import { shown } from '../contacts/contacts.ts';
import { purse } from './faces.ts';
import { removeRule, rules, saveRule } from './rule-choice.ts';

/** By which provider a call goes, where not by the cheapest. */
export function RuleSettings() {
  const words = t.value.telephone;
  const providers = purse.value?.providers.value ?? [];
  const prefix = useSignal('');
  const provider = useSignal('');
  const chosen = providers.find((each) => each === provider.value) ?? providers[0];
  const isPrefix = /^(\+[1-9]\d{0,14})?$/.test(prefix.value.trim());
  return (
    <div class="stack">
      <p class="hint">{words.rulesWhy}</p>
      <ul class="list">
        {rules.value.map((rule) => (
          <li key={rule.prefix} class="row">
            <span>{rule.prefix === '' ? words.prefixAll : rule.prefix}</span>
            <bdi>{shown(rule.provider)}</bdi>
            <Button kind="quiet" icon="trash" aria-label={words.remove} onClick={() => void removeRule(rule.prefix)} />
          </li>
        ))}
      </ul>
      {chosen && (
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void saveRule({ prefix: prefix.value.trim(), provider: chosen });
            prefix.value = '';
          }}
        >
          <TextField label={words.prefix} value={prefix} placeholder="+31" inputMode="tel" autocomplete="off" />
          <Field label={words.provider}>
            {(control) => (
              <select
                {...control}
                value={chosen}
                onChange={(event) => {
                  provider.value = event.currentTarget.value;
                }}
              >
                {providers.map((each) => (
                  <option key={each} value={each}>
                    {shown(each)}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Button type="submit" icon="plus" disabled={!isPrefix}>
            {words.addRule}
          </Button>
        </form>
      )}
    </div>
  );
}
