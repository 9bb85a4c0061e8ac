import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { Failure } from '../../ui/failure.tsx';
import { go, toTop } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';
import { createWallet, forgetFresh, kept } from '../../wallet/wallet.ts';
import { Backup } from './backup.tsx';
import { NewPassword } from './new-password.tsx';
import { Prove } from './prove.tsx';

const STEPS = 3;

/** A new key: password, backup, and the proof that the backup is there. Closed in between, it goes on where it was. */
export function Create() {
  const proving = useSignal(false);
  // Whoever leaves has the password to come back with; the key itself is not kept for them.
  useEffect(() => () => (location.hash === '#/ready' ? undefined : forgetFresh()), []);
  const { value } = kept;
  const proved = value !== null && value.backedUpAt !== null;
  useEffect(toTop, [proving.value, value === null]);
  useEffect(() => {
    if (proved) go('/ready', { replace: true });
  }, [proved]);
  if (value === null) return <ChoosePassword />;
  if (proved) return null;
  if (!proving.value)
    return (
      <Step number={2} title={t.value.wallet.keepBackup} why={t.value.wallet.keepBackupWhy}>
        <Backup
          kept={value}
          goOn={() => {
            proving.value = true;
          }}
        />
      </Step>
    );
  return (
    <Step number={3} title={t.value.wallet.proveTitle}>
      <Prove
        kept={value}
        back={() => {
          proving.value = false;
        }}
      />
    </Step>
  );
}

function ChoosePassword() {
  const [busy, error] = [useSignal(false), useSignal<unknown>(null)];
  const { wallet } = t.value;
  const make = async (password: string) => {
    busy.value = true;
    error.value = null;
    try {
      await createWallet(password);
    } catch (reason) {
      error.value = reason;
    } finally {
      busy.value = false;
    }
  };
  return (
    <Step number={1} title={wallet.choosePassword} why={wallet.choosePasswordWhy}>
      {error.value !== null && <Failure error={error.value} />}
      <NewPassword action={busy.value ? wallet.makingKey : wallet.makeKey} busy={busy.value} onPassword={make} />
    </Step>
  );
}

type StepProps = { number: number; title: string; why?: string; children: ComponentChildren };

function Step({ number, title, why, children }: StepProps) {
  return (
    <section class="stack">
      <div>
        <p class="step-of">{t.value.wallet.stepOf(number, STEPS)}</p>
        <h2 class="big">{title}</h2>
        {why && <p class="quiet">{why}</p>}
      </div>
      {children}
    </section>
  );
}
