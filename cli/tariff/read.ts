/** What a cell says, or what is expected in its place. */
export type Read<T> = { value: T } | { expected: string };

export const isBad = <T>(read: Read<T>): read is { expected: string } => 'expected' in read;
