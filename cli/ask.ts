import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Refusal } from './refusal.ts';

/** Asks at the terminal, and what is typed is not shown. Without a terminal: refused, with what to do instead. */
export async function askSecret(question: string, otherwise: string): Promise<string> {
  if (!process.stdin.isTTY) throw new Refusal(`there is no terminal to ask for the ${question}: ${otherwise}`);
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: hidden, terminal: true });
  process.stderr.write(`${question}: `);
  terminal.on('SIGINT', () => {
    process.stderr.write('\n');
    process.exit(130);
  });
  try {
    return await terminal.question('');
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}

/**
 * A secret that is piped in, or asked for at the terminal; never an argument, which other users of the machine can see.
 */
export async function readSecret(question: string): Promise<string> {
  return process.stdin.isTTY ? askSecret(question, '') : (await text(process.stdin)).trim();
}

export const readStdin = (): Promise<string> => text(process.stdin);
