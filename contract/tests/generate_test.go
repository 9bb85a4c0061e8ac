package tests

import (
	"maps"
	"slices"
	"strings"

	"github.com/nspcc-dev/neo-go/pkg/core/native/nativehashes"
	"github.com/nspcc-dev/neo-go/pkg/crypto/keys"
	"github.com/nspcc-dev/neo-go/pkg/util"

	"krypton/contract/rule"
)

// cast are who takes part: the third user is a provider too.
type cast struct {
	users, providers, operators, all []*account
	phones                           []*keys.PrivateKey
}

func newCast() *cast {
	a := newAccount
	both := a("both")
	c := &cast{users: []*account{a("u1"), a("u2"), both}, providers: []*account{a("p1"), a("p2"), both},
		operators: []*account{a("o1"), a("o2")}, phones: []*keys.PrivateKey{voucherKey("1"), voucherKey("2")}}
	c.all = slices.Concat(c.users, c.providers[:2], c.operators, []*account{a("stranger")})
	return c
}

func oneOf[T any](r *run, list ...T) T { return list[r.rnd.IntN(len(list))] }

func (r *run) chance(percent int) bool { return r.rnd.IntN(100) < percent }

// later is how long until the next block: mostly a moment, sometimes just up to the
// end or deadline of an escrow, or to the first or last moment of an update,
// sometimes days.
func (r *run) later() uint64 {
	now := int64(r.now())
	var bounds []int64
	if e := r.someEscrow(); e != nil && r.chance(4) {
		bounds = append(bounds, e.endsAt, e.endsAt+e.window)
	}
	if u := r.model.update; u != nil && r.chance(4) {
		bounds = append(bounds, u.notBefore, u.notBefore+7*86_400_000)
	}
	for _, bound := range bounds {
		if wait := bound - now + r.rnd.Int64N(3) - 1; wait > 0 && r.chance(50) {
			return uint64(wait)
		}
	}
	return uint64(1 + r.rnd.Int64N(oneOf[int64](r, int64(1), 2000, 60_000, 60_000, 3_600_000, rule.Day)))
}

func (r *run) someEscrow() *escrowEntry {
	return r.model.escrows[r.escrowID()]
}

// escrowOf is an open escrow of that provider, if there is one.
func (r *run) escrowOf(provider *account) int64 {
	id := r.escrowID()
	for range 10 {
		if e := r.model.escrows[id]; e != nil && e.provider == provider.hash {
			break
		}
		id = r.escrowID()
	}
	return id
}

// escrowID is that of an open escrow mostly, else of a closed one or of none.
func (r *run) escrowID() int64 {
	open := slices.Sorted(maps.Keys(r.model.escrows))
	if len(open) == 0 || r.chance(4) {
		return r.rnd.Int64N(r.model.lastEscrow + 3)
	}
	return oneOf(r, open...)
}

// signers are the one who must sign, mostly; else anybody, or two.
func (r *run) signers(right *account) []*account {
	switch {
	case r.chance(88):
		return []*account{right}
	case r.chance(50):
		return []*account{oneOf(r, r.all...)}
	default:
		other := oneOf(r, r.all...)
		if other == right {
			return []*account{right}
		}
		return []*account{other, right}
	}
}

func (r *run) accountOf(hash util.Uint160) *account {
	for _, a := range r.all {
		if a.hash == hash {
			return a
		}
	}
	panic("unknown account")
}

// next picks a call: first mostly one of those without which nothing can happen, and
// then what moves money more often than the rest.
func (r *run) next() step {
	if lacking := r.lacking(); lacking != nil && r.chance(70) {
		return lacking()
	}
	return oneOf(r, r.deploy, r.deploy, r.relocate, r.setTariff, r.setOperator, r.setOperator, r.undeploy,
		r.registerUser, r.registerUser, r.registerUser, r.unregister,
		r.depositGAS, r.depositGAS, r.depositGAS, r.withdraw, r.withdraw,
		r.openEscrow, r.openEscrow, r.openEscrow, r.openEscrow, r.extendEscrow, r.extendEscrow, r.closeEscrow, r.refund, r.refund,
		r.settle, r.settle, r.settle, r.settle, r.settle, r.settle, r.settle, r.settle, r.upgrade)()
}

// lacking gives a call for which time has come.
func (r *run) lacking() func() step {
	switch m := r.model; {
	case len(m.providers) < 2:
		return r.deploy
	case len(m.balances) < 2:
		return r.depositGAS
	case len(r.pairs()) < 3:
		return r.registerUser
	case len(m.escrows) < 4:
		return r.openEscrow
	}
	return nil
}

// pairs are users who have money, each with a provider with whom they can open escrows.
func (r *run) pairs() [][2]*account {
	var list [][2]*account
	for _, u := range r.users {
		for _, reg := range r.model.registrations[u.hash] {
			if r.model.providers[reg.provider] != nil && r.model.balances[u.hash] > 0 {
				list = append(list, [2]*account{u, r.accountOf(reg.provider)})
			}
		}
	}
	return list
}

func (r *run) step(by *account, expect func(witnesses) outcome, method string, args ...any) step {
	return step{method, r.signers(by), script(call{r.hash, method, args}), expect}
}

