package tests

import (
	"math/big"
	"strings"
	"testing"

	"github.com/nspcc-dev/neo-go/pkg/vm/stackitem"
	"github.com/nspcc-dev/neo-go/pkg/vm/vmstate"
	"github.com/stretchr/testify/require"

	"krypton/contract/fault"
	"krypton/contract/rule"
)

func TestSettleByOperator(t *testing.T) {
	s := newScene(t)
	id := s.open(usualTerms())
	s.pass(60_000)
	s.expectCode(rule.NotAuthorised, s.operator, claimOf(id, 0, 1, 1, 1))
	s.do(s.provider, "setOperator", s.provider.hash, s.operator.hash)
	s.expectCode(rule.Accepted, s.operator, claimOf(id, 0, 1, 1, 1))
	require.EqualValues(t, 1, s.balance(s.provider.hash))
	require.Zero(t, s.balance(s.operator.hash))
	s.do(s.provider, "setOperator", s.provider.hash, nil)
	s.expectCode(rule.NotAuthorised, s.operator, claimOf(id, 1, 1, 1, 1))
	s.do(s.provider, "setOperator", s.provider.hash, s.operator.hash)
	s.do(s.provider, "undeploy", s.provider.hash)
	s.expectCode(rule.NotAuthorised, s.operator, claimOf(id, 1, 1, 1, 1))
	s.expectCode(rule.Accepted, s.provider, claimOf(id, 1, 1, 1, 1))
	for _, other := range []*account{s.user, s.stranger, s.owner} {
		s.expectCode(rule.NotAuthorised, other, claimOf(id, 2, 1, 1, 1))
	}
}

// TestClaimCodes goes over each bound, and stands on it.
func TestClaimCodes(t *testing.T) {
	s := newScene(t)
	x := usualTerms()
	x.fee, x.parallel, x.increment = 7, 3, 10
	id := s.open(x)
	openedAt := s.now()
	// A claim in the very block that opens the escrow: no time has passed.
	s.expectCode(rule.UnknownEscrow, s.provider, claimOf(id+1, 0, 1, 1, 1))
	s.expectCode(rule.UnknownEscrow, s.provider, claimOf(0, 0, 1, 1, 1))
	s.expectCode(rule.UnknownEscrow, s.provider, claimOf(rule.MaxInt, 0, 1, 1, 1))
	s.expectCode(rule.StaleSequence, s.provider, claimOf(id, 1, 1, 1, 1))
	s.expectCode(rule.StaleSequence, s.provider, claimOf(id, rule.MaxInt, 1, 1, 1))
	s.block(openedAt + 100_000)
	s.expectCode(rule.OverAmount, s.provider, claimOf(id, 0, gas+1, 10_000, 1))
	s.expectCode(rule.OverAmount, s.provider, claimOf(id, 0, rule.MaxInt, rule.MaxInt, rule.MaxInt))
	s.expectCode(rule.OverRate, s.provider, claimOf(id, 0, 5*100_000+2*7+1, 5, 2))
	s.expectCode(rule.OverRate, s.provider, claimOf(id, 0, 8, 0, 1))
	// 100.001 seconds and more count as 101: 303 calls, 303 seconds and 10 for each call.
	for _, c := range []claim{claimOf(id, 0, 1, 1, 304), claimOf(id, 0, 1, 314, 1), claimOf(id, 0, 0, rule.MaxInt, 1), claimOf(id, 0, 0, 0, rule.MaxInt)} {
		s.expectCode(rule.OverTime, s.provider, c)
	}
	s.expectCode(rule.Accepted, s.provider, claimOf(id, 0, 5*100_000+2*7, 5, 2))
	s.expectCode(rule.StaleSequence, s.provider, claimOf(id, 0, 1, 1, 1))
	// Totals count, not the claim alone: 2 calls and 5 seconds are gone.
	s.block(openedAt + 101_000 - 1)
	s.expectCodeAt(openedAt+101_000, rule.OverTime, claimOf(id, 1, 1, 1, 302))
	s.block(openedAt + 102_000 - 1)
	s.expectCodeAt(openedAt+102_000, rule.OverTime, claimOf(id, 1, 0, 306+10*306-5+1, 304))
	s.expectCode(rule.OverAmount, s.provider, claimOf(id, 1, gas-500_014+1, 10_000, 1))
	s.expectCodeAt(openedAt+103_000, rule.Accepted, claimOf(id, 1, 0, 309+10*306-5, 304))
	require.Equal(t, items(gas, 500_014, 2, 309+10*306, 306), pick(s.get("escrow", id), 2, 3, 12, 13, 14))
}

