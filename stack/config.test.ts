import { describe, expect, test } from 'vitest';
import { parseSettings } from './config.ts';

describe('settings of npm start', () => {
  test('have defaults', () => {
    expect(parseSettings({})).toMatchObject({ home: '.krypton', apiHost: '127.0.0.1', blockMs: 1_000 });
  });

  test.each([
    [{ KRYPTON_RPC_URL: 'http://seed1:10332' }, 'devnet of its own'],
    [{ KRYPTON_HOEM: 'x' }, 'did you mean KRYPTON_HOME'],
    [{ KRYPTON_DATABASE_URL: 'mysql://x' }, 'KRYPTON_DATABASE_URL'],
    [{ KRYPTON_API_PORT: '99999' }, 'KRYPTON_API_PORT'],
    [{ KRYPTON_BLOCK_MS: '5000' }, 'must be more than'],
  ])('%j is refused in words', (env, words) => {
    expect(() => parseSettings(env)).toThrow(words);
  });
});
