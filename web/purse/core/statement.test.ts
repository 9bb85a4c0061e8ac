import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gasContract, gasTransfer } from '../../../chain/gas.ts';
import { contractCall } from '../../../protocol/contract/call.ts';
import { type ContractCall, contentBytes, scriptOf } from '../../../protocol/contract/transaction.ts';
import { createKey } from '../../../protocol/sign/key.ts';
import { addressOfBytes, hash160Bytes } from '../../../protocol/types/address.ts';
import { bytesOfHex } from '../../../protocol/types/bytes.ts';
import { datoshi, maxInteger } from '../../../protocol/types/datoshi.ts';
import type { ScriptHash } from '../../../protocol/types/hash.ts';
import { height } from '../../../protocol/types/height.ts';
import { type Action, scriptOfAction } from './action.ts';
import { deedsOf, inspect } from './prepare.ts';
import { statementOf } from './statement.ts';

const contract = `0x${'c0'.repeat(20)}` as ScriptHash;
const { address, publicKey } = createKey();
const at = { contract, signer: address };
const stranger = createKey().address;

const money = fc.bigInt({ min: 1n, max: maxInteger }).map(datoshi);
const account = fc
  .uint8Array({ minLength: 20, maxLength: 20 })
  .map(addressOfBytes)
  .filter((one) => one !== addressOfBytes(hash160Bytes(contract)));
const id = fc.bigInt({ min: 1n, max: maxInteger });
const ms = fc.nat({ max: 90 * 86_400_000 });
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: fc.constantFrom('deposit' as const, 'withdraw' as const), amount: money }),
  fc.record({ kind: fc.constant('send' as const), to: account, amount: money }),
  fc.record({ kind: fc.constant('register' as const), provider: account, uuid: fc.uuid({ version: 4 }) }),
  fc.record({ kind: fc.constant('unregister' as const), provider: account }),
  fc.record({ kind: fc.constant('extend' as const), id, amount: money, durationMs: ms }),
  fc.record({ kind: fc.constantFrom('close' as const, 'refund' as const), id }),
  fc.record({
    kind: fc.constant('openEscrow' as const),
    provider: account,
    amount: money,
    ratePerSecond: money,
    feePerCall: money,
    increment: fc.integer({ min: 1, max: 3_600 }),
    maxParallel: fc.integer({ min: 1, max: 100 }),
    durationMs: ms,
    claimWindowMs: ms,
    voucherKey: fc.constantFrom(null, publicKey),
    deposit: fc.oneof(fc.constant(datoshi(0n)), money),
  }),
);

const contentOf = (script: Uint8Array, given: { systemFee?: bigint; networkFee?: bigint } = {}) =>
  contentBytes(
    {
      script,
      nonce: 7,
      validUntilBlock: height(99),
      systemFee: datoshi(given.systemFee ?? 11n),
      networkFee: datoshi(given.networkFee ?? 22n),
    },
    address,
  );

describe('the bytes that will be signed', () => {
  test('say themselves what they do, and what that costs', () => {
    fc.assert(
      fc.property(action, money, money, (asked, systemFee, networkFee) => {
        const content = contentOf(scriptOfAction(asked, { address, contract }), { systemFee, networkFee });
        expect(statementOf(content, at)).toEqual({
          deeds: deedsOf(asked, address),
          payer: address,
          systemFee,
          networkFee,
          validUntilBlock: 99,
          fault: null,
        });
        expect(inspect(content, asked, at)).toMatchObject({ kind: 'prepared' });
      }),
    );
  });

  test('with one other byte are refused, or cost what they say', () => {
    const feesEnd = 1 + 4 + 8 + 8 + 4;
    fc.assert(
      fc.property(action, fc.nat(), fc.integer({ min: 1, max: 255 }), (asked, place, change) => {
        const content = contentOf(scriptOfAction(asked, { address, contract }));
        const index = place % content.length;
        const tampered = content.with(index, (content[index] as number) ^ change);
        const looked = inspect(tampered, asked, at);
        if (looked.kind === 'refused') return;
        // nothing but nonce, fees and last block can be another; and all but the nonce is shown
        expect(index).toBeGreaterThanOrEqual(1);
        expect(index).toBeLessThan(feesEnd);
        const { systemFee, networkFee, validUntilBlock } = looked.statement;
        const isAsMade = systemFee === 11n && networkFee === 22n && validUntilBlock === 99;
        expect(isAsMade).toBe(index < 5);
      }),
      { numRuns: 1_000 },
    );
  });

  test('show who really gets the money', () => {
    const content = contentOf(scriptOf([gasTransfer(address, stranger, datoshi(5n))], { mustReturnTrue: true }));
    expect(statementOf(content, at).deeds).toEqual([{ kind: 'send', from: address, to: stranger, amount: 5n }]);
    expect(inspect(content, { kind: 'deposit', amount: datoshi(5n) }, at)).toEqual({
      kind: 'refused',
      code: 'unsafe',
      fault: 'notAsAsked',
    });
  });

  test('are refused where a second deed was put beside the first', () => {
    const script = Uint8Array.of(
      ...scriptOfAction({ kind: 'close', id: 1n }, { address, contract }),
      ...scriptOf([gasTransfer(address, stranger, datoshi(5n))], { mustReturnTrue: true }),
    );
    expect(inspect(contentOf(script), { kind: 'close', id: 1n }, at)).toMatchObject({ fault: 'notAsAsked' });
  });
});

