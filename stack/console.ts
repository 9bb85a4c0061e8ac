/** What the person at the terminal reads: `HH:MM:SS part      message`. */
export type Level = 'info' | 'warn' | 'error';

/** `say.as('node')` gives one part's voice. */
export type Say = (message: string, level?: Level) => void;

export interface Terminal {
  as(part: string): Say;
}

interface Screen {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  on(event: 'error', listener: () => void): unknown;
}

const nameWidth = 9;
const colours: Record<Level, string> = { info: '', warn: '\x1b[33m', error: '\x1b[31m' };

export function openTerminal(screen: Screen): Terminal {
  // A closed terminal (EIO, EPIPE) must not take the stack down before it has stopped its parts.
  screen.on('error', () => undefined);
  return {
    as:
      (part) =>
      (message, level = 'info') =>
        screen.write(line(new Date(), part, message, level, screen.isTTY ?? false)),
  };
}

export function line(at: Date, part: string, message: string, level: Level, colour: boolean): string {
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map((n) => String(n).padStart(2, '0')).join(':');
  const shown = colour && colours[level] ? `${colours[level]}${message}\x1b[0m` : message;
  return `${time} ${part.padEnd(nameWidth)} ${shown}\n`;
}

export interface Readable {
  readonly level: Level;
  readonly message: string;
}

/** A part's way of logging: what a line of it says to a person; undefined when it is for the log file alone. */
export type Reading = (line: string) => Readable | undefined;

const hidden = new Set(['level', 'time', 'pid', 'hostname', 'name', 'service', 'msg', 'v']);
const maxFieldLength = 160;

/**
 * The services log with pino: JSON lines, level 30 info, 40 warning, 50 error. Anything else they print is shown as it
 * is.
 */
export const readService: Reading = (text) => {
  const record = parseRecord(text);
  if (!record) return text.trim() ? { level: 'warn', message: text } : undefined;
  const rank = typeof record.level === 'number' ? record.level : 30;
  const fields = Object.entries(record).filter(([key]) => !hidden.has(key));
  const message = [String(record.msg ?? ''), ...fields.map(([key, value]) => `${key}=${show(value)}`)]
    .filter(Boolean)
    .join(' ');
  return { level: rank >= 50 ? 'error' : rank >= 40 ? 'warn' : 'info', message };
};

function parseRecord(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function show(value: unknown): string {
  const error = typeof value === 'object' && value !== null && 'message' in value ? value.message : undefined;
  const text = typeof error === 'string' ? error : typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > maxFieldLength ? `${text.slice(0, maxFieldLength)}…` : text;
}

/** `2026-11-23T02:43:22.123Z	WARN	message	{"field": 1}`; of its panics only the first line is shown. */
export const readNode: Reading = (text) => {
  const [, level, message] = /^(?:\S+\t)?(WARN|ERROR|DPANIC|PANIC|FATAL)\t(.*)$/.exec(text) ?? [];
  if (level === undefined || message === undefined) {
    return text.startsWith('panic:') ? { level: 'error', message: text } : undefined;
  }
  return { level: level === 'WARN' ? 'warn' : 'error', message: message.replaceAll('\t', ' ') };
};

/** What it tells a client that comes too early or stays too long: part of each start and stop. */
const postgresRoutine =
  /the database system is|terminating connection due to administrator command|canceling authentication due to timeout/;

/** `2026-11-23 02:43:22.123 UTC [77] ERROR:  message` */
export const readPostgres: Reading = (text) => {
  const [, level, message] = /\] (WARNING|ERROR|FATAL|PANIC): {2}(.*)$/.exec(text) ?? [];
  if (level === undefined || message === undefined || postgresRoutine.test(message)) return undefined;
  return { level: level === 'WARNING' ? 'warn' : 'error', message };
};

const redisBanner =
  /oO0Oo|Server initialized|Redis version=|Valkey version=|Configuration loaded|Memory overcommit|User requested|ready to exit|Received SIG/;

/** `77:M 23 Nov 2026 02:43:22.123 # message`: `#` is a warning, but also what it says at each start and stop. */
export const readRedis: Reading = (text) => {
  const [, message] = /^\d+:\w .{24} # (.*)$/.exec(text) ?? [];
  return message === undefined || redisBanner.test(message) ? undefined : { level: 'warn', message };
};
