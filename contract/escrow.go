package contract

import (
	"github.com/nspcc-dev/neo-go/pkg/interop"
	"github.com/nspcc-dev/neo-go/pkg/interop/contract"
	"github.com/nspcc-dev/neo-go/pkg/interop/iterator"
	"github.com/nspcc-dev/neo-go/pkg/interop/runtime"

	"krypton/contract/fault"
	"krypton/contract/rule"
)

// OpenEscrow reserves a part of the user's balance for calls through one provider.
func OpenEscrow(user, provider interop.Hash160, amount, ratePerSecond, feePerCall, increment, maxParallel,
	durationMs, claimWindowMs int, voucherKey []byte) int {
	requireWitness(user)
	requireAccount(provider)
	requireWithin(amount, 1, rule.MaxInt, fault.Amount)
	requireWithin(ratePerSecond, 0, rule.MaxInt, fault.Rate)
	requireWithin(feePerCall, 0, rule.MaxInt, fault.Fee)
	if ratePerSecond == 0 && feePerCall == 0 {
		panic(fault.FreeOfCost)
	}
	requireWithin(increment, 1, rule.MaxIncrement, fault.Increment)
	requireWithin(maxParallel, 1, rule.MaxParallel, fault.MaxParallel)
	requireWithin(durationMs, rule.MinDuration, rule.MaxDuration, fault.Duration)
	requireWithin(claimWindowMs, rule.MinClaimWindow, rule.MaxClaimWindow, fault.ClaimWindow)
	rest := packRest(numberOf(provider), claimWindowMs, increment, maxParallel)
	if registrationAt(registrationsOf(user), provider) < 0 {
		panic(fault.NotRegistered)
	}
	if voucherKey != nil {
		requireVoucherKey(voucherKey)
		rest += voucherFlag
	}
	requireBalance(debit(user, amount))
	openedAt := runtime.GetTime()
	endsAt := openedAt + durationMs
	id := nextEscrowID()
	writeTerms(id, packTerms(user, openedAt, endsAt, rest, voucherKey, amount, ratePerSecond, feePerCall))
	writeFreshCounters(user, id)
	runtime.Notify("EscrowOpened", id, user, provider, amount, ratePerSecond, feePerCall, increment, maxParallel,
		openedAt, endsAt, endsAt+claimWindowMs, voucherKey)
	return id
}

// ExtendEscrow adds money or time, so that a call need not drop.
func ExtendEscrow(id, amount, durationMs int) {
	terms := openTerms(id)
	user := userOf(terms)
	requireWitness(user)
	requireWithin(amount, 0, rule.MaxInt, fault.Amount)
	requireWithin(durationMs, 0, rule.MaxDuration, fault.Duration)
	if amount == 0 && durationMs == 0 {
		panic(fault.NothingToExtend)
	}
	openedAt, endsAt, rest := frameOf(terms)
	if isClosing(rest) {
		panic(fault.Closing)
	}
	now := runtime.GetTime()
	if now >= endsAt {
		panic(fault.Ended)
	}
	endsAt += durationMs
	if endsAt > now+rule.MaxDuration {
		panic(fault.Duration)
	}
	if amount > 0 {
		requireBalance(debit(user, amount))
	}
	rewriteTerms(id, terms, openedAt, endsAt, rest, amount)
	runtime.Notify("EscrowExtended", id, amount, endsAt, endsAt+windowOf(rest))
}

// CloseEscrow ends it at once for the provider; for the user, as soon as the
// provider had the time to claim what was used until now.
func CloseEscrow(id int) {
	terms := openTerms(id)
	user := userOf(terms)
	openedAt, endsAt, rest := frameOf(terms)
	if runtime.CheckWitness(providerOf(rest)) {
		closeUnclaimed(id, user, terms, rest)
		return
	}
	requireWitness(user)
	if isClosing(rest) {
		panic(fault.Closing)
	}
	// The claim deadline is endsAt and the window always, so it moves along.
	endsAt = min(endsAt, runtime.GetTime())
	rewriteTerms(id, terms, openedAt, endsAt, rest+closingFlag, 0)
	runtime.Notify("EscrowClosing", id, endsAt, endsAt+windowOf(rest))
}

// Refund gives the rest back to the user once nobody can claim it any more.
func Refund(id int) {
	terms := openTerms(id)
	_, endsAt, rest := frameOf(terms)
	if runtime.GetTime() <= endsAt+windowOf(rest) {
		panic(fault.NotExpired)
	}
	closeUnclaimed(id, userOf(terms), terms, rest)
}

// Escrow gives [user, provider, amount, spent, ratePerSecond, feePerCall, increment,
// maxParallel, openedAt, endsAt, claimDeadline, voucherKey, seq, seconds, calls],
// or null once it is closed.
func Escrow(id int) []any {
	if !isWithin(id, 1, rule.MaxInt) || readTerms(id) == nil {
		return nil
	}
	terms := openTerms(id)
	openedAt, endsAt, rest := frameOf(terms)
	amount, rate, fee := pricesOf(terms, rest)
	counters := readCounters(countersKey(userOf(terms), id))
	var key any
	if hasVoucher(rest) {
		key = string(keyOf(terms))
	}
	return []any{string(userOf(terms)), providerOf(rest), amount, spentOf(counters), rate, fee,
		incrementOf(rest), parallelOf(rest), openedAt, endsAt, endsAt + windowOf(rest),
		key, seqOf(counters), secondsOf(counters), callsOf(counters)}
}

// EscrowsOf gives the ids of the user's open escrows, each as an integer's bytes.
func EscrowsOf(user interop.Hash160) iterator.Iterator {
	requireAccount(user)
	return escrowIDs(user)
}

func closeUnclaimed(id int, user, terms []byte, rest int) {
	amount, _, _ := pricesOf(terms, rest)
	closeWith(id, user, amount-spentOf(readCounters(countersKey(user, id))))
}

// closeWith removes the escrow and gives what is left of it back.
func closeWith(id int, user []byte, left int) {
	removeEscrow(user, id)
	if left > 0 {
		credit(user, left)
	}
	runtime.Notify("EscrowClosed", id, left)
}

// rewriteTerms writes them with another end and more money.
func rewriteTerms(id int, terms []byte, openedAt, endsAt, rest, extra int) {
	amount, rate, fee := pricesOf(terms, rest)
	if amount+extra > rule.MaxInt {
		panic(fault.Amount)
	}
	var key []byte
	if hasVoucher(rest) {
		key = keyOf(terms)
	}
	writeTerms(id, packTerms(userOf(terms), openedAt, endsAt, rest, key, amount+extra, rate, fee))
}

// requireVoucherKey takes a compressed point of secp256r1. The VM itself faults on
// 33 bytes that are none; a bad key would later fault whole batches of claims.
func requireVoucherKey(key []byte) {
	if !isBytes(key, rule.VoucherKeyLen, rule.VoucherKeyLen) {
		panic(fault.VoucherKey)
	}
	contract.CreateStandardAccount(key)
}
