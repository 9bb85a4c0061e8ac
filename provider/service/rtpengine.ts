import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { z } from 'zod';
import { decode, encode } from './bencode.ts';
import type { Side } from './decide-media.ts';

/** What is asked of rtpengine, by its `ng` protocol over UDP on the loopback. */
export type Rtpengine = {
  /** Both sides of a call's sound; null: rtpengine knows no such call. */
  query(sipCallId: string): Promise<Side[] | null>;
  close(): void;
};

/** rtpengine does not answer: it may be starting. */
export class RtpengineUnavailable extends Error {
  override name = 'RtpengineUnavailable';
}

/** It answers in a millisecond. */
const TIMEOUT_MS = 1_000;

const answerSchema = z.object({
  result: z.string(),
  tags: z
    .record(
      z.string(),
      z.object({
        tag: z.string().optional(),
        subscriptions: z.array(z.unknown()),
        medias: z.array(
          z.object({
            type: z.string(),
            flags: z.array(z.string()),
            streams: z.array(
              z.object({
                'last packet': z.number(),
                flags: z.array(z.string()),
                stats: z.object({ packets: z.number() }),
              }),
            ),
          }),
        ),
      }),
    )
    .optional(),
});

export function createRtpengine(host: string, port: number): Rtpengine {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const waiting = new Map<string, (body: Buffer) => void>();
  socket.on('message', (data) => {
    const at = data.indexOf(' ');
    waiting.get(data.toString('latin1', 0, at))?.(data.subarray(at + 1));
  });
  socket.on('error', () => undefined); // nobody listens there: the question runs into its limit
  socket.unref();

  async function ask(question: Record<string, string>): Promise<z.infer<typeof answerSchema>> {
    const cookie = randomBytes(8).toString('hex');
    try {
      const body = await new Promise<Buffer>((resolve, reject) => {
        const limit = setTimeout(() => reject(new RtpengineUnavailable('rtpengine does not answer')), TIMEOUT_MS);
        waiting.set(cookie, (answer) => {
          clearTimeout(limit);
          resolve(answer);
        });
        socket.send(`${cookie} ${encode(question)}`, port, host);
      });
      return answerSchema.parse(decode(body));
    } catch (error) {
      if (error instanceof RtpengineUnavailable) throw error;
      throw new RtpengineUnavailable('rtpengine answers otherwise than expected', { cause: error });
    } finally {
      waiting.delete(cookie);
    }
  }

  return {
    query: async (sipCallId) => {
      const { result, tags = {} } = await ask({ command: 'query', 'call-id': sipCallId });
      return result === 'ok' ? Object.values(tags).flatMap(sideOf) : null;
    },
    close: () => socket.close(),
  };
}

type Tag = NonNullable<z.infer<typeof answerSchema>['tags']>[string];

/** A phone that rang and did not answer has a tag too, or none, and listens to nobody. */
function sideOf({ tag = '', subscriptions, medias }: Tag): Side[] {
  const audio = medias.filter(({ type }) => type === 'audio');
  if (tag === '' || subscriptions.length === 0 || audio.length === 0) return [];
  const streams = audio.flatMap((media) => media.streams.filter(({ flags }) => flags.includes('RTP')));
  return [
    {
      tag,
      packets: streams.reduce((sum, { stats }) => sum + stats.packets, 0),
      lastPacketAt: new Date(Math.max(0, ...streams.map((stream) => stream['last packet'])) * 1000),
      isHeld: audio.some(({ flags }) => !flags.includes('send') || !flags.includes('recv')),
    },
  ];
}
