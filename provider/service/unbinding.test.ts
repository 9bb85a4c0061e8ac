import { expect, test } from 'vitest';
import { createKey } from '../../protocol/sign/key.ts';
import { openStore } from './store.ts';
import { createUnbinding } from './unbinding.ts';

const { address: user } = createKey();

/** A Kamailio that answers when it is told to. */
function world() {
  const asked: { answer(): void; fail(): void }[] = [];
  const kamailio = {
    unbind: () =>
      new Promise<void>((resolve, reject) => {
        asked.push({ answer: resolve, fail: () => reject(new Error('away')) });
      }),
  };
  const store = openStore(':memory:');
  return { asked, unbinding: createUnbinding(store, kamailio), startedAnew: () => createUnbinding(store, kamailio) };
}

test('nobody is asked where nothing has ended', async () => {
  const { asked, unbinding } = world();
  await unbinding.end(user);
  expect(asked).toEqual([]);
});

test('all who wait for it wait for one answer, and for another one where it has ended again meanwhile', async () => {
  const { asked, unbinding } = world();
  unbinding.add(user);
  const all = [unbinding.end(user), unbinding.end(user)];
  expect(asked).toHaveLength(1);
  unbinding.add(user);
  asked[0]?.answer();
  await expect.poll(() => asked.length).toBe(2);
  expect(unbinding.users()).toEqual([user]);
  asked[1]?.answer();
  await Promise.all(all);
  expect([asked.length, unbinding.users()]).toEqual([2, []]);
});

test('it is still to be done after a failure, and after a start', async () => {
  const { asked, unbinding, startedAnew } = world();
  unbinding.add(user);
  const failing = unbinding.end(user);
  asked[0]?.fail();
  await expect(failing).rejects.toThrow('away');
  const next = startedAnew();
  expect(next.users()).toEqual([user]);
  const ending = next.end(user);
  asked[1]?.answer();
  await ending;
  expect(next.users()).toEqual([]);
});
