import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { toContract, toNetwork, toUrl, toUrls } from './arguments.ts';
import { type GlobalOptions, loadSettings, type Settings } from './config.ts';

/** The bare command with the options that all commands share. */
export function createProgram(): Command {
  return new Command('krypton')
    .description('KRYPTON: calls paid per second out of an escrow on the NEO N3 blockchain')
    .version(readVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'how to use this command')
    .helpCommand('help [command]', 'how to use a command')
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureHelp({ showGlobalOptions: true, helpWidth: 110 })
    .configureOutput({
      outputError: (text) => process.stderr.write(`krypton: ${oneLine(text)}\n`),
      writeErr: () => {}, // the help of a command that lacks its subcommand: main.ts says that in one line
    })
    .addOption(new Option('--json', 'machine-readable answer; money in datoshi, as strings'))
    .addOption(
      new Option('--rpc, --rpc-url <url>', 'a NEO N3 node, or several, comma-separated (KRYPTON_RPC_URL)').argParser(
        toUrls,
      ),
    )
    .addOption(new Option('--contract <hash>', 'the KRYPTON contract (KRYPTON_CONTRACT)').argParser(toContract))
    .addOption(
      new Option('--network <magic>', 'mainnet, testnet or a magic number (KRYPTON_NETWORK)').argParser(toNetwork),
    )
    .addOption(new Option('--api <url>', 'the KRYPTON API (KRYPTON_API_URL)').argParser(toUrl))
    .addOption(new Option('--wallet <file>', 'NEP-6 wallet that signs (KRYPTON_WALLET)'))
    .addOption(
      new Option('--password-file <file>', 'its password (KRYPTON_WALLET_PASSWORD or _PASSWORD_FILE; else asked for)'),
    );
}

/** What commander says, in one line: `amount '1,5': expected …` */
function oneLine(text: string): string {
  return text
    .replace(/^error: /, '')
    .replace(/^command-argument value (.*) is invalid for argument '(\S+)'\. /s, '$2 $1: ')
    .replace(/^option '([^']+ <url>)' argument .* is invalid\. /s, '$1: ') // a URL may hold a password
    .replace(/^option '(.+?)' argument (.*) is invalid\. /s, '$1 $2: ')
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim();
}

function readVersion(): string {
  return JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8')).version;
}

/**
 * What commander calls, from what we write: the settings first, then arguments and options, without the command itself.
 */
export function act<A extends unknown[]>(run: (settings: Settings, ...args: A) => Promise<void>) {
  return async (...args: unknown[]): Promise<void> => {
    const command = args.at(-1) as Command;
    const settings = loadSettings(command.optsWithGlobals<GlobalOptions>(), process.env);
    await run(settings, ...(args.slice(0, -1) as A));
  };
}

/** Shown below a command's help. */
export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ krypton ${line}`).join('\n')}\n`;
}
