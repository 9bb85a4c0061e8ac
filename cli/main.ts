import { CommanderError } from 'commander';
import { addAudit } from './commands/audit.ts';
import { addBalance } from './commands/balance.ts';
import { addCdr } from './commands/cdr.ts';
import { addContract } from './commands/contract.ts';
import { addDemo } from './commands/demo.ts';
import { addDevnet } from './commands/devnet.ts';
import { addEscrow } from './commands/escrow.ts';
import { addIndexCheck } from './commands/index-check.ts';
import { addProvider } from './commands/provider.ts';
import { addRegistration } from './commands/registration.ts';
import { addSettlement } from './commands/settlement.ts';
import { addSettler } from './commands/settler.ts';
import { addStatus } from './commands/status.ts';
import { addTariff } from './commands/tariff.ts';
import { addVoucher } from './commands/voucher.ts';
import { addWallet } from './commands/wallet.ts';
import { createProgram, examples } from './program.ts';
import { lineOf } from './refusal.ts';

/**
 * 0: done · 1: refused or failed, with one line that says why · 2: wrong usage, with one line that says what is right
 */
const exitCode = { done: 0, refused: 1, usage: 2 } as const;

const program = createProgram();
for (const add of [addStatus, addDevnet, addDemo, addWallet, addContract, addProvider, addTariff, addRegistration])
  add(program);
for (const add of [addBalance, addEscrow, addVoucher, addCdr, addSettlement, addAudit, addSettler, addIndexCheck])
  add(program);
program.addHelpText(
  'after',
  `
Where things come from: the option, else the environment variable, else the stack that npm start runs on this machine.
Exit status: 0 done, 1 refused or failed (one line says why), 2 wrong usage.
${examples('status', 'wallet create me.json', 'devnet fund NcTk5o4W4fCFMnhPLMHbEBWcJ5bGBPWbnq 100', 'deposit 10 --wallet me.json')}`,
);

/** A reader that has seen enough (`krypton … | head`) is no failure. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return usageCode(error); // it has said its line already
  process.stderr.write(`krypton: ${lineOf(error)}\n`);
  if (process.env.KRYPTON_LOG_LEVEL === 'debug') console.error(error);
  return exitCode.refused;
}

/** Help that was asked for is an answer; help in place of a missing command is not. */
function usageCode({ code, exitCode: given }: CommanderError): number {
  if (code === 'commander.help' && given !== 0)
    process.stderr.write('krypton: a command is missing: --help lists what there is\n');
  return given === 0 ? exitCode.done : exitCode.usage;
}
