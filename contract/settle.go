package contract

import (
	"github.com/nspcc-dev/neo-go/pkg/interop/neogointernal"
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
// Claims of one provider should follow one another: their authority is checked and
// their balance is written once for each such run.
func Settle(claims []any) int {
	if len(claims) > rule.MaxClaims {
		panic(fault.TooManyClaims)
	}
	now := runtime.GetTime()
	accepted := 0
	earned := 0
	payee := 0 // number of the run's provider, with its mark
	authorised := false
	var account, scope []byte
	for _, item := range claims {
		if !isArrayOf(item, rule.ClaimFields) {
			panic(fault.Claim)
		}
		claim := item.([]any)
		if isMalformed(claim) {
			reject(usable(claim[claimEscrow]), usable(claim[claimSeq]), rule.Malformed)
			continue
		}
		id := claim[claimEscrow].(int)
		terms := readTerms(id)
		if terms == nil {
			reject(id, claim[claimSeq].(int), rule.UnknownEscrow)
			continue
		}
		frame := intAt(terms, frameAt, frameLen)
		rest := frame >> timeBits >> timeBits
		if rest>>numberShift != payee {
			pay(account, earned)
			earned = 0
			payee = rest >> numberShift
			account = providerOf(rest)
			authorised = maySettle(account)
		}
		if !authorised {
			reject(id, claim[claimSeq].(int), rule.NotAuthorised)
			continue
		}
		if scope == nil && rest&voucherFlag != 0 {
			scope = voucherScope()
		}
		if settleOne(id, claim, terms, frame, now, scope) {
			earned += claim[claimAmount].(int)
			accepted++
		}
	}
	pay(account, earned)
	return accepted
}

// settleOne tells whether the claim was accepted. It is one piece, with hardly a
// function call inside: each would cost 0.0002 GAS a claim.
func settleOne(id int, claim []any, terms []byte, frame, now int, scope []byte) bool {
	user := terms[:frameAt]
	openedAt := frame & timeMask
	endsAt := frame >> timeBits & timeMask
	rest := frame >> timeBits >> timeBits
	total, rate, fee := pricesOf(terms, rest)
	key := countersKey(user, id)
	counters := readCounters(key)

	seq := claim[claimSeq].(int)
	amount := claim[claimAmount].(int)
	seconds := claim[claimSeconds].(int)
	calls := claim[claimCalls].(int)
	spent := counters&spentMask + amount
	allSeconds := counters>>spentBits>>countBits>>countBits + seconds
	allCalls := counters>>spentBits&countMask + calls
	// Nobody talks longer, or dials more often, than time has passed.
	elapsed := (min(now, endsAt) - openedAt + rule.Second - 1) / rule.Second
	callBound := rest >> parallelShift & parallelMask * elapsed
	secondBound := callBound + rest>>incrementShift&incrementMask*allCalls

	code := rule.Accepted
	if seq != counters>>spentBits>>countBits&countMask {
		code = rule.StaleSequence
	} else if now > endsAt+rest&windowMask {
		code = rule.PastDeadline
	} else if spent > total {
		code = rule.OverAmount
	} else if amount > rate*seconds+fee*calls {
		code = rule.OverRate
	} else if allCalls > callBound || allSeconds > secondBound {
		code = rule.OverTime
	} else if rest&voucherFlag != 0 && !isCovered(scope, id, claim, terms, spent) {
		code = rule.BadVoucher
	}
	if code != rule.Accepted {
		reject(id, seq, code)
		return false
	}

	root := neogointernal.Opcode1("NOP", claim[claimRoot]).([]byte)
	runtime.Notify("EscrowSettled", id, seq, amount, seconds, calls, root, spent)
	if neogointernal.Opcode1("NOP", claim[claimClose]).(bool) {
		closeWith(id, user, total-spent)
	} else {
		writeCounters(key, counters+((seconds<<countBits+1)<<countBits+calls)<<spentBits+amount)
	}
	return true
}

// isCovered: the user signed at least what will have been spent.
func isCovered(scope []byte, id int, claim []any, terms []byte, spent int) bool {
	total := claim[claimVoucherTotal]
	signature := claim[claimSignature]
	return total != nil && total.(int) >= spent && isBytes(signature, rule.SignatureLen, rule.SignatureLen) &&
		isVoucher(scope, keyOf(terms), id, total.(int), asBytes(signature))
}

// isMalformed looks at types and ranges only. Null stands for no voucher. What items.go
// has is written out for the five integers: five calls would cost 0.001 GAS a claim.
func isMalformed(claim []any) bool {
	for i := claimEscrow; i <= claimCalls; i++ {
		if !neogointernal.Opcode1("NOP", neogointernal.Opcode1("ISTYPE", claim[i])).(bool) ||
			claim[i].(int) < 0 || claim[i].(int) > rule.MaxInt {
			return true
		}
	}
	if claim[claimCalls].(int) == 0 || !isBytes(claim[claimRoot], rule.CDRRootLen, rule.CDRRootLen) || !isBoolean(claim[claimClose]) {
		return true
	}
	total := claim[claimVoucherTotal]
	signature := claim[claimSignature]
	return total != nil && !isWithin(total, 0, rule.MaxInt) || signature != nil && !isBytes(signature, 0, rule.MaxInt)
}

// maySettle: the provider itself, or the operator that it named.
func maySettle(provider []byte) bool {
	if runtime.CheckWitness(provider) {
		return true
	}
	operator := readOperator(provider)
	return operator != nil && runtime.CheckWitness(operator)
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
		return item.(int)
	}
	return rule.Unusable
}
