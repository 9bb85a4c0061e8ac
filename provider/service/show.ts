import { z } from 'zod';
import { type Address, addressSchema } from '../../protocol/types/address.ts';
import { type Call, callsUnderWay, findCall } from './calls.ts';
import { keepDeck, knownHash } from './decks.ts';
import type { Deps } from './deps.ts';
import { type Figures, figuresOf } from './figures.ts';
import { type Answer, type Route, read, route } from './http.ts';
import { KamailioUnavailable } from './kamailio.ts';
import { showLimits } from './limits.ts';
import { listNumbers, putNumber, removeNumber } from './numbers.ts';
import type { Store } from './store.ts';

/** What a person asks by `krypton provider …`, and what a watchdog reads. */

const e164 = z.string().regex(/^\+[1-9]\d{0,14}$/, 'expected an E.164 number, e.g. +31201234567');

export function showRoutes(deps: Deps): Route[] {
  const { store, metrics } = deps;
  return [
    read('/healthz', () => ({ json: { status: 'ok' } }), true),
    read('/readyz', () => readiness(deps), true),
    read('/metrics', async () => ({ text: metrics.text(await figures(deps)) }), true),
    read('/status', () => status(deps)),
    read('/calls', () => ({ json: { items: callsUnderWay(store).map(shapeOf) } })),
    read('/calls/newest', () => ({ json: { items: newestCalls(store) } })),
    read('/registrations', () => answerOf(async () => ({ json: { items: await deps.kamailio.bindings() } }))),
    read('/limits', () => ({ json: showLimits(deps) })),
    read('/earnings', () => ({ json: earnings(store) })),
    route('POST', '/hangup', z.object({ callId: z.string() }), ({ callId }) => hangUp(deps, callId)),
    read('/numbers', () => ({ json: { items: listNumbers(store) } })),
    route('PUT', '/numbers', z.object({ number: e164, user: addressSchema }), ({ number, user }) => {
      putNumber(store, number, user);
      return { json: { number, user } };
    }),
    route('DELETE', '/numbers', z.object({ number: e164 }), ({ number }) => ({
      json: { number, removed: removeNumber(store, number) },
    })),
    route('PUT', '/tariff', z.unknown(), (document) => putDeck(deps, document)),
  ];
}

function shapeOf({ callId, user, direction, from, to, state, invitedAt, answeredAt, charge, dialog }: Call) {
  return {
    callId,
    user,
    direction,
    from,
    to,
    state,
    invitedAt: invitedAt.toISOString(),
    answeredAt: answeredAt?.toISOString() ?? null,
    escrowId: charge ? Number(charge.escrowId) : null,
    ratePerSecond: charge?.terms.ratePerSecond ?? null,
    held: charge?.hold.amount ?? null,
    heldSeconds: charge?.hold.seconds ?? null,
    canBeHungUp: dialog !== null,
  };
}

/** As many as a person looks at. */
const SHOWN_CALLS = 50;

function newestCalls(store: Store) {
  const rows = store
    .prepare(`select call_id, user, to_party, invited_at, answered_at, ended_at, state, disposition, end_reason, hangup_by,
        price, cdr_state, cdr_reason from calls order by invited_at desc limit ?`)
    .all(SHOWN_CALLS);
  return rows.map((row) => ({
    callId: row.call_id,
    user: row.user,
    to: row.to_party,
    invitedAt: new Date(Number(row.invited_at)).toISOString(),
    talkedMs: row.answered_at && row.ended_at ? Number(row.ended_at) - Number(row.answered_at) : null,
    end: row.state === 'over' ? (row.end_reason ?? row.disposition) : row.state,
    endedBy: row.hangup_by,
    price: row.price,
    record: row.cdr_reason ?? row.cdr_state ?? '',
  }));
}

async function figures({ store, kamailio, now }: Deps): Promise<Figures> {
  const registered = await kamailio.registered().catch((error) => {
    if (error instanceof KamailioUnavailable) return null;
    throw error;
  });
  return figuresOf(store, registered, now());
}

/** Each part that a call needs, as this process reaches it. */
async function status(deps: Deps) {
  const { chain, decks, kamailio, rtpengine, signer, network, contract, gateways, now } = deps;
  const works = (asked: Promise<unknown>) =>
    asked.then(
      () => true,
      () => false,
    );
  const [node, isKamailioUp, isRtpengineUp] = await Promise.all([
    works(chain.sync()),
    works(kamailio.uptimeS()),
    rtpengine && works(rtpengine.query('none')),
  ]);
  const deck = decks.inForce(now());
  return {
    json: {
      provider: signer.address,
      network,
      contract,
      height: chain.height(),
      node,
      kamailio: isKamailioUp,
      rtpengine: isRtpengineUp,
      gateways,
      deck: { kind: deck.kind, hash: knownHash(deck) },
      figures: Object.fromEntries(Object.entries(await figures(deps)).map(([name, { value }]) => [name, value])),
    },
  };
}

async function hangUp({ store, kamailio }: Deps, callId: string): Promise<Answer> {
  const call = findCall(store, callId);
  if (!call || call.state === 'over') return { status: 404, json: { error: `no call ${callId} is under way` } };
  if (!call.dialog || call.state === 'ringing')
    return { status: 409, json: { error: `call ${callId} is not answered yet: it can't be hung up` } };
  const { dialog } = call;
  return answerOf(async () => {
    const found = await kamailio.hangUp(dialog, 'hungUpByProvider');
    return found ? { json: { callId, hungUp: true } } : { status: 404, json: { error: 'Kamailio has no such call' } };
  });
}

/** What only Kamailio knows. */
async function answerOf(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof KamailioUnavailable) return { status: 503, json: { error: error.message } };
    throw error;
  }
}

function putDeck({ store, signer }: Deps, document: unknown) {
  let kept: ReturnType<typeof keepDeck>;
  try {
    kept = keepDeck(store, document);
  } catch (error) {
    if (error instanceof z.ZodError) return { status: 400, json: { error: z.prettifyError(error) } };
    throw error;
  }
  const { hash, deck } = kept;
  if (deck.provider !== signer.address)
    return { status: 400, json: { error: `it is the deck of ${deck.provider}, not of ${signer.address}` } };
  return { json: { hash, entries: deck.entries.length, effectiveFrom: deck.effectiveFrom } };
}

async function readiness({ chain }: Deps) {
  try {
    return { json: { status: 'ok', height: await chain.sync() } };
  } catch {
    return { status: 503, json: { status: 'no NEO node answers' } };
  }
}

/** By user and day (UTC), what calls cost and where their records are. */
function earnings(store: Store) {
  const rows = store
    .prepare(`select user, date(ended_at / 1000, 'unixepoch') as day, count(*) as calls,
        coalesce(sum((ended_at - answered_at + 999) / 1000), 0) as seconds, sum(price) as price,
        coalesce(sum(price) filter (where cdr_state = 'waiting'), 0) as waiting,
        coalesce(sum(price) filter (where cdr_state = 'accepted'), 0) as accepted,
        coalesce(sum(paid), 0) as settled,
        coalesce(sum(price) filter (where cdr_state in ('invalid', 'conflict')), 0) as refused
      from calls where state = 'over' and price is not null group by user, day order by day, user`)
    .all();
  const items = rows.map(({ user, day, calls, seconds, ...money }) => {
    return { user: user as Address, day, calls: Number(calls), seconds: Number(seconds), ...money };
  });
  return { items };
}
