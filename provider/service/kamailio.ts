import { z } from 'zod';

/** What is asked of Kamailio, by its JSON-RPC over HTTP on the loopback. */
export type Kamailio = {
  /** Ends a dialog: both sides get a BYE with the reason. False: there is no such dialog any more. */
  hangUp(dialog: { entry: number; id: number }, reason: string): Promise<boolean>;
  /** Gives the dialog so many seconds from now on; false: there is no such dialog. */
  setTimeout(dialog: { entry: number; id: number }, seconds: number): Promise<boolean>;
  /** All dialogs that are under way. */
  dialogs(): Promise<Dialog[]>;
  /** So long it has been running, in whole seconds. */
  uptimeS(): Promise<number>;
  /** Takes away all that is registered for a user. */
  unbind(user: string): Promise<void>;
  /** The phones of a user that are registered now, by `+sip.instance`. */
  devicesOf(user: string): Promise<string[]>;
  /** How many phones are registered now. */
  registered(): Promise<number>;
  /** What is registered now. */
  bindings(): Promise<Binding[]>;
};

export type Binding = { user: string; contact: string; received: string; expiresInS: number; userAgent: string };

/** `callId`: of the call that the wallet service has permitted; null where Kamailio does not say it. */
export type Dialog = { entry: number; id: number; sipCallId: string; callId: string | null; isAnswered: boolean };

/** Kamailio does not answer, or not as expected: it may be starting. */
export class KamailioUnavailable extends Error {
  override name = 'KamailioUnavailable';
}

/** It answers in some milliseconds; past this it hangs. */
const TIMEOUT_MS = 3_000;

const answerSchema = z.object({
  result: z.unknown().optional(),
  error: z.object({ code: z.int(), message: z.string() }).optional(),
});
/** Kamailio writes numbers with a dialog's state: 1 and 2 unanswered, 3 and 4 answered, 5 over. */
const dialogSchema = z.object({
  h_entry: z.int(),
  h_id: z.int(),
  'call-id': z.string(),
  state: z.int(),
  /** `$dlg_var`, one an object. */
  variables: z.array(z.record(z.string(), z.unknown())).default([]),
});
const uptimeSchema = z.object({ uptime: z.int() });
/** Null where nobody is registered. */
const dumpSchema = z
  .object({
    Domains: z.array(
      z.object({
        Domain: z.object({
          AoRs: z.array(
            z.object({
              Info: z.object({
                AoR: z.string(),
                Contacts: z.array(
                  z.object({
                    Contact: z.object({
                      Address: z.string(),
                      Expires: z.union([z.number(), z.string()]),
                      Received: z.string(),
                      'User-Agent': z.string(),
                    }),
                  }),
                ),
              }),
            }),
          ),
        }),
      }),
    ),
  })
  .nullable();
const lookupSchema = z
  .object({ Contacts: z.array(z.object({ Contact: z.object({ Instance: z.string() }) })) })
  .nullable();
const [CONFIRMED_NA, DELETED] = [3, 5];

export function createKamailio(url: string, secret: string): Kamailio {
  async function post(path: string, body: unknown): Promise<{ status: number; text: string }> {
    try {
      const response = await fetch(new URL(path, url), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-krypton-secret': secret },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      throw new KamailioUnavailable('Kamailio does not answer', { cause: error });
    }
  }

  /** Null: it says that there is no such thing. */
  async function call(method: string, params: unknown[] = []): Promise<unknown> {
    const { status, text } = await post('/krypton/rpc', { jsonrpc: '2.0', id: 1, method, params });
    const answer = parse(status, text);
    if (answer.error && [404, 500].includes(answer.error.code)) return null;
    if (answer.error) throw new KamailioUnavailable(`Kamailio refuses ${method}: ${answer.error.message}`);
    return answer.result ?? true;
  }

  return {
    hangUp: async ({ entry, id }, reason) => {
      const header = `Reason: SIP;cause=200;text="${reason}"\r\nX-Krypton-Reason: ${reason}\r\n`;
      return (await call('dlg.end_dlg', [entry, id, header])) !== null;
    },
    setTimeout: async ({ entry, id }, seconds) => {
      const { status } = await post(`/krypton/timeout/${entry}/${id}/${seconds}`, {});
      return status === 200;
    },
    dialogs: async () => {
      const list = z.array(dialogSchema).safeParse((await call('dlg.list')) ?? []);
      if (!list.success) throw new KamailioUnavailable(`Kamailio lists dialogs otherwise: ${list.error.message}`);
      return list.data
        .filter(({ state }) => state < DELETED)
        .map((one) => ({
          entry: one.h_entry,
          id: one.h_id,
          sipCallId: one['call-id'],
          callId: one.variables.flatMap(({ krypton }) => (typeof krypton === 'string' ? [krypton] : []))[0] ?? null,
          isAnswered: one.state >= CONFIRMED_NA,
        }));
    },
    uptimeS: async () => uptimeSchema.parse(await call('core.uptime')).uptime,
    unbind: async (user) => {
      await call('ul.rm', ['location', user]);
    },
    devicesOf: async (user) => {
      const found = lookupSchema.safeParse(await call('ul.lookup', ['location', user]));
      if (!found.success) throw new KamailioUnavailable(`Kamailio looks up otherwise: ${found.error.message}`);
      return (found.data?.Contacts ?? []).map(({ Contact }) => Contact.Instance.replaceAll('"', ''));
    },
    registered: async () => {
      const lines = z.array(z.string()).safeParse(await call('stats.get_statistics', ['location_contacts']));
      const found = lines.success ? /= (\d+)$/.exec(lines.data[0] ?? '')?.[1] : undefined;
      if (found === undefined) throw new KamailioUnavailable('Kamailio counts registrations otherwise');
      return Number(found);
    },
    bindings: async () => {
      const dump = dumpSchema.safeParse(await call('ul.dump'));
      if (!dump.success) throw new KamailioUnavailable(`Kamailio lists registrations otherwise: ${dump.error.message}`);
      const users = (dump.data?.Domains ?? []).flatMap(({ Domain }) => Domain.AoRs.map(({ Info }) => Info));
      return users.flatMap(({ AoR, Contacts }) =>
        Contacts.map(({ Contact }) => ({
          user: AoR,
          contact: Contact.Address,
          received: Contact.Received,
          expiresInS: Number(Contact.Expires),
          userAgent: Contact['User-Agent'],
        })),
      );
    },
  };
}

function parse(status: number, text: string): z.infer<typeof answerSchema> {
  try {
    return answerSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new KamailioUnavailable(`Kamailio answers with status ${status}`, { cause: error });
  }
}
