import type { z } from 'zod';

/** One thing that can be asked of the API: the server's routes and the client are made from the same description. */
export type Operation = {
  operationId: string;
  method: 'get' | 'post' | 'put' | 'delete';
  /** With `{name}` for each of `params`. */
  path: string;
  params?: z.ZodObject;
  query?: z.ZodObject;
  body?: z.ZodType;
  answer: z.ZodType;
  /** Statuses besides 2xx whose body is an answer too, and no problem. */
  alsoAnswers?: readonly number[];
  /** Whether it is for the signer alone. */
  isSigned?: boolean;
  /** Whether it waits for the block that `Min-Height` names. */
  readsChain?: boolean;
};

/** A stream of events (server-sent events) that can be resumed. */
export type StreamOperation = {
  operationId: string;
  method: 'get';
  path: string;
  query: z.ZodObject;
  /** As the server reads them. */
  headers: z.ZodObject;
  /** What each event holds. */
  item: z.ZodType;
  isSigned?: boolean;
};

export type StreamItemOf<O extends StreamOperation> = z.output<O['item']>;

/** A parameter may be given as it stands in the URL, or as the server reads it: `'7'` or `7`, a text or a `Date`. */
export type Parameters<S extends z.ZodObject> = {
  [K in keyof z.input<S>]: z.input<S>[K] | (K extends keyof z.output<S> ? z.output<S>[K] : never);
};

/** What an operation has to be given. */
export type Given<O extends Operation> = (O extends { params: infer P extends z.ZodObject }
  ? { params: Parameters<P> }
  : unknown) &
  (O extends { query: infer Q extends z.ZodObject } ? { query?: Parameters<Q> } : unknown) &
  (O extends { body: infer B extends z.ZodType } ? { body: z.input<B> } : unknown);

/** Nothing needs to be written where nothing has to be given. */
export type Arguments<O extends Operation> =
  Record<never, never> extends Given<O> ? [given?: Given<O>] : [given: Given<O>];

export type AnswerOf<O extends Operation> = z.output<O['answer']>;

/** An operation that answers page by page. */
export type ListOperation = Operation & {
  query: z.ZodObject;
  answer: z.ZodType<{ items: unknown[]; next: string | null }>;
};

export type ItemOf<O extends ListOperation> = AnswerOf<O>['items'][number];
