package tests

import (
	"testing"

	"github.com/nspcc-dev/neo-go/pkg/core/interop/storage"
	"github.com/nspcc-dev/neo-go/pkg/encoding/bigint"
	"github.com/nspcc-dev/neo-go/pkg/util"
	"github.com/nspcc-dev/neo-go/pkg/vm/vmstate"
	"github.com/stretchr/testify/require"

	"krypton/contract/fault"
	"krypton/contract/rule"
)

func TestOpenEscrow(t *testing.T) {
	s := newScene(t)
	widest := terms{amount: 50 * gas, rate: rule.MaxInt, fee: rule.MaxInt, increment: rule.MaxIncrement, parallel: rule.MaxParallel,
		duration: rule.MaxDuration, window: rule.MaxClaimWindow, key: voucherKey("phone").PublicKey().Bytes()}
	narrowest := terms{amount: 1, rate: 1, increment: 1, parallel: 1, duration: rule.MinDuration, window: rule.MinClaimWindow}
	feeOnly := narrowest
	feeOnly.rate, feeOnly.fee = 0, 128
	free := int64(100 * gas)
	for i, x := range []terms{widest, narrowest, feeOnly, usualTerms()} {
		id := int64(i + 1)
		aer := s.do(s.user, "openEscrow", openArgs(s.user.hash, s.provider.hash, x)...)
		require.Equal(t, items(id), []any{plain(aer.Stack[0])})
		now := int64(s.now())
		free -= x.amount
		var key any
		if x.key != nil {
			key = x.key
		}
		s.expectEvents(aer, emitted("EscrowOpened", id, s.user.hash, s.provider.hash, x.amount, x.rate, x.fee, x.increment,
			x.parallel, now, now+x.duration, now+x.duration+x.window, key))
		require.Equal(t, items(s.user.hash, s.provider.hash, x.amount, 0, x.rate, x.fee, x.increment, x.parallel, now,
			now+x.duration, now+x.duration+x.window, key, 0, 0, 0), plain(s.get("escrow", id)))
		require.Equal(t, free, s.balance(s.user.hash))
	}
	require.ElementsMatch(t, []int64{1, 2, 3, 4}, s.escrowsOf(s.user.hash))
	require.Empty(t, s.escrowsOf(s.provider.hash))
	for _, none := range append(badIntegers(1), 5) {
		require.Nil(t, s.get("escrow", none).Value())
	}
	for _, bad := range notHashes {
		s.refuseGet(fault.Account, "escrowsOf", bad)
	}
}

func (w *world) escrowsOf(user util.Uint160) []int64 {
	var ids []int64
	vm, done := w.vm(script(call{w.hash, "escrowsOf", []any{user}}))
	defer done()
	require.NoError(w.t, vm.Run())
	iterator := vm.Estack().Pop().Value().(*storage.Iterator)
	for iterator.Next() {
		key, err := iterator.Value().TryBytes()
		require.NoError(w.t, err)
		ids = append(ids, bigint.FromBytes(key).Int64())
	}
	return ids
}

// TestOpenEscrowRefused tries what is out of bounds for each argument.
func TestOpenEscrowRefused(t *testing.T) {
	s := newScene(t)
	const amount, rate, fee, increment, parallel, duration, window, key = 2, 3, 4, 5, 6, 7, 8, 9
	refuse := func(message string, position int, values ...any) {
		t.Helper()
		for _, value := range values {
			args := openArgs(s.user.hash, s.provider.hash, usualTerms())
			args[position] = value
			s.refuse(message, s.user, "openEscrow", args...)
		}
	}
	above := func(limit int64) []any { return append(badIntegers(1), limit+1) }
	refuse(fault.Amount, amount, badIntegers(1)...)
	refuse(fault.Balance, amount, 100*gas+1, int64(rule.MaxInt))
	refuse(fault.Rate, rate, badIntegers(0)...)
	refuse(fault.Fee, fee, badIntegers(0)...)
	refuse(fault.FreeOfCost, rate, 0) // the usual fee is 0 too
	refuse(fault.Increment, increment, above(rule.MaxIncrement)...)
	refuse(fault.MaxParallel, parallel, above(rule.MaxParallel)...)
	refuse(fault.Duration, duration, append(above(rule.MaxDuration), rule.MinDuration-1)...)
	refuse(fault.ClaimWindow, window, append(above(rule.MaxClaimWindow), rule.MinClaimWindow-1)...)
	point := voucherKey("phone").PublicKey().Bytes()
	refuse(fault.VoucherKey, key, point[1:], append(point, 0), "", 5, aMap, anObject)
	refuse(fault.Account, 0, notHashes...)
	refuse(fault.Account, 1, notHashes...)
	refuse(fault.Witness, 0, s.stranger.hash)
	refuse(fault.NotDeployed, 1, s.stranger.hash)
	s.do(s.stranger, "deploy", s.stranger.hash, location)
	refuse(fault.NotRegistered, 1, s.stranger.hash)
	s.do(s.provider, "undeploy", s.provider.hash)
	refuse(fault.NotDeployed, 1, s.provider.hash)
}

