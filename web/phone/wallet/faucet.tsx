import { useSignal } from '@preact/signals';
import { z } from 'zod';
import type { Address } from '../../../protocol/types/address.ts';
import { Button } from '../../ui/button.tsx';
import { language } from '../../ui/strings/strings.ts';
import { toast } from '../../ui/toast.tsx';

/** A devnet's alone: none of it is in the build for the public, not even its words. */
const texts = {
  en: { fill: 'Take 100 GAS of the devnet', failed: 'The devnet gave nothing' },
  nl: { fill: 'Neem 100 GAS van het devnet', failed: 'Het devnet gaf niets' },
};

export function Faucet({ to }: { to: Address }) {
  const busy = useSignal(false);
  const text = texts[language.value];
  const schema = z.object({ devnet: z.object({ faucet: z.string() }) });
  const take = async () => {
    busy.value = true;
    try {
      const body = JSON.stringify({ address: to });
      const headers = { 'content-type': 'application/json' };
      const { devnet } = schema.parse(await (await fetch('./settings.json')).json());
      const response = await fetch(devnet.faucet, { method: 'POST', headers, body });
      if (!response.ok) toast(`${text.failed}: ${await response.text()}`, 'error');
    } catch (error) {
      toast(`${text.failed}: ${error instanceof Error ? error.message : error}`, 'error');
    } finally {
      busy.value = false;
    }
  };
  return (
    <Button wide icon="purse" busy={busy.value} onClick={take}>
      {text.fill}
    </Button>
  );
}