describe('what nobody should sign', () => {
  const faultOf = (calls: readonly ContractCall[], options?: { mustReturnTrue: boolean }) =>
    statementOf(contentOf(scriptOf(calls, options)), at).fault;
  const other = `0x${'0d'.repeat(20)}` as ScriptHash;

  test('is named', () => {
    expect(faultOf([{ contract: other, method: 'transfer', args: [] }])).toBe('unknownDeed');
    expect(faultOf([contractCall(contract, 'undeploy', { provider: address })])).toBe('unknownDeed');
    expect(faultOf([contractCall(contract, 'unregister', { user: address })])).toBe('unknownDeed');
    expect(faultOf([{ contract, method: 'withdraw', args: [1n, 1n] }])).toBe('unknownDeed');
    expect(faultOf([{ contract: gasContract, method: 'transfer', args: [] }])).toBe('unknownDeed');
    expect(faultOf([])).toBe('unknownDeed');
    expect(statementOf(contentOf(Uint8Array.of(0x40)), at).fault).toBe('unknownDeed');
    expect(faultOf([gasTransfer(address, stranger, datoshi(1n), 'for you')], { mustReturnTrue: true })).toBe(
      'unknownDeed',
    );
    expect(faultOf([contractCall(contract, 'withdraw', { account: stranger, amount: 1n })])).toBe('otherAccount');
    expect(faultOf([gasTransfer(stranger, address, datoshi(1n))], { mustReturnTrue: true })).toBe('otherAccount');
    expect(faultOf([gasTransfer(address, stranger, datoshi(1n))])).toBe('halfDone');
  });

  test('is a signature that counts everywhere, or for somebody else', () => {
    const content = contentOf(scriptOfAction({ kind: 'close', id: 1n }, { address, contract }));
    const scopeAt = 1 + 4 + 8 + 8 + 4 + 1 + 20;
    expect(content[scopeAt]).toBe(1);
    expect(statementOf(content.with(scopeAt, 0x80), at).fault).toBe('tooWideScope');
    expect(statementOf(content.with(scopeAt, 0), at).fault).toBe('tooWideScope');
    expect(statementOf(content, { ...at, signer: stranger }).fault).toBe('otherAccount');
    const twice = Uint8Array.of(
      ...content.subarray(0, scopeAt - 21),
      2,
      ...content.subarray(scopeAt - 20, scopeAt + 1),
      ...hash160Bytes(stranger),
      1,
      ...content.subarray(scopeAt + 1),
    );
    expect(statementOf(twice, at).fault).toBe('otherAccount');
  });
});

test('the voucher key is shown as it stands in the bytes', () => {
  const key = bytesOfHex(publicKey);
  const call = contractCall(contract, 'openEscrow', {
    user: address,
    provider: stranger,
    amount: 1n,
    ratePerSecond: 2n,
    feePerCall: 3n,
    increment: 4n,
    maxParallel: 5n,
    durationMs: 6n,
    claimWindowMs: 7n,
    voucherKey: key,
  });
  expect(statementOf(contentOf(scriptOf([call])), at).deeds).toMatchObject([{ voucherKey: publicKey, increment: 4 }]);
});
