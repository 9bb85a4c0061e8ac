/** Three characters of the backup code that the person reads from what they kept. The first two are always 6P. */
const ASKED = 3;
const FIRST = 3;

/** Places from 1, in order, each once. */
export function placesToAsk(code: string, random: (below: number) => number = randomBelow): number[] {
  const places = Array.from({ length: code.length - FIRST + 1 }, (_, at) => at + FIRST);
  const chosen: number[] = [];
  while (chosen.length < ASKED && places.length > 0) chosen.push(...places.splice(random(places.length), 1));
  return chosen.sort((one, other) => one - other);
}

export const isProof = (code: string, places: readonly number[], answers: readonly string[]): boolean =>
  places.length > 0 && places.every((place, at) => answers[at] === code[place - 1]);

/** The bias of a 32 bit number below sixty is of no account here. */
const randomBelow = (below: number): number => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % below;
