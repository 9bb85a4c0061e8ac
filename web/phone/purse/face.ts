import { computed } from '@preact/signals';
import { submitVoucher } from '../../../protocol/api/vouchers.ts';
import type { Terms } from '../../../protocol/call/price.ts';
import { writeDelegation } from '../../../protocol/sign/delegation.ts';
import { signRegistration } from '../../../protocol/sign/registration.ts';
import type { Address } from '../../../protocol/types/address.ts';
import { datoshi } from '../../../protocol/types/datoshi.ts';
import { activity, show } from '../../purse/activity.ts';
import { readReceipt } from '../../purse/core/receipt.ts';
import { isRefusal } from '../../purse/core/refusal.ts';
import { onlySilence } from '../../purse/core/silence.ts';
import { priceBy } from '../providers/core/call-price.ts';
import { type ProvenDeck, readDeck } from '../providers/core/deck.ts';
import { knownDecks } from '../providers/look.ts';
import { settings } from '../settings.ts';
import type { PurseFace } from '../telephone/faces.ts';
import type { Reserved } from '../telephone/needs.ts';
import type { Current } from './current.ts';
import { asDelegate, askDelegate, delegateOf } from './delegation.ts';
import { offerFor, openEscrow, openedBy, readyEscrows, takeOffer, topUp } from './escrows.ts';

/** The purse as the telephone sees it. */

/** A day of calls out of one signature; what is left comes back. */
const RESERVE_MS = 86_400_000;
const RESERVE = datoshi(100_000_000n);
/** A deck is asked for again after so long: a new one takes effect by a block. */
const DECK_MS = 60_000;

export function faceOf(current: Current): PurseFace {
  const { purse, identity, client } = current;
  const { chain } = purse;
  const decks = new Map<Address, { at: number; deck: Promise<ProvenDeck> }>();
  /** Several providers may want to know the phone at the same moment: its person is asked once. */
  let asking: ReturnType<typeof askDelegate> | null = null;

  function deckOf(provider: Address): Promise<ProvenDeck> {
    const known = decks.get(provider);
    if (known && Date.now() - known.at < DECK_MS) return known.deck;
    const deck = readDeck({ chain, client: client?.() ?? null, now: () => new Date(), known: knownDecks }, provider);
    deck.catch(() => decks.delete(provider)); // whoever asked is told; the next one asks anew
    decks.set(provider, { at: Date.now(), deck });
    return deck;
  }

  function allowed(): ReturnType<typeof askDelegate> {
    asking ??= askDelegate(current).finally(() => {
      asking = null;
    });
    return asking;
  }

  async function reserveOf(provider: Address): Promise<Reserved | null> {
    const now = new Date();
    const [ready] = await readyEscrows(current, provider, now);
    if (!ready) return null;
    const { escrow, voucherSigner } = ready;
    const { id, amount, spent, endsAt } = escrow;
    return { escrowId: id, amount, spent, endsAt: endsAt.getTime(), key: voucherSigner };
  }

  return {
    reserveOf,
    providers: computed(() => purse.holdings.value?.registrations.map(({ provider }) => provider) ?? []),
    register: async (provider, uuid) => {
      const outcome = await purse.act({ kind: 'register', provider, uuid });
      return !isRefusal(outcome) && outcome.state.kind === 'done';
    },
    placeOf: async (provider) => {
      const known = settings().providers.find(({ address }) => address === provider);
      if (known) return { url: known.ws, domain: known.domain };
      const record = await chain.reader.provider(provider);
      if (!record) throw new Error(`no provider ${provider} stands on the chain`);
      const { location } = record;
      return { url: `wss://${location}`, domain: location.replace(/:\d+$/, '') };
    },
    isOnChain: async (provider) => {
      const registrations = await chain.reader.registrations(identity.address);
      return registrations.some((each) => each.provider === provider);
    },
    priceOf: async (provider, destination) =>
      priceBy(await deckOf(provider), destination, await reserveTerms(provider)),
    askToReserve: async (provider, terms) => {
      const amount = terms.ratePerSecond * 1_800n + terms.feePerCall;
      const outcome = await openEscrow(current, {
        provider,
        amount: datoshi(amount > RESERVE ? amount : RESERVE),
        ratePerSecond: terms.ratePerSecond,
        feePerCall: terms.feePerCall,
        increment: Math.max(terms.initialIncrement, terms.increment),
        durationMs: RESERVE_MS,
      });
      if (openedBy(outcome) === null) return null;
      if (activity.peek()?.step === 'ended') show(null); // the call begins now, and has to be seen
      return reserveOf(provider);
    },
    askToExtend: (escrowId) => {
      const escrow = purse.holdings.value?.escrows.find(({ id }) => id === escrowId);
      if (!escrow) return;
      // as if all of it were promised: what is asked for is asked for now
      const { amount: promised, ratePerSecond } = escrow;
      const offer = offerFor(current, { escrowId, promised, ratePerSecond }, new Date());
      if (offer) void takeOffer(current, escrowId, offer);
    },
    keepCovered: async (escrowId, promised, ratePerSecond) => {
      await topUp(current, { escrowId, promised, ratePerSecond }, new Date());
    },
    handIn: (escrowId, { total, signature }) => {
      if (!client) return;
      const body = { total: String(total), signature };
      // the provider has it from the call itself; this is the second way, and what it can't take is no loss of ours
      void client()
        .call(submitVoucher, { params: { id: Number(escrowId) }, body })
        .catch(onlySilence);
    },
    recordOf: async (_provider, callId) => {
      const delegate = client && (await delegateOf(current));
      if (!client || !delegate) return null;
      const asked = { chain, client: asDelegate(client(), delegate), address: identity.address };
      const receipt = await readReceipt(asked, callId);
      if (receipt.kind !== 'record' || receipt.cdr.price === null) return null;
      const { answeredAt, endedAt, price } = receipt.cdr;
      const answered = answeredAt === null ? null : Date.parse(answeredAt);
      return { answeredAt: answered, endedAt: Date.parse(endedAt), price: BigInt(price) };
    },
    sign: async (terms) => {
      const delegate = (await delegateOf(current)) ?? (await allowed());
      if (isRefusal(delegate)) return null;
      return {
        ...(await signRegistration(delegate.signer, terms)),
        delegation: writeDelegation(delegate.delegation),
      };
    },
  };

  /** What an escrow without a deck charges; null: there is no escrow. */
  async function reserveTerms(provider: Address): Promise<Terms | null> {
    const [ready] = await readyEscrows(current, provider, new Date());
    if (!ready) return null;
    const { ratePerSecond, feePerCall, increment } = ready.escrow;
    return { ratePerSecond, feePerCall, initialIncrement: increment, increment };
  }
}
