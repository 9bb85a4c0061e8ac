import { experimental, sc, tx, u } from '@cityofzion/neon-js';
import { bytesToHex } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createKey } from '../sign/key.ts';
import { isSignatureValid } from '../sign/p256.ts';
import { addressOfBytes, hash160Bytes } from '../types/address.ts';
import { bytesOfHex, littleEndian4 } from '../types/bytes.ts';
import { datoshi, maxInteger } from '../types/datoshi.ts';
import { scriptHashOfBytes } from '../types/hash.ts';
import { height } from '../types/height.ts';
import { type ReadArgument, readCalls } from './read-script.ts';
import { readTransaction, UnreadableTransaction } from './read-transaction.ts';
import {
  type Argument,
  type ContractCall,
  contentBytes,
  contractHashOf,
  hashOfContent,
  messageOfContent,
  scriptOf,
  signTransaction,
  unsignedBytes,
} from './transaction.ts';

const account = fc.uint8Array({ minLength: 20, maxLength: 20 });
const contract = account.map(scriptHashOfBytes);
const integer = fc.oneof(
  fc.bigInt({ min: -(2n ** 255n), max: 2n ** 255n - 1n }),
  fc.bigInt({ min: -2n, max: 18n }),
  fc.constantFrom(127n, 128n, -128n, -129n, 32_767n, 32_768n, 2n ** 63n - 1n, 2n ** 63n, -(2n ** 127n)),
);
const bytes = fc.uint8Array({ maxLength: 40 });
const leaf: fc.Arbitrary<Argument> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  integer,
  fc.string({ maxLength: 40, unit: 'binary' }).filter((text) => text.isWellFormed()),
  bytes,
  account.map((of) => ({ hash160: addressOfBytes(of) })),
);
const argument: fc.Arbitrary<Argument> = fc.letrec<{ any: Argument }>((tie) => ({
  any: fc.oneof({ maxDepth: 2 }, leaf, fc.array(tie('any'), { maxLength: 3 })),
})).any;
const call: fc.Arbitrary<ContractCall> = fc.record({
  contract,
  method: fc.string({ minLength: 1, maxLength: 30 }),
  args: fc.array(argument, { maxLength: 4 }),
});

/** What the VM sees of an argument: texts and accounts are bytes to it. */
function asRead(given: Argument): ReadArgument {
  if (given === null || typeof given === 'boolean' || typeof given === 'bigint') return given;
  if (typeof given === 'string') return new TextEncoder().encode(given);
  if (given instanceof Uint8Array) return given;
  if ('hash160' in given) return hash160Bytes(given.hash160);
  return (given as readonly Argument[]).map(asRead);
}

describe('a script', () => {
  test('is read as the calls that it was made from', () => {
    fc.assert(
      fc.property(fc.array(call, { maxLength: 3 }), fc.boolean(), (calls, mustReturnTrue) => {
        const expected = calls.map(({ args, ...rest }) => ({ ...rest, args: args.map(asRead), mustReturnTrue }));
        expect(readCalls(scriptOf(calls, { mustReturnTrue }))).toEqual(expected);
      }),
    );
  });

  test('holds values of any length', () => {
    for (const length of [0, 127, 128, 252, 253, 255, 256, 65_535, 65_536]) {
      const args = [new Uint8Array(length).fill(length), Array.from({ length: length % 300 }, () => null)];
      const made = { contract: scriptHashOfBytes(new Uint8Array(20)), method: 'm', args };
      expect(readCalls(scriptOf([made]))).toEqual([{ ...made, mustReturnTrue: false }]);
    }
  });

  test('has the bytes that neon-js makes of the same call', () => {
    const simple = fc.oneof(
      fc.constant(null),
      fc.bigInt({ min: -(2n ** 127n), max: 2n ** 127n - 1n }),
      fc.string({ maxLength: 40 }),
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
    );
    fc.assert(
      fc.property(contract, fc.array(simple, { minLength: 1, maxLength: 18 }), (scriptHash, args) => {
        const built = new sc.ScriptBuilder()
          .emitContractCall({
            scriptHash: scriptHash.slice(2),
            operation: 'method',
            callFlags: sc.CallFlags.All,
            args: args.map(toNeon),
          })
          .build();
        expect(bytesToHex(scriptOf([{ contract: scriptHash, method: 'method', args }]))).toBe(built);
      }),
    );
  });

  test('that does anything besides is not read', () => {
    const script = scriptOf([{ contract: scriptHashOfBytes(new Uint8Array(20)), method: 'pay', args: [1n] }]);
    expect(readCalls(script)).toHaveLength(1);
    const others = {
      'a jump': Uint8Array.of(0x22, 2, ...script),
      'a value left behind': Uint8Array.of(...script, 0x11),
      'an answer as an argument': Uint8Array.of(...script, 0x11, 0xc0, ...script.subarray(2)),
      'another system call': script.with(script.length - 1, 0),
      'a half instruction': script.subarray(0, -1),
      'fewer call flags': script.with(2, 0x1e),
      'a dropped answer': Uint8Array.of(...script, 0x45),
      'a check of nothing': Uint8Array.of(0x11, 0x39, ...script),
    };
    for (const [what, bytes] of Object.entries(others)) expect(readCalls(bytes), what).toBeNull();
  });

  test('of any bytes is read, or not, and never fails', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (script) => {
        readCalls(script);
      }),
      { numRuns: 2_000 },
    );
  });
});

