/**
 * What each message means with which the contract refuses a call, in words that say what to do.
 * The keys are the constants of `contract/fault/fault.go`; a test holds the two lists together.
 */
export const faultMeaning = {
  witness: 'the account that must agree to this did not sign it: use the wallet of the account that the call is about',
  account: 'an account is no script hash of 20 bytes',

  'not deployed':
    'that provider is not deployed: the provider deploys itself first (krypton provider deploy <location>)',
  'already deployed': 'this provider is deployed already; to move it, use krypton provider relocate <location>',
  location: 'the location must be a host or DNS SRV name of 1 to 253 bytes',
  uri: 'the URI of the tariff is too long or empty',
  hash: 'the hash of the tariff must be 32 bytes (64 hex digits)',

  uuid: 'the UUID must be a version 4 UUID of 36 characters, e.g. 9b2f1c7e-4d3a-4f6b-8a51-0c2d3e4f5a6b',
  'not registered': 'the user is not registered there: krypton register <provider> <uuid> does that',
  'too many registrations': 'the user is registered with 8 providers, the most there can be: unregister from one first',
  'query type': 'query knows the types uuid, provider and location',

  'only GAS': 'the contract takes GAS and no other token',
  'no account': 'nobody is named to be credited with this GAS',
  amount: 'the amount is out of range: it must be more than 0, and at most 2^63-1 datoshi in all',
  balance:
    'the free balance in the contract is too small: krypton balance <address> shows it, krypton deposit <GAS> adds to it',
  transfer: 'the GAS contract refused to pay out; nothing has been withdrawn',

  rate: 'the rate must be 0 or more datoshi per second',
  fee: 'the fee must be 0 or more datoshi per call',
  'rate and fee': 'rate and fee are both 0: an escrow needs a price',
  increment: 'the billing increment must be 1 to 3600 seconds',
  'max parallel': 'the number of parallel calls must be 1 to 100',
  duration: 'the duration must be 1 minute to 90 days, and the escrow must end at most 90 days from now',
  'claim window': 'the claim window must be 10 minutes to 7 days',
  'voucher key': 'the voucher key must be a compressed secp256r1 public key (66 hex digits)',

  'no escrow': 'there is no open escrow with that id: it never was, or it is closed',
  closing: 'this escrow is closing already: what the provider does not claim comes back after its claim deadline',
  ended: "this escrow's time is over: open a new one; the rest of this one comes back after its claim deadline",
  'not expired': 'the provider may still claim from this escrow: it can be refunded after its claim deadline only',
  'nothing to extend': 'name an amount or a duration, or both, by which the escrow is extended',

  'too many claims': 'more than 128 claims in one call',
  claim: 'something in the list of claims is no claim',

  'no update': 'no update of the contract is scheduled',
  'update mismatch': 'this is not the update that was announced',
  'too early': 'an update may take place 14 days after it was announced, not before',
  'too late': 'the announcement of the update has expired 21 days after it was made: announce it again',
  version: 'the new version of the contract cannot follow on the one that stands',
} as const;

export type Fault = keyof typeof faultMeaning;

/** The contract's message in what the VM says of a FAULT, or undefined where it was not the contract that refused. */
export function faultOf(exception: string): Fault | undefined {
  const [, message] = /unhandled exception: "([^"]*)"/.exec(exception) ?? [];
  return message !== undefined && Object.hasOwn(faultMeaning, message) ? (message as Fault) : undefined;
}