func (r *run) deploy() step {
	p := oneOf(r, r.providers...)
	place := oneOf(r, location, location, location, location, "x", "", strings.Repeat("l", rule.MaxLocationLen+r.rnd.IntN(2)))
	return r.step(p, func(by witnesses) outcome { return r.model.deploy(by, p.hash, place) }, "deploy", p.hash, place)
}

func (r *run) relocate() step {
	p := oneOf(r, r.providers...)
	place := oneOf(r, "elsewhere", "there", "", strings.Repeat("l", rule.MaxLocationLen+r.rnd.IntN(2)))
	return r.step(p, func(by witnesses) outcome { return r.model.relocate(by, p.hash, place) }, "relocate", p.hash, place)
}

func (r *run) setTariff() step {
	p := oneOf(r, r.providers...)
	uri := oneOf(r, "https://a", "", strings.Repeat("u", rule.MaxURILen+r.rnd.IntN(2)))
	hash := oneOf(r, someRoot, sha256Of([]byte(uri)), someRoot[1:])
	return r.step(p, func(by witnesses) outcome { return r.model.setTariff(by, p.hash, uri, hash) }, "setTariff", p.hash, uri, hash)
}

func (r *run) setOperator() step {
	p := oneOf(r, r.providers...)
	operator := &oneOf(r, r.operators...).hash
	if r.chance(20) {
		operator = nil
	}
	return r.step(p, func(by witnesses) outcome { return r.model.setOperator(by, p.hash, operator) }, "setOperator", p.hash, orNull(operator))
}

func (r *run) undeploy() step {
	p := oneOf(r, r.providers...)
	if r.chance(60) { // keep most of them
		return r.setOperator()
	}
	return r.step(p, func(by witnesses) outcome { return r.model.undeploy(by, p.hash) }, "undeploy", p.hash)
}

func (r *run) registerUser() step {
	u, p := oneOf(r, r.users...), oneOf(r, r.providers...)
	text := uuidOf(r.rnd.IntN(1 << 30))
	if r.chance(20) {
		text = oneOf(r, strings.ToUpper(text), text[1:], "", strings.Replace(text, "-4", "-1", 1))
	}
	return r.step(u, func(by witnesses) outcome { return r.model.register(by, u.hash, p.hash, text) }, "register", u.hash, p.hash, text)
}

func (r *run) unregister() step {
	u, from := oneOf(r, r.users...), &oneOf(r, r.providers...).hash
	if r.chance(20) {
		return r.step(u, func(by witnesses) outcome { return r.model.unregister(by, u.hash, nil) }, "unregister", u.hash)
	}
	return r.step(u, func(by witnesses) outcome { return r.model.unregister(by, u.hash, from) }, "unregister", u.hash, *from)
}

func (r *run) depositGAS() step {
	from := oneOf(r, r.users...)
	amount := oneOf[int64](r, 0, 1, r.rnd.Int64N(gas), 10*gas, 10*gas)
	var to *util.Uint160
	if r.chance(20) {
		to = &oneOf(r, r.all...).hash
	}
	return step{"deposit", []*account{from},
		script(call{nativehashes.GasToken, "transfer", []any{from.hash, r.hash, amount, orNull(to)}}),
		func(witnesses) outcome { return r.model.deposit(from.hash, amount, to) }}
}

func (r *run) withdraw() step {
	a := oneOf(r, r.all...)
	balance := r.model.balances[a.hash]
	amount := oneOf[int64](r, balance, balance+1, balance/8, balance/8, r.rnd.Int64N(balance+1), 0, -1)
	return r.step(a, func(by witnesses) outcome { return r.model.withdraw(by, a.hash, amount) }, "withdraw", a.hash, amount)
}

func (r *run) upgrade() step {
	owner := r.owner
	if r.model.owner != nil {
		owner = r.accountOf(*r.model.owner)
	}
	to := oneOf(r, r.owner, oneOf(r, r.all...))
	b := r.model.next
	if r.chance(40) {
		b = build{[]byte("other"), b.manifest}
	}
	switch r.rnd.IntN(12) {
	case 0:
		return r.step(owner, r.model.cancelUpdate, "cancelUpdate")
	case 1, 2, 3:
		s := r.step(owner, func(by witnesses) outcome { return r.model.transferOwnership(by, to.hash) }, "transferOwnership", to.hash)
		if to != owner && r.chance(80) {
			s.by = []*account{owner, to}
		}
		return s
	case 4:
		if r.chance(30) {
			return r.step(owner, r.model.renounceOwnership, "renounceOwnership")
		}
		fallthrough
	case 5, 6, 7:
		return r.step(owner, func(by witnesses) outcome { return r.model.scheduleUpdate(by, b) },
			"scheduleUpdate", sha256Of(b.nef), sha256Of(b.manifest))
	default:
		if u := r.model.update; u != nil && string(u.nefHash) != string(sha256Of(r.model.next.nef)) {
			b = r.model.next // the VM would refuse other bytes in its own words
		}
		return r.step(owner, func(by witnesses) outcome { return r.model.applyUpdate(by, b) }, "update", b.nef, b.manifest, nil)
	}
}