function toNeon(argument: null | bigint | string | Uint8Array): InstanceType<typeof sc.ContractParam> {
  if (argument === null) return sc.ContractParam.any(null);
  if (typeof argument === 'bigint') return sc.ContractParam.integer(argument.toString());
  if (typeof argument === 'string') return sc.ContractParam.string(argument);
  return sc.ContractParam.byteArray(u.HexString.fromHex(bytesToHex(argument), true));
}

const money = fc.bigInt({ min: 0n, max: maxInteger }).map(datoshi);
const number32 = fc.nat({ max: 0xffff_ffff });
const transaction = fc.record({
  script: fc.oneof(
    fc.array(call, { minLength: 1, maxLength: 2 }).map((calls) => scriptOf(calls)),
    fc.uint8Array({ minLength: 1, maxLength: 300 }),
  ),
  validUntilBlock: number32.map(height),
  systemFee: money,
  networkFee: money,
  nonce: number32,
});

describe('a transaction', () => {
  const key = createKey();

  test('says what it was made from', () => {
    fc.assert(
      fc.property(transaction, (made) => {
        fc.pre(made.script.length <= 65_535);
        const { calls, signers, ...read } = readTransaction(contentBytes(made, key.address));
        expect(read).toEqual(made);
        expect(calls).toEqual(readCalls(made.script));
        expect(signers).toEqual([{ account: key.address, scopes: ['calledByEntry'], contracts: [] }]);
      }),
    );
  });

  test('has the bytes and the hash that neon-js gives it', () => {
    fc.assert(
      fc.property(transaction, (made) => {
        const built = new tx.Transaction({
          nonce: made.nonce,
          script: u.HexString.fromHex(bytesToHex(made.script)),
          signers: [
            new tx.Signer({
              account: bytesToHex(hash160Bytes(key.address).reverse()),
              scopes: tx.WitnessScope.CalledByEntry,
            }),
          ],
          validUntilBlock: made.validUntilBlock,
          systemFee: u.BigInteger.fromNumber(made.systemFee.toString()),
          networkFee: u.BigInteger.fromNumber(made.networkFee.toString()),
        });
        const content = contentBytes(made, key.address);
        expect(bytesToHex(content)).toBe(built.serialize(false));
        expect(hashOfContent(content)).toBe(`0x${built.hash()}`);
        expect(bytesToHex(messageOfContent(content, 42))).toBe(built.getMessageForSigning(42));
        built.witnesses = [
          new tx.Witness({
            invocationScript: `0c40${'00'.repeat(64)}`,
            verificationScript: bytesToHex(key.verificationScript),
          }),
        ];
        expect(bytesToHex(unsignedBytes(made, key))).toBe(built.serialize(true));
      }),
    );
  });

  test('is signed over its own content and its network', async () => {
    const [made] = fc.sample(transaction, 1);
    if (!made) throw new Error('there is no sample');
    const content = contentBytes(made, key.address);
    const { bytes, hash } = await signTransaction(made, key, 7);
    const signature = bytes.subarray(content.length + 4, content.length + 68);
    expect(bytesToHex(bytes.subarray(0, content.length))).toBe(bytesToHex(content));
    expect(hash).toBe(hashOfContent(content));
    expect(isSignatureValid(key.publicKey, messageOfContent(content, 7), signature)).toBe(true);
    expect(isSignatureValid(key.publicKey, messageOfContent(content, 8), signature)).toBe(false);
  });

  test('with a number that it can not hold is not made', () => {
    const made = { script: Uint8Array.of(1), validUntilBlock: height(1), networkFee: datoshi(0n), nonce: 1 };
    const bytes = (given: object) => contentBytes({ ...made, systemFee: datoshi(0n), ...given }, key.address);
    expect(() => bytes({ systemFee: datoshi(-1n) })).toThrow(RangeError);
    expect(() => bytes({ systemFee: datoshi(2n ** 63n) })).toThrow(RangeError);
    expect(() => bytes({ nonce: -1 })).toThrow(RangeError);
    expect(() => bytes({ validUntilBlock: height(2 ** 32) })).toThrow(RangeError);
    expect(() =>
      scriptOf([{ contract: scriptHashOfBytes(new Uint8Array(20)), method: 'm', args: [2n ** 255n] }]),
    ).toThrow(RangeError);
  });
});

