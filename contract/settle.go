package contract

import (
	"github.com/nspcc-dev/neo-go/pkg/interop/runtime"

	"krypton/contract/fault"
	"krypton/contract/rule"
)

// Items of a claim.
const (
	claimEscrow = iota
	claimSeq
	claimAmount
	claimSeconds
	claimCalls
	claimRoot
	claimVoucherTotal
	claimSignature
	claimClose
)

// Settle pays providers what their claims prove, and tells how many it accepted. A
// bad claim is skipped and told, so that it cannot hold up the others.
//
// Claims of one provider should follow one another: his authority is checked and
// his balance is written once for each such run.
func Settle(claims []any) int {
	if len(claims) > rule.MaxClaims {
		panic(fault.TooManyClaims)
	}
	accepted := 0
	earned := 0
	payee := -1 // of the run, as an integer: that is how byte strings compare cheaply
	authorised := false
	var account []byte
	for _, item := range claims {
		if !isArray(item) || sizeOf(item) != rule.ClaimFields {
			panic(fault.Claim)
		}
		claim := item.([]any)
		if isMalformed(claim) {
			reject(usable(claim[claimEscrow]), usable(claim[claimSeq]), rule.Malformed)
			continue
		}
		id := asInt(claim[claimEscrow])
		found := readTerms(id)
		if found == nil {
			reject(id, asInt(claim[claimSeq]), rule.UnknownEscrow)
			continue
		}
		terms := asBytes(found)
		if next := intAt(terms, providerAt, rule.HashLen); next != payee {
			pay(account, earned)
			earned = 0
			payee = next
			account = payeeOf(terms)
			authorised = maySettle(account)
		}
		if !authorised {
			reject(id, asInt(claim[claimSeq]), rule.NotAuthorised)
			continue
		}
		amount := settleOne(id, claim, terms)
		if amount >= 0 {
			earned += amount
			accepted++
		}
	}
	pay(account, earned)
	return accepted
}

// settleOne gives the amount to pay, or -1 for a claim that was rejected.
func settleOne(id int, claim []any, terms []byte) int {
	user := userOf(terms)
	openedAt, endsAt, rest := frameOf(terms)
	amount := asInt(claim[claimAmount])
	seconds := asInt(claim[claimSeconds])
	calls := asInt(claim[claimCalls])
	seq := asInt(claim[claimSeq])
	counters := readCounters(user, id)
	total, rate, fee := pricesOf(terms, rest)
	spent := spentOf(counters) + amount

	code := rule.Accepted
	if seq != seqOf(counters) {
		code = rule.StaleSequence
	} else if runtime.GetTime() > endsAt+windowOf(rest) {
		code = rule.PastDeadline
	} else if spent > total {
		code = rule.OverAmount
	} else if amount > rate*seconds+fee*calls {
		code = rule.OverRate
	} else if isOverTime(openedAt, endsAt, rest, secondsOf(counters)+seconds, callsOf(counters)+calls) {
		code = rule.OverTime
	} else if hasVoucher(rest) && !isCovered(id, claim, terms, spent) {
		code = rule.BadVoucher
	}
	if code != rule.Accepted {
		reject(id, seq, code)
		return -1
	}

	runtime.Notify("EscrowSettled", id, seq, amount, seconds, calls, asBytes(claim[claimRoot]), spent)
	if asBool(claim[claimClose]) {
		closeCounted(id, user, total-spent)
	} else {
		writeCounters(user, id, counters+claimed(amount, seconds, calls))
	}
	return amount
}

// isOverTime: nobody talks longer, or dials more often, than time has passed.
func isOverTime(openedAt, endsAt, rest, seconds, calls int) bool {
	elapsed := (min(runtime.GetTime(), endsAt) - openedAt + rule.Second - 1) / rule.Second
	bound := parallelOf(rest) * elapsed
	return calls > bound || seconds > bound+incrementOf(rest)*calls
}

// isCovered: the user signed at least what will have been spent.
func isCovered(id int, claim []any, terms []byte, spent int) bool {
	total := claim[claimVoucherTotal]
	signature := claim[claimSignature]
	if total == nil || asInt(total) < spent || !isBytesOf(signature, rule.SignatureLen) {
		return false
	}
	return isVoucher(keyOf(terms), id, asInt(total), signature)
}

// isMalformed looks at types and ranges only. Null stands for no voucher.
func isMalformed(claim []any) bool {
	for i := claimEscrow; i <= claimCalls; i++ {
		if !isWithin(claim[i], 0, rule.MaxInt) {
			return true
		}
	}
	if asInt(claim[claimCalls]) == 0 || !isBytesOf(claim[claimRoot], rule.CDRRootLen) {
		return true
	}
	total := claim[claimVoucherTotal]
	signature := claim[claimSignature]
	return total != nil && !isWithin(total, 0, rule.MaxInt) ||
		signature != nil && !isBytes(signature) ||
		!isBoolean(claim[claimClose])
}

// maySettle: the provider himself, or the operator whom he named.
func maySettle(provider []byte) bool {
	if runtime.CheckWitness(provider) {
		return true
	}
	operator := readOperator(provider)
	return operator != nil && runtime.CheckWitness(asBytes(operator))
}

func pay(provider []byte, amount int) {
	if amount > 0 {
		credit(provider, amount)
	}
}

func reject(id, seq, code int) {
	runtime.Notify("ClaimRejected", id, seq, code)
}

func usable(item any) int {
	if isWithin(item, 0, rule.MaxInt) {
		return asInt(item)
	}
	return rule.Unusable
}
