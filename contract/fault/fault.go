// Package fault holds every message with which the contract refuses a call.
// They are part of the interface: clients match them, so none is ever reworded.
package fault

const (
	// Witness: the account that must agree to this did not sign it.
	Witness = "witness"
	// Account: not a script hash of 20 bytes.
	Account = "account"

	// NotDeployed and AlreadyDeployed are about a provider.
	NotDeployed     = "not deployed"
	AlreadyDeployed = "already deployed"
	// Location, URI and Hash: length out of bounds, or control characters in a text.
	Location = "location"
	URI      = "uri"
	Hash     = "hash"

	// UUID: not an RFC 4122 version 4 UUID of 36 characters.
	UUID = "uuid"
	// NotRegistered: the user is not registered, or not with that provider.
	NotRegistered = "not registered"
	// TooManyRegistrations: the user would be registered with more than 8 providers.
	TooManyRegistrations = "too many registrations"
	// QueryType: query knows uuid, provider and location.
	QueryType = "query type"

	// OnlyGAS: a token other than GAS was sent.
	OnlyGAS = "only GAS"
	// NoAccount: GAS minted to the contract, nobody to credit.
	NoAccount = "no account"
	// Amount: out of range.
	Amount = "amount"
	// Balance: less free balance than asked for.
	Balance = "balance"
	// Transfer: the GAS contract refused to pay.
	Transfer = "transfer"

	// Terms of an escrow that are out of range.
	Rate        = "rate"
	Fee         = "fee"
	FreeOfCost  = "rate and fee"
	Increment   = "increment"
	MaxParallel = "max parallel"
	Duration    = "duration"
	ClaimWindow = "claim window"
	VoucherKey  = "voucher key"

	// NoEscrow: no open escrow with that id.
	NoEscrow = "no escrow"
	// Closing: the user has asked to close it already.
	Closing = "closing"
	// Ended: its time is over.
	Ended = "ended"
	// NotExpired: claims are still possible.
	NotExpired = "not expired"
	// NothingToExtend: neither amount nor duration.
	NothingToExtend = "nothing to extend"

	// TooManyClaims: more than 128 in one call.
	TooManyClaims = "too many claims"
	// Claim: something in the list is no array of 9 items.
	Claim = "claim"

	// NoUpdate: none is scheduled.
	NoUpdate = "no update"
	// UpdateMismatch: other bytes than those that were announced.
	UpdateMismatch = "update mismatch"
	// TooEarly: users have 14 days to leave, and they are not over.
	TooEarly = "too early"
	// TooLate: the announcement has expired, 7 days after the update could first take place.
	TooLate = "too late"
	// Version: the new code cannot follow on the old one.
	Version = "version"
)
