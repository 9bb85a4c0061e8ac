/**
 * Nothing of Node.js is known where this is compiled. Were it, because a package drags Node's types in, the code of a
 * page could use it unseen; then the lines below have no error any more, and the compiler says so.
 */
// @ts-expect-error Buffer is Node's
export type NoBuffer = Buffer;
// @ts-expect-error so is the process
export type NoProcess = typeof process;
// @ts-expect-error and its types
export type NoTypes = NodeJS.Timeout;
