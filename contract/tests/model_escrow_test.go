package tests

import (
	"crypto/elliptic"
	"math/big"

	"github.com/nspcc-dev/neo-go/pkg/crypto/keys"
	"github.com/nspcc-dev/neo-go/pkg/util"

	"krypton/contract/fault"
	"krypton/contract/rule"
)

func (m *model) openEscrow(by witnesses, user, p util.Uint160, x terms) outcome {
	switch {
	case !by[user]:
		return refused(fault.Witness)
	case x.amount < 1:
		return refused(fault.Amount)
	case x.rate < 0:
		return refused(fault.Rate)
	case x.fee < 0:
		return refused(fault.Fee)
	case x.rate == 0 && x.fee == 0:
		return refused(fault.FreeOfCost)
	case x.increment < 1 || x.increment > 3600:
		return refused(fault.Increment)
	case x.parallel < 1 || x.parallel > 100:
		return refused(fault.MaxParallel)
	case x.duration < 60_000 || x.duration > 90*86_400_000:
		return refused(fault.Duration)
	case x.window < 600_000 || x.window > 7*86_400_000:
		return refused(fault.ClaimWindow)
	case m.providers[p] == nil:
		return refused(fault.NotDeployed)
	case len(m.without(user, p)) == len(m.registrations[user]):
		return refused(fault.NotRegistered)
	case x.amount > m.balances[user]:
		return refused(fault.Balance)
	}
	m.credit(user, -x.amount)
	m.lastEscrow++
	e := &escrowEntry{user: user, provider: p, number: m.providers[p].number, amount: x.amount, rate: x.rate, fee: x.fee,
		increment: x.increment, parallel: x.parallel, openedAt: m.now, endsAt: m.now + x.duration, window: x.window, key: x.key}
	m.escrows[m.lastEscrow] = e
	return done(m.lastEscrow, emitted("EscrowOpened", m.lastEscrow, user, p, x.amount, x.rate, x.fee, x.increment, x.parallel,
		m.now, e.endsAt, e.endsAt+x.window, nullable(x.key)))
}

func (m *model) extendEscrow(by witnesses, id, amount, duration int64) outcome {
	e := m.escrows[id]
	switch {
	case e == nil:
		return refused(fault.NoEscrow)
	case !by[e.user]:
		return refused(fault.Witness)
	case amount < 0:
		return refused(fault.Amount)
	case duration < 0 || duration > rule.MaxDuration:
		return refused(fault.Duration)
	case amount == 0 && duration == 0:
		return refused(fault.NothingToExtend)
	case e.closing:
		return refused(fault.Closing)
	case m.now >= e.endsAt:
		return refused(fault.Ended)
	case e.endsAt+duration > m.now+rule.MaxDuration:
		return refused(fault.Duration)
	case amount > m.balances[e.user]:
		return refused(fault.Balance)
	}
	m.credit(e.user, -amount)
	e.amount += amount
	e.endsAt += duration
	return done(nil, emitted("EscrowExtended", id, amount, e.endsAt, e.endsAt+e.window))
}

func (m *model) closeEscrow(by witnesses, id int64) outcome {
	e := m.escrows[id]
	switch {
	case e == nil:
		return refused(fault.NoEscrow)
	case by[e.provider]:
		return done(nil, m.closed(id))
	case !by[e.user]:
		return refused(fault.Witness)
	case e.closing:
		return refused(fault.Closing)
	}
	deadline := min(e.endsAt+e.window, m.now+e.window)
	e.endsAt = min(e.endsAt, m.now)
	e.closing = true
	return done(nil, emitted("EscrowClosing", id, e.endsAt, deadline))
}

func (m *model) refund(id int64) outcome {
	e := m.escrows[id]
	switch {
	case e == nil:
		return refused(fault.NoEscrow)
	case m.now <= e.endsAt+e.window:
		return refused(fault.NotExpired)
	}
	return done(nil, m.closed(id))
}

func (m *model) closed(id int64) event {
	e := m.escrows[id]
	delete(m.escrows, id)
	m.credit(e.user, e.amount-e.spent)
	return emitted("EscrowClosed", id, e.amount-e.spent)
}

func (m *model) settle(by witnesses, list []claim) outcome {
	if len(list) > rule.MaxClaims {
		return refused(fault.TooManyClaims)
	}
	var events []event
	var accepted int64
	for _, c := range list {
		if code := m.judge(by, c); code != rule.Accepted {
			events = append(events, emitted("ClaimRejected", max(c.id, -1), max(c.seq, -1), code))
			continue
		}
		accepted++
		e := m.escrows[c.id]
		e.spent += c.amount
		e.seconds += c.seconds
		e.calls += c.calls
		e.seq++
		m.credit(e.provider, c.amount)
		events = append(events, emitted("EscrowSettled", c.id, c.seq, c.amount, c.seconds, c.calls, c.root, e.spent))
		if c.close {
			events = append(events, m.closed(c.id))
		}
	}
	return done(accepted, events...)
}

func (m *model) judge(by witnesses, c claim) int64 {
	if min(c.id, c.seq, c.amount, c.seconds, c.total) < 0 || c.calls < 1 || len(c.root) != 32 {
		return rule.Malformed
	}
	e := m.escrows[c.id]
	if e == nil {
		return rule.UnknownEscrow
	}
	p := m.providers[e.provider]
	if !by[e.provider] && (p == nil || p.operator == nil || !by[*p.operator]) {
		return rule.NotAuthorised
	}
	n := big.NewInt
	sum := func(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) }
	product := func(a, b *big.Int) *big.Int { return new(big.Int).Mul(a, b) }
	spent := sum(n(e.spent), n(c.amount))
	elapsed := (min(m.now, e.endsAt) - e.openedAt + 999) / 1000
	bound := n(e.parallel * elapsed)
	calls := sum(n(e.calls), n(c.calls))
	seconds := sum(n(e.seconds), n(c.seconds))
	switch {
	case c.seq != e.seq:
		return rule.StaleSequence
	case m.now > e.endsAt+e.window:
		return rule.PastDeadline
	case spent.Cmp(n(e.amount)) > 0:
		return rule.OverAmount
	case n(c.amount).Cmp(sum(product(n(e.rate), n(c.seconds)), product(n(e.fee), n(c.calls)))) > 0:
		return rule.OverRate
	case calls.Cmp(bound) > 0 || seconds.Cmp(sum(bound, product(n(e.increment), calls))) > 0:
		return rule.OverTime
	case e.key != nil && !m.covers(e, c):
		return rule.BadVoucher
	}
	return rule.Accepted
}

func (m *model) covers(e *escrowEntry, c claim) bool {
	key, err := keys.NewPublicKeyFromBytes(e.key, elliptic.P256())
	if err != nil || len(c.signature) != 64 || c.total < e.spent+c.amount {
		return false
	}
	return key.Verify(c.signature, sha256Of(voucherBytes(m.magic, m.self, uint64(c.id), uint64(c.total))))
}
