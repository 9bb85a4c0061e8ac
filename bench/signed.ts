import { signRequest } from '../protocol/sign/http-signature.ts';
import { type Contender, compare, type Row, type Size } from './compare.ts';
import { fillIndex } from './index-rows.ts';
import { encode, fire } from './load.ts';
import { createFastSigner } from './signer.ts';
import { inWorld } from './world.ts';

/** One request after the other: what a signature adds to a reader's waiting. */
export const measureSigned = (size: Size): Promise<Row[]> =>
  inWorld(async ({ db, postgres, startApi }): Promise<Row[]> => {
    const [requests, rounds] = size === 'full' ? [1_000, 7] : [20, 1];
    await fillIndex(db, { users: 10_000, providers: 20, settlements: 500 });
    const [api, reader] = [await startApi(), createFastSigner()];
    const { url, pid } = api;
    let next = 0;
    const unsigned = () => {
      next += 1;
      return encode(url, { method: 'GET', path: `/v1/escrows/${1 + (next % 10_000)}` });
    };
    const signed = async () => {
      const path = '/v1/calls';
      const headers = await signRequest({ method: 'GET', url: url + path }, reader);
      return encode(url, { method: 'GET', path, headers });
    };
    const contender = (name: string, shot: () => Buffer | Promise<Buffer>): Contender => ({
      name,
      pid,
      run: async () => fire(url, await Promise.all(Array.from({ length: requests }, shot)), 1),
    });
    const [ours, ceiling] = [contender('signed', signed), contender('the unsigned read of an escrow', unsigned)];
    for (const each of [ours, ceiling]) await each.run();
    const asked = 'p50 within 0.3 ms';
    const row = await compare({ what: 'a signed read, alone', asked, rounds, requests, postgres }, ours, [ceiling]);
    const more = row.ours.p50Ms - (row.ceilings[0]?.p50Ms ?? Number.NaN);
    return [{ ...row, asked: `${asked}: ${more.toFixed(2)} ms more` }];
  });