// TestElapsedRoundsUp: the 1001st millisecond begins the second second.
func TestElapsedRoundsUp(t *testing.T) {
	s := newScene(t)
	x := usualTerms()
	x.parallel, x.rate, x.fee = 1, 0, 1
	for passed, seconds := range map[uint64]int64{1: 1, 999: 1, 1000: 1, 1001: 2, 2000: 2, 2001: 3} {
		id := s.open(x)
		at := s.now() + passed
		c := claimOf(id, 0, 1, 0, seconds+1)
		if passed > 1 {
			s.expectCodeAt(at-1, rule.OverTime, c)
		}
		c.calls = seconds
		s.expectCodeAt(at, rule.Accepted, c)
	}
}

func (s *scene) expectCodeAt(at uint64, code int64, c claim) {
	s.t.Helper()
	aer := s.runAt(at, script(call{s.hash, "settle", []any{claims(c)}}), s.provider)
	require.Equal(s.t, vmstate.Halt, aer.VMState, aer.FaultException)
	if code == rule.Accepted {
		require.Equal(s.t, "EscrowSettled", s.events(aer)[0].Name, "%v", s.events(aer)[0].Item)
	} else {
		s.expectEvents(aer, emitted("ClaimRejected", c.id, c.seq, code))
	}
}

func pick(list stackitem.Item, positions ...int) []any {
	var picked []any
	for _, i := range positions {
		picked = append(picked, plain(list.Value().([]stackitem.Item)[i]))
	}
	return picked
}

func TestTimeEnds(t *testing.T) {
	s := newScene(t)
	x := usualTerms()
	x.duration, x.parallel, x.increment = rule.MinDuration, 1, 1
	id := s.open(x)
	openedAt := s.now()
	deadline := openedAt + uint64(x.duration+x.window)
	// Long after its end an hour does not count: 60 seconds is all there was.
	s.block(deadline - 1)
	s.expectCodeAt(deadline, rule.OverTime, claimOf(id, 0, 1, 62, 1))
	s.expectCodeAt(deadline+1, rule.PastDeadline, claimOf(id, 0, 1, 61, 1))

	id = s.open(x)
	deadline = s.now() + uint64(x.duration+x.window)
	s.expectCodeAt(deadline, rule.Accepted, claimOf(id, 0, 1, 61, 1))
}

func TestMalformedClaims(t *testing.T) {
	s := newScene(t)
	id := s.open(usualTerms())
	s.pass(60_000)
	good := claimOf(id, 0, 1, 1, 1).list()
	expect := func(position int, wantID, wantSeq any, values ...any) {
		t.Helper()
		for _, value := range values {
			c := append([]any{}, good...)
			c[position] = value
			s.expectEvents(s.do(s.provider, "settle", []any{c}), emitted("ClaimRejected", wantID, wantSeq, rule.Malformed))
		}
	}
	expect(0, -1, 0, badIntegers(0)...)
	expect(1, id, -1, badIntegers(0)...)
	expect(2, id, 0, badIntegers(0)...)
	expect(3, id, 0, badIntegers(0)...)
	expect(4, id, 0, badIntegers(1)...)
	root := someRoot
	expect(5, id, 0, nil, "", root[1:], append(root, 0), 5, true, []any{}, aMap, aBuffer, anObject, aPointer, strings.Repeat("x", 60_000))
	expect(6, id, 0, badIntegers(0)[1:]...) // null is no voucher
	expect(7, id, 0, 5, true, []any{}, aMap, aStruct, anObject, aPointer, anArrayOfItself)
	expect(8, id, 0, nil, 0, 1, "", "\x01", []any{}, aMap, aBuffer, anObject, aPointer, strings.Repeat("x", 60_000))
	require.Equal(t, items(0, 0), pick(s.get("escrow", id), 3, 12))
	// Without a voucher key nobody looks at the voucher.
	for seq, ignored := range []any{nil, "", "x", strings.Repeat("x", 60_000), aBuffer} {
		c := append([]any{}, good...)
		c[1], c[6], c[7] = seq, nil, ignored
		require.Equal(t, "EscrowSettled", s.events(s.do(s.provider, "settle", []any{c}))[0].Name)
	}
}