describe('bytes that somebody else made', () => {
  const sender = hash160Bytes(createKey().address);
  const script = scriptOf([{ contract: scriptHashOfBytes(sender), method: 'm', args: [] }]);
  const content = ({ signers = [1, ...sender, 1], attributes = [0], version = 0, tail = [] as number[] }) =>
    Uint8Array.of(
      version,
      ...littleEndian4(1),
      ...new Uint8Array(16),
      ...littleEndian4(9),
      ...signers,
      ...attributes,
      script.length,
      ...script,
      ...tail,
    );

  test('show for which contracts the signature counts', () => {
    const scopesOf = (signers: number[]) => readTransaction(content({ signers })).signers;
    const own = { account: addressOfBytes(sender), contracts: [] };
    expect(scopesOf([1, ...sender, 0x80])).toEqual([{ ...own, scopes: ['global'] }]);
    expect(scopesOf([1, ...sender, 0])).toEqual([{ ...own, scopes: ['none'] }]);
    expect(scopesOf([1, ...sender, 0x11, 1, ...sender])).toEqual([
      { ...own, scopes: ['calledByEntry', 'customContracts'], contracts: [scriptHashOfBytes(sender)] },
    ]);
    expect(scopesOf([2, ...sender, 1, ...new Uint8Array(20), 1])).toHaveLength(2);
  });

  test('are refused where they hold what is not read', () => {
    const refused = (given: Parameters<typeof content>[0]) =>
      expect(() => readTransaction(content(given)), JSON.stringify(given)).toThrow(UnreadableTransaction);
    refused({ version: 1 });
    refused({ attributes: [1, 1] });
    refused({ signers: [0] });
    refused({ signers: [1, ...sender, 0x40, 0] });
    refused({ signers: [17, ...sender, 1] });
    refused({ tail: [0] });
    expect(() => readTransaction(content({}).subarray(0, -1))).toThrow(UnreadableTransaction);
    expect(() => readTransaction(content({}).with(12, 0x80))).toThrow(UnreadableTransaction);
  });

  test('of any kind are read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        try {
          readTransaction(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(UnreadableTransaction);
        }
      }),
    );
  });
});

test('a contract has the hash that neon-js gives it', () => {
  fc.assert(
    fc.property(account, number32, fc.string({ minLength: 1, maxLength: 30 }), (deployer, checksum, name) => {
      const sender = u.HexString.fromHex(bytesToHex(deployer.toReversed()));
      const hash = contractHashOf(addressOfBytes(deployer), { checksum, name });
      expect(hash).toBe(`0x${experimental.getContractHash(sender, checksum, name)}`);
      expect(bytesOfHex(hash)).toHaveLength(20);
    }),
  );
});
