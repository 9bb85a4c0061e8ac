/*
Package contract is KRYPTON, the one NEO N3 contract where the money of calls
moves. Providers and users find each other in its registry; a user reserves money
for calls in an escrow; the provider claims out of it what calls have cost, never
more than time, terms and, where there is a voucher key, the user's signature allow.

# Who may call what

	deploy relocate setTariff setOperator undeploy   the provider
	register unregister openEscrow extendEscrow      the user
	onNEP17Payment                                   the GAS contract only
	withdraw                                         the account
	settle                                           the provider of each claim's escrow, or its operator
	closeEscrow                                      the user, or the provider
	refund                                           anyone, after the claim deadline
	transferOwnership                                the owner together with the new one
	renounceOwnership scheduleUpdate cancelUpdate
	update                                           the owner
	version query provider registrations balanceOf
	escrow escrowsOf owner scheduledUpdate           anyone; they change nothing

A refused call faults with one of the messages of package fault, and changes
nothing. Methods that return a Boolean return true or fault. Claims are the
exception: settle skips a bad one and tells its code (package rule). The VM itself
refuses text that is not UTF-8 and a voucher key that is no point of the curve.

# Notifications

Nothing is stored that a notification does not determine.

	ProviderDeployed(provider Hash160, location String)
	ProviderRelocated(provider Hash160, location String)
	TariffSet(provider Hash160, uri String, hash ByteArray)
	OperatorSet(provider Hash160, operator Hash160 or null)
	ProviderUndeployed(provider Hash160)                       its operator goes with it
	UserRegistered(user Hash160, provider Hash160, uuid String)    in lower case
	UserUnregistered(user Hash160, provider Hash160, uuid String)
	Deposited(account Hash160, from Hash160 or null, amount Integer)
	Withdrawn(account Hash160, amount Integer)
	EscrowOpened(id, user Hash160, provider Hash160, amount, ratePerSecond, feePerCall, increment,
	    maxParallel, openedAt, endsAt, claimDeadline Integer, voucherKey ByteArray or null)
	EscrowExtended(id, amount, endsAt, claimDeadline Integer)  amount is what was added
	EscrowSettled(id, seq, amount, seconds, calls Integer, cdrRoot ByteArray, spent Integer)
	ClaimRejected(escrowId, seq, code Integer)
	EscrowClosing(id, endsAt, claimDeadline Integer)
	EscrowClosed(id, refunded Integer)
	OwnershipTransferred(from Hash160 or null, to Hash160 or null)
	UpdateScheduled(nefHash, manifestHash ByteArray, notBefore Integer)
	UpdateCancelled(nefHash, manifestHash ByteArray)
	UpdateApplied(nefHash, manifestHash ByteArray)

How they move balances: Deposited adds amount to account and Withdrawn takes it;
EscrowOpened and EscrowExtended take amount from the user; EscrowSettled adds amount
to the escrow's provider; EscrowClosed adds refunded to the escrow's user.

# Storage

	'O'                  owner (20)
	'U'                  the announced update, serialized [nefHash, manifestHash, notBefore]
	'L'                  id of the last escrow
	'N'                  number of the last provider
	'n' number           provider (20); stays after undeploy, for escrows that are open
	'p' provider (20)    number (4, plus 2^30) | serialized [location, tariffUri, tariffHash, deployedAt]
	'o' provider (20)    operator (20)
	'r' user (20)        registrations, newest first: provider (20) | uuid (36) | registeredAt (7)
	'b' account (20)     free balance
	'e' id               terms of an open escrow, laid out in terms.go
	'c' user (20) id     its counters, one integer: spent, calls, seq, seconds (terms.go)

Providers are numbered in the order of ProviderDeployed, so that an escrow names its
provider in 4 bytes; one who deploys again gets a new number. Integers, in keys too, are stored in their shortest little-endian form;
counters of an escrow without claims are one zero byte. An escrow that is closed leaves nothing.

# Decisions

  - Undeploying removes the operator too; what is still to be claimed then needs the
    provider's own signature.
  - A location or URI with an ASCII control character is refused: a zero byte is good
    text to the chain, and none to a database. A URI has at most 512 bytes.
  - An escrow has ended when block time reaches endsAt: it cannot be extended then.
  - A claim without voucher may leave voucherTotal and voucherSignature null. Both are
    ignored where the escrow has no voucher key; a signature of another length than 64
    bytes is a bad voucher, while one that is no byte string is malformed.
  - An escrow is closed by its provider at once even where user and provider sign
    together, or are the same.
  - An update may take place 14 days after it was announced, and for 7 days from then.
    14 days are twice the longest claim window: whoever closes their escrows within the
    first 7 days has all of their money out before the update. Closing starts the claim
    window, and the rest comes back when it is over.
  - After those 7 days the announcement expires. The owner has to announce the update
    again, so that users who came later have their 14 days too.
  - A newly announced update replaces the former one, and its time starts anew.
    Renouncing ownership cancels an announced update.
  - GAS goes back to the account that it is credited to, and to no other: a contract
    that cannot receive GAS (no onNEP17Payment) should not earn any here.
  - A voucher key is for one escrow. Ids and the contract's hash come again on a chain
    that is started anew with the same magic number.
  - The two arguments of query are named kind and user: type is no name in Go.

# Tests

	go test ./...                                            everything, with 500 random sequences
	go test ./tests -run TestProperty -sequences 5000 -seed 7    more of them, or one again
	go test ./tests -run 'TestVectors|TestGasTable' -update      rewrite vectors.json and docs/gas.md
	go test ./tests -run '^$' -fuzz FuzzSettle               and FuzzPayment
	go run ./mutate                                          which changes of the source no test notices
*/
package contract
