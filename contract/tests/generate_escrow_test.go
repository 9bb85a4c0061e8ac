package tests

import (
	"math"

	"github.com/nspcc-dev/neo-go/pkg/crypto/keys"

	"krypton/contract/rule"
)

func (r *run) openEscrow() step {
	u, p := oneOf(r, r.users...), oneOf(r, r.providers...)
	if pairs := r.pairs(); len(pairs) > 0 && r.chance(90) {
		pair := oneOf(r, pairs...)
		u, p = pair[0], pair[1]
	}
	balance := r.model.balances[u.hash]
	x := terms{amount: 1 + r.rnd.Int64N(balance/4+1), rate: oneOf[int64](r, 0, 1, 100_000, 100_000, 5_000_000, r.rnd.Int64N(gas), r.rnd.Int64N(1<<62)),
		fee: oneOf[int64](r, 0, 5, r.rnd.Int64N(gas), math.MaxInt64), increment: oneOf[int64](r, 1, 6, 60, 3600), parallel: oneOf[int64](r, int64(1), 2, 10, 100),
		duration: oneOf[int64](r, rule.MinDuration, 3_600_000, rule.Day, rule.MaxDuration), window: oneOf[int64](r, int64(rule.MinClaimWindow), rule.Day, rule.MaxClaimWindow)}
	if r.chance(40) {
		x.key = oneOf(r, r.phones...).PublicKey().Bytes()
	}
	if r.chance(15) {
		field := oneOf(r, &x.amount, &x.rate, &x.fee, &x.increment, &x.parallel, &x.duration, &x.window)
		*field = oneOf[int64](r, 0, -1, 1, 101, 3601, rule.MinDuration-1, rule.MaxClaimWindow+1, rule.MaxDuration+1, balance, balance+1, math.MaxInt64)
	}
	return r.step(u, func(by witnesses) outcome { return r.model.openEscrow(by, u.hash, p.hash, x) },
		"openEscrow", openArgs(u.hash, p.hash, x)...)
}

// parties are the user and the provider of an escrow, or any where there is none.
func (r *run) parties(id int64) (*account, *account) {
	if e := r.model.escrows[id]; e != nil {
		return r.accountOf(e.user), r.accountOf(e.provider)
	}
	return oneOf(r, r.users...), oneOf(r, r.providers...)
}

func (r *run) extendEscrow() step {
	id := r.escrowID()
	u, _ := r.parties(id)
	balance := r.model.balances[u.hash]
	amount := oneOf[int64](r, 0, 1, balance/4, balance/4, balance/9, balance, balance+1, -1)
	duration := oneOf[int64](r, 0, 0, 0, 1, 1, 60_000, 60_000, rule.Day, rule.MaxDuration, rule.MaxDuration+1, -1)
	return r.step(u, func(by witnesses) outcome { return r.model.extendEscrow(by, id, amount, duration) },
		"extendEscrow", id, amount, duration)
}

func (r *run) closeEscrow() step {
	id := r.escrowID()
	u, p := r.parties(id)
	by := u
	if r.chance(25) {
		by = p
	}
	return r.step(by, func(by witnesses) outcome { return r.model.closeEscrow(by, id) }, "closeEscrow", id)
}

func (r *run) refund() step {
	id := r.escrowID()
	for other, e := range r.model.escrows {
		if r.model.now > e.endsAt+e.window && (other < id || r.model.escrows[id] == nil) {
			id = other // the first that has expired
		}
	}
	return r.step(oneOf(r, r.all...), func(witnesses) outcome { return r.model.refund(id) }, "refund", id)
}

// settle makes one to six claims, of one provider or of several.
func (r *run) settle() step {
	var list []claim
	_, by := r.parties(r.escrowID())
	used := map[int64]int64{} // claims of an escrow within this call
	for range 1 + r.rnd.IntN(6) {
		id := r.escrowOf(by)
		if r.chance(10) {
			id = r.escrowID()
		}
		list = append(list, r.claim(id, used[id]))
		used[id]++
	}
	if p := r.model.providers[by.hash]; p != nil && p.operator != nil && r.chance(40) {
		by = r.accountOf(*p.operator)
	}
	return r.step(by, func(by witnesses) outcome { return r.model.settle(by, list) }, "settle", claims(list...))
}

// claim is one that holds mostly, if those before it in the same call were accepted.
func (r *run) claim(id, before int64) claim {
	c := claim{id: id, seq: before, calls: 1, root: someRoot, close: r.chance(8)}
	e := r.model.escrows[id]
	if e == nil {
		return c
	}
	c.seq += e.seq
	elapsed := (min(r.model.now, e.endsAt) - e.openedAt + 999) / 1000
	room := e.parallel*elapsed - e.calls
	if room > 0 {
		c.calls = 1 + r.rnd.Int64N(min(room, 3))
	}
	if most := e.parallel*elapsed + e.increment*(e.calls+c.calls) - e.seconds; most > 0 {
		c.seconds = oneOf[int64](r, most, r.rnd.Int64N(most+1), r.rnd.Int64N(most+1))
	}
	c.amount = min((e.amount-e.spent)/2+r.rnd.Int64N(2), saturated(e.rate, c.seconds, e.fee, c.calls))
	c.total = e.spent + c.amount + oneOf[int64](r, 0, 0, r.rnd.Int64N(gas))*(1+before)
	if r.chance(12) {
		field := oneOf(r, &c.seq, &c.amount, &c.seconds, &c.calls, &c.total, &c.id)
		*field += oneOf[int64](r, -1, 1, 60, gas, -*field, -*field-1, math.MaxInt64-*field)
	}
	if dear := saturated(e.rate, c.seconds, e.fee, c.calls) + 1; dear <= e.amount-e.spent && r.chance(10) {
		c.amount = dear
	}
	if r.chance(2) {
		c.root = c.root[1:]
	}
	c.signature = r.signature(e, c)
	return c
}

// signature is right mostly where the escrow wants one.
func (r *run) signature(e *escrowEntry, c claim) []byte {
	if e.key == nil && r.chance(80) || r.chance(3) {
		return nil
	}
	if r.chance(3) {
		return make([]byte, oneOf[int64](r, 0, 63, 64, 65))
	}
	signer := r.phones[0]
	for _, phone := range r.phones {
		if string(phone.PublicKey().Bytes()) == string(e.key) {
			signer = phone
		}
	}
	if r.chance(3) {
		signer = oneOf[*keys.PrivateKey](r, r.phones...)
	}
	return signer.Sign(voucherBytes(r.model.magic, r.hash, uint64(c.id), uint64(c.total)))
}

// saturated is rate*seconds + fee*calls, or the largest integer.
func saturated(rate, seconds, fee, calls int64) int64 {
	sum := float64(rate)*float64(seconds) + float64(fee)*float64(calls)
	if sum > 1<<60 {
		return 1 << 60
	}
	return rate*seconds + fee*calls
}
