import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { Button } from '../../ui/button.tsx';
import { DropZone } from '../../ui/drop-zone.tsx';
import { GROUP } from '../../ui/groups.tsx';
import { t } from '../../ui/strings/strings.ts';
import { isProof, placesToAsk } from '../../wallet/proof.ts';
import type { Kept } from '../../wallet/vault.ts';
import { proveBackup, removeWallet } from '../../wallet/wallet.ts';
import { readWalletFile } from '../../wallet/wallet-file.ts';

type Props = { kept: Kept; back: () => void };

/** The person reads from what they kept, or gives the file back. The code itself is not on the screen meanwhile. */
export function Prove({ kept, back }: Props) {
  const places = useMemo(() => placesToAsk(kept.encrypted), [kept.encrypted]);
  const answers = useSignal<readonly string[]>(places.map(() => ''));
  const wrong = useSignal<'characters' | 'file' | null>(null);
  const { wallet } = t.value;
  const check = async () => {
    if (isProof(kept.encrypted, places, answers.value)) await proveBackup();
    else wrong.value = 'characters';
  };
  const checkFile = async (file: File) => {
    const content = readWalletFile(await file.text());
    const same = content.kind === 'accounts' && content.accounts.some(({ encrypted }) => encrypted === kept.encrypted);
    if (same) await proveBackup();
    else wrong.value = 'file';
  };
  return (
    <div class="stack">
      <p>{wallet.proveWhy}</p>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void check();
        }}
      >
        <div class="characters">
          {places.map((place, at) => (
            <label key={place}>
              <span>{wallet.character(place)}</span>
              <span class="hint">{wallet.inGroup(Math.ceil(place / GROUP), ((place - 1) % GROUP) + 1)}</span>
              <input
                required
                maxLength={1}
                size={1}
                autocomplete="off"
                autocapitalize="none"
                spellcheck={false}
                value={answers.value[at]}
                onInput={({ currentTarget }) => {
                  wrong.value = null;
                  answers.value = answers.value.with(at, currentTarget.value);
                }}
              />
            </label>
          ))}
        </div>
        <p class="error" role="alert">
          {wrong.value === 'characters' && wallet.proveWrong}
          {wrong.value === 'file' && wallet.proveFileWrong}
        </p>
        <Button kind="primary" type="submit" wide>
          {t.value.shared.next}
        </Button>
      </form>
      <p class="quiet">{wallet.orFile}</p>
      <DropZone label={wallet.dropFile} accept=".json,application/json" onFile={checkFile} />
      <div class="row">
        <Button kind="quiet" onClick={back}>
          {wallet.showAgain}
        </Button>
        <Button kind="quiet" onClick={removeWallet}>
          {wallet.startOver}
        </Button>
      </div>
    </div>
  );
}
