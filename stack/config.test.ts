import { describe, expect, test } from 'vitest';
import { parseSettings, withoutStackSettings } from './config.ts';

describe('settings of npm start', () => {
  test('have defaults', () => {
    expect(parseSettings({})).toMatchObject({ KRYPTON_STACK_FOLDER: '.krypton', KRYPTON_API_HOST: '127.0.0.1' });
  });

  test.each([
    [{ KRYPTON_RPC_URL: 'http://seed1:10332' }, 'devnet of its own'],
    [{ KRYPTON_STACK_FLODER: 'x' }, 'KRYPTON_STACK_FLODER is no setting'],
    [{ KRYPTON_DATABASE_ULR: 'x' }, 'did you mean KRYPTON_DATABASE_URL'],
    [{ KRYPTON_DATABASE_URL: 'mysql://x' }, 'KRYPTON_DATABASE_URL'],
    [{ KRYPTON_API_PORT: '99999' }, 'KRYPTON_API_PORT'],
    [{ KRYPTON_STACK_BLOCK_MS: '5000' }, 'must be more than'],
  ])('%j is refused in words', (env, words) => {
    expect(() => parseSettings(env)).toThrow(words);
  });

  test('that only the stack knows do not reach a service', () => {
    expect(withoutStackSettings({ KRYPTON_STACK_FOLDER: 'x', KRYPTON_LOG_LEVEL: 'debug', PATH: '/bin' })).toEqual({
      KRYPTON_LOG_LEVEL: 'debug',
      PATH: '/bin',
    });
  });
});
