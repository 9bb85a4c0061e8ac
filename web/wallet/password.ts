/** NEP-2's scrypt makes a guess cost half a second; ten characters of a person's choice then outlast a thief. */
export const LEAST_PASSWORD = 10;

export type PasswordFault = 'short' | 'different';

/** Null: it will do. Counted as a person counts, not in UTF-16. */
export function passwordFault(password: string, repeated: string): PasswordFault | null {
  if ([...password].length < LEAST_PASSWORD) return 'short';
  return password === repeated ? null : 'different';
}
