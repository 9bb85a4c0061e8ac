package tests

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCall is the whole way of a call's money: deposit, escrow, claim, payout.
func TestCall(t *testing.T) {
	s := newScene(t)
	id := s.open(usualTerms())
	require.EqualValues(t, 99*gas, s.balance(s.user.hash))
	s.pass(30_000)
	s.expectCode(0, s.provider, claimOf(id, 0, 3_000_000, 30, 1))
	require.EqualValues(t, 3_000_000, s.balance(s.provider.hash))
	s.pass(60_000)
	last := claimOf(id, 1, 6_000_000, 60, 1)
	last.close = true
	aer := s.settle(s.provider, last)
	s.expectEvents(aer,
		emitted("EscrowSettled", id, 1, 6_000_000, 60, 1, someRoot, 9_000_000),
		emitted("EscrowClosed", id, gas-9_000_000))
	t.Log("last claim", aer.GasConsumed)
	require.EqualValues(t, 100*gas-9_000_000, s.balance(s.user.hash))
	s.do(s.provider, "withdraw", s.provider.hash, 9_000_000)
	require.Zero(t, s.balance(s.provider.hash))
	require.Nil(t, s.get("escrow", id).Value())
}

// TestCallWithVoucher: the provider is paid up to what the user signed.
func TestCallWithVoucher(t *testing.T) {
	s := newScene(t)
	id, key := s.openWithVoucher()
	s.pass(30_000)
	c := claimOf(id, 0, 3_000_000, 30, 1)
	c.total, c.signature = 3_000_000, s.voucher(key, id, 3_000_000)
	s.expectCode(0, s.provider, c)
}