// opened gives an escrow of usual terms, and its times.
func (s *scene) opened() (id, openedAt, endsAt, deadline int64) {
	id = s.open(usualTerms())
	openedAt = int64(s.now())
	endsAt = openedAt + usualTerms().duration
	return id, openedAt, endsAt, endsAt + usualTerms().window
}

func TestExtendEscrow(t *testing.T) {
	s := newScene(t)
	x := usualTerms()
	x.key = voucherKey("phone").PublicKey().Bytes()
	x.fee = 70_000
	id := s.open(x)
	openedAt := int64(s.now())
	endsAt := openedAt + x.duration
	expect := func(amount, endsAt int64) {
		t.Helper()
		require.Equal(t, items(s.user.hash, s.provider.hash, amount, 0, x.rate, x.fee, x.increment, x.parallel, openedAt,
			endsAt, endsAt+x.window, x.key, 0, 0, 0), plain(s.get("escrow", id)))
	}
	s.expectEvents(s.do(s.user, "extendEscrow", id, 40*gas, 0), emitted("EscrowExtended", id, 40*gas, endsAt, endsAt+x.window))
	expect(41*gas, endsAt)
	s.expectEvents(s.do(s.user, "extendEscrow", id, 0, 500), emitted("EscrowExtended", id, 0, endsAt+500, endsAt+500+x.window))
	expect(41*gas, endsAt+500)
	s.do(s.user, "extendEscrow", id, 1, 1)
	expect(41*gas+1, endsAt+501)
	require.EqualValues(t, 59*gas-1, s.balance(s.user.hash))

	s.refuse(fault.NothingToExtend, s.user, "extendEscrow", id, 0, 0)
	s.refuse(fault.Balance, s.user, "extendEscrow", id, 59*gas, 0)
	s.refuse(fault.Balance, s.user, "extendEscrow", id, int64(rule.MaxInt), 0)
	for _, bad := range badIntegers(0) {
		s.refuse(fault.Amount, s.user, "extendEscrow", id, bad, 1)
		s.refuse(fault.Duration, s.user, "extendEscrow", id, 1, bad)
	}
	for _, bad := range append(badIntegers(1), id+1) {
		s.refuse(fault.NoEscrow, s.user, "extendEscrow", bad, 1, 1)
		s.refuse(fault.NoEscrow, s.user, "closeEscrow", bad)
		s.refuse(fault.NoEscrow, s.user, "refund", bad)
	}
	s.refuse(fault.Witness, s.provider, "extendEscrow", id, 1, 1)
	// At most 90 days from the block's time.
	room := int64(s.now()) + 1 + rule.MaxDuration - (endsAt + 501)
	s.refuse(fault.Duration, s.user, "extendEscrow", id, 0, room+1)
	s.do(s.user, "extendEscrow", id, 0, room+1) // a block later it is one more
}

func TestExtendEnds(t *testing.T) {
	s := newScene(t)
	id, _, endsAt, _ := s.opened()
	extend := script(call{s.hash, "extendEscrow", []any{id, 1, 0}})
	aer := s.runAt(uint64(endsAt-1), extend, s.user)
	require.Equal(t, vmstate.Halt, aer.VMState)
	s.refuseScript(fault.Ended, extend, s.user) // in the next millisecond
	id = s.open(usualTerms())
	s.do(s.user, "closeEscrow", id)
	s.refuse(fault.Closing, s.user, "extendEscrow", id, 1, 0)
}

// TestLargestAmount: an escrow never grows over the range of its amount. No chain has
// so much GAS, so the balance is planted.
func TestLargestAmount(t *testing.T) {
	s := newScene(t)
	rich := s.fund(newAccount("rich"))[0]
	s.plant(balanceKey(rich.hash), idBytes(rule.MaxInt))
	s.do(rich, "register", rich.hash, s.provider.hash, uuid)
	x := usualTerms()
	x.amount = rule.MaxInt - 5
	s.do(rich, "openEscrow", openArgs(rich.hash, s.provider.hash, x)...)
	s.deposit(rich, gas)
	s.refuse(fault.Amount, rich, "extendEscrow", 1, 6, 0)
	s.do(rich, "extendEscrow", 1, 5, 0)
	require.Equal(t, items(int64(rule.MaxInt)), pick(s.get("escrow", 1), 2))
}
