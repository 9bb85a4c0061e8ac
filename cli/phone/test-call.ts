import { bytesToHex } from '@noble/hashes/utils.js';
import { send } from '../../chain/send.ts';
import { listCdrs } from '../../protocol/api/cdrs.ts';
import type { Client } from '../../protocol/api/client.ts';
import { contractCall } from '../../protocol/contract/call.ts';
import { signRegistration } from '../../protocol/sign/registration.ts';
import type { Signer } from '../../protocol/sign/signer.ts';
import type { Address } from '../../protocol/types/address.ts';
import { datoshi } from '../../protocol/types/datoshi.ts';
import type { Chain } from '../connect.ts';
import { eventOf } from '../receipt.ts';
import { Refusal } from '../refusal.ts';
import { openLine } from './line.ts';
import { openPhone, type Phone } from './phone.ts';
import { headerOf, type SipMessage } from './sip-message.ts';
import { openUdp } from './sip-transport.ts';

/** A real call through all of a provider, by a user who pays for it: each step is told as it is done. */

export type TestCall = {
  chain: Chain;
  api: Client;
  user: Signer;
  provider: Address;
  sip: { domain: string; host: string; port: number };
  number: string;
  say: (step: string, what: string) => void;
};

/** What is reserved for it, and the most that is agreed to: 0.1 GAS. */
const AMOUNT = datoshi(10_000_000n);
const TERMS = { ratePerSecond: datoshi(1_000_000n), feePerCall: datoshi(1_000_000n), increment: 60n, maxParallel: 1n };
const HOUR_MS = 3_600_000n;
const TALK_MS = 3_000;
/** As many packets in one second. */
const ENOUGH_PACKETS = 50;
const SETTLE_LIMIT_MS = 120_000;
const POLL_MS = 500;

/** @throws Refusal naming the first step that fails */
export async function makeTestCall(given: TestCall): Promise<void> {
  const { chain, user, provider, sip, number, say } = given;
  const { domain } = sip;
  const line = await openLine('tone');
  const open = (receive: (text: string) => void) => openUdp(sip.port, receive, 0, sip.host);
  const phone = await openPhone({ domain, user: user.address, open, sdp: line.sdp });
  try {
    await register(given, phone);
    const escrow = await openEscrow({ chain, user, provider });
    say('escrow', `${escrow} holds 0.1 GAS`);
    const { answer, dialog } = await phone.call(number, { headers: { 'X-Krypton-Escrow': String(escrow) } });
    if (answer.status !== 200) throw refused('the call', answer);
    line.connect(answer.body);
    say('call', `${number} has answered`);
    await sleep(TALK_MS);
    await phone.inDialog(dialog, 'BYE');
    if (line.heard.length < ENOUGH_PACKETS)
      throw new Refusal(`sound: ${line.heard.length} packets came in ${TALK_MS / 1000} s: are the media ports open?`);
    say('sound', `${line.heard.length} packets came, ${line.sent()} went`);
    await waitForSettlement(given, dialog.callId);
  } finally {
    phone.close();
    line.close();
  }
}

async function register({ chain, user, provider, say }: TestCall, phone: Phone): Promise<void> {
  const asked = await phone.register();
  const nonce = headerOf(asked, 'X-Krypton-Nonce');
  if (asked.status !== 401 || nonce === undefined) throw refused('REGISTER', asked);
  const known = await chain.reader.registrations(user.address);
  if (!known.some((each) => each.provider === provider))
    await send({ ...chain, signer: user }, [
      contractCall(chain.contract, 'register', { user: user.address, provider, uuid: nonce }),
    ]);
  const { network, contract } = chain;
  const { signature } = await signRegistration(user, { network, contract, provider, nonce });
  const shown = { 'X-Krypton-Key': user.publicKey, 'X-Krypton-Signature': bytesToHex(signature) };
  const answer = await phone.register(shown);
  if (answer.status !== 200) throw refused('REGISTER', answer);
  say('registration', `${user.address} by its signature`);
}

async function openEscrow({ chain, user, provider }: Pick<TestCall, 'chain' | 'user' | 'provider'>): Promise<bigint> {
  const free = await chain.reader.balanceOf(user.address);
  if (free < AMOUNT) throw new Refusal(`the user's free balance is below 0.1 GAS: krypton deposit 0.1 adds to it`);
  const args = { user: user.address, provider, amount: AMOUNT, ...TERMS, durationMs: HOUR_MS, claimWindowMs: HOUR_MS };
  const call = contractCall(chain.contract, 'openEscrow', { ...args, voucherKey: null });
  return eventOf(await send({ ...chain, signer: user }, [call]), 'EscrowOpened').id;
}

/** The chain's own word is the end of it. */
async function waitForSettlement({ api, user, say }: TestCall, callId: string): Promise<void> {
  let last = 'it was not handed in: krypton provider calls, and the log of the wallet service, say why';
  for (const deadline = Date.now() + SETTLE_LIMIT_MS; Date.now() < deadline; await sleep(POLL_MS)) {
    const { items } = await api.as(user).call(listCdrs, { query: { callId } });
    const [cdr] = items;
    if (!cdr) continue;
    if (cdr.state === 'settled') return say('settled', `${cdr.paid} datoshi by ${cdr.txHash}`);
    last = `${cdr.state}${cdr.reason ? `: ${cdr.reason}` : ''}`;
  }
  throw new Refusal(`settlement: not within ${SETTLE_LIMIT_MS / 1000} s; the record is ${last}`);
}

const refused = (step: string, answer: SipMessage) => {
  const reason = headerOf(answer, 'X-Krypton-Reason');
  return new Refusal(`${step}: ${answer.first.replace('SIP/2.0 ', '')}${reason ? ` (${reason})` : ''}`);
};

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