// TestClaimShapes: what is no array of 9 items is a mistake of the whole call.
func TestClaimShapes(t *testing.T) {
	s := newScene(t)
	id := s.open(usualTerms())
	s.pass(60_000)
	good := claimOf(id, 0, 1, 1, 1).list()
	for _, bad := range []any{nil, 5, "", "123456789", true, []any{}, good[:8], append(good, 0), aMap, aStruct, aBuffer, anObject, aPointer} {
		s.refuse(fault.Claim, s.provider, "settle", []any{good, bad})
	}
	require.Equal(t, items(0), []any{plain(s.do(s.provider, "settle", []any{}).Stack[0])})
	for _, bad := range []any{true, 5, "x", anObject} {
		aer := s.run(script(call{s.hash, "settle", []any{bad}}), s.provider)
		require.Equal(t, vmstate.Fault, aer.VMState)
	}
	require.Equal(t, items(0), pick(s.get("escrow", id), 12))
}

// TestBatch: several providers and one who is both, mixed, closed, and bad ones in between.
func TestBatch(t *testing.T) {
	s := newScene(t)
	other := s.fund(newAccount("other provider"))[0]
	s.do(other, "deploy", other.hash, location)
	s.do(s.user, "register", s.user.hash, other.hash, uuid)
	s.do(s.provider, "register", s.provider.hash, s.provider.hash, uuid)
	s.deposit(s.provider, gas)
	first, second := s.open(usualTerms()), s.open(usualTerms())
	third := s.do(s.user, "openEscrow", openArgs(s.user.hash, other.hash, usualTerms())...).Stack[0].Value().(*big.Int).Int64()
	own := s.do(s.provider, "openEscrow", openArgs(s.provider.hash, s.provider.hash, usualTerms())...).Stack[0].Value().(*big.Int).Int64()
	s.pass(60_000)
	closing := claimOf(second, 0, 20, 1, 1)
	closing.close = true
	closingOwn := claimOf(own, 0, 300, 1, 1)
	closingOwn.close = true
	list := claims(claimOf(first, 0, 1, 1, 1), claimOf(third, 0, 4000, 1, 1), closing, claimOf(first, 0, 1, 1, 1),
		claimOf(second, 1, 1, 1, 1), closingOwn, claimOf(first, 1, 2, 1, 1))
	aer := s.run(script(call{s.hash, "settle", []any{list}}), s.provider, other)
	require.Equal(t, vmstate.Halt, aer.VMState, aer.FaultException)
	require.Equal(t, items(5), []any{plain(aer.Stack[0])})
	s.expectEvents(aer,
		emitted("EscrowSettled", first, 0, 1, 1, 1, someRoot, 1),
		emitted("EscrowSettled", third, 0, 4000, 1, 1, someRoot, 4000),
		emitted("EscrowSettled", second, 0, 20, 1, 1, someRoot, 20),
		emitted("EscrowClosed", second, gas-20),
		emitted("ClaimRejected", first, 0, rule.StaleSequence),
		emitted("ClaimRejected", second, 1, rule.UnknownEscrow),
		emitted("EscrowSettled", own, 0, 300, 1, 1, someRoot, 300),
		emitted("EscrowClosed", own, gas-300),
		emitted("EscrowSettled", first, 1, 2, 1, 1, someRoot, 3))
	require.EqualValues(t, 1+20+300+2+gas-300, s.balance(s.provider.hash))
	require.EqualValues(t, 4000, s.balance(other.hash))
	require.EqualValues(t, 100*gas-3*gas+gas-20, s.balance(s.user.hash))
	// Authority over one provider is none over the next.
	aer = s.settle(other, claimOf(third, 1, 1, 1, 1), claimOf(first, 2, 1, 1, 1), claimOf(third, 2, 1, 1, 1))
	s.expectEvents(aer, emitted("EscrowSettled", third, 1, 1, 1, 1, someRoot, 4001),
		emitted("ClaimRejected", first, 2, rule.NotAuthorised),
		emitted("EscrowSettled", third, 2, 1, 1, 1, someRoot, 4002))
	require.EqualValues(t, 4002, s.balance(other.hash))
}
