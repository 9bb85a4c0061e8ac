import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Service, startService } from './harness/services.ts';
import { cdrRow, createWorld, eventually, openEscrow, readStates, type World } from './harness/world.ts';

let world: World;
let services: Service[];

beforeAll(async () => {
  world = await createWorld();
  services = await Promise.all([startService('indexer', world.env), startService('settler', world.env)]);
});
afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  await world.destroy();
});

test('a CDR is rated, claimed, settled, and the provider has its price on the chain', async () => {
  const escrowId = await openEscrow(world, 10_000_000n);
  const before = await world.reader.balanceOf(world.provider.address);
  const { id } = await world.db
    .insertInto('cdrs')
    .values(cdrRow(world, escrowId))
    .returning('id')
    .executeTakeFirstOrThrow();
  const settled = await eventually(
    async () => (await readStates(world.db)).find((cdr) => cdr.id === id && cdr.state === 'settled'),
    'the CDR is settled',
  );
  expect(settled).toMatchObject({ price: 11_000n, amount: 11_000n });
  expect((await world.reader.balanceOf(world.provider.address)) - before).toBe(11_000n);
});
