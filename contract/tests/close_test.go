package tests

import (
	"testing"

	"github.com/stretchr/testify/require"

	"krypton/contract/fault"
	"krypton/contract/rule"
)

func TestCloseEscrowByUser(t *testing.T) {
	s := newScene(t)
	id, openedAt, endsAt, _ := s.opened()
	s.refuse(fault.Witness, s.stranger, "closeEscrow", id)
	s.pass(10_000)
	aer := s.do(s.user, "closeEscrow", id)
	now := int64(s.now())
	window := usualTerms().window
	s.expectEvents(aer, emitted("EscrowClosing", id, now, now+window))
	require.Equal(t, items(s.user.hash, s.provider.hash, gas, 0, 100_000, 0, 60, 2, openedAt, now, now+window, nil, 0, 0, 0),
		plain(s.get("escrow", id)))
	s.refuse(fault.Closing, s.user, "closeEscrow", id)
	require.EqualValues(t, 99*gas, s.balance(s.user.hash))
	// What was used until then can be claimed, nothing later.
	s.pass(100_000)
	s.expectCode(rule.OverTime, s.provider, claimOf(id, 0, 1, 2*11+60+1, 1))
	s.expectCode(rule.Accepted, s.provider, claimOf(id, 0, 1, 2*11+60, 1))

	// After its end, closing changes no time.
	id, _, endsAt, _ = s.opened()
	s.block(uint64(endsAt))
	s.pass(5)
	s.expectEvents(s.do(s.user, "closeEscrow", id), emitted("EscrowClosing", id, endsAt, endsAt+window))
	s.refuse(fault.Closing, s.user, "closeEscrow", id)
}

func TestCloseEscrowByProvider(t *testing.T) {
	s := newScene(t)
	s.do(s.provider, "setOperator", s.provider.hash, s.operator.hash)
	id := s.open(usualTerms())
	s.pass(10_000)
	s.settle(s.provider, claimOf(id, 0, 100, 1, 1))
	s.refuse(fault.Witness, s.operator, "closeEscrow", id)
	s.expectEvents(s.do(s.provider, "closeEscrow", id), emitted("EscrowClosed", id, gas-100))
	require.EqualValues(t, 100*gas-100, s.balance(s.user.hash))
	require.EqualValues(t, 100, s.balance(s.provider.hash))
	require.Empty(t, s.escrowsOf(s.user.hash))
	s.refuse(fault.NoEscrow, s.provider, "closeEscrow", id)
	// While the user is waiting, and after the provider has left the registry.
	id = s.open(usualTerms())
	s.do(s.user, "closeEscrow", id)
	s.do(s.provider, "undeploy", s.provider.hash)
	s.expectEvents(s.do(s.provider, "closeEscrow", id), emitted("EscrowClosed", id, gas))
}

func TestRefund(t *testing.T) {
	s := newScene(t)
	id, _, _, deadline := s.opened()
	s.pass(60_000)
	s.settle(s.provider, claimOf(id, 0, 1000, 10, 1))
	refund := script(call{s.hash, "refund", []any{id}})
	s.refuse(fault.NotExpired, s.user, "refund", id)
	s.do(s.provider, "undeploy", s.provider.hash)
	aer := s.runAt(uint64(deadline), refund, s.stranger)
	requireFault(t, fault.NotExpired, aer.FaultException)
	aer = s.runAt(uint64(deadline+1), refund, s.stranger)
	s.expectEvents(aer, emitted("EscrowClosed", id, gas-1000))
	require.EqualValues(t, 100*gas-1000, s.balance(s.user.hash))
	s.refuse(fault.NoEscrow, s.stranger, "refund", id)
}

// TestRefundOfNothing: an escrow that is used up gives nothing back, and is gone.
func TestRefundOfNothing(t *testing.T) {
	s := newScene(t)
	s.do(s.user, "withdraw", s.user.hash, 99*gas)
	id := s.open(usualTerms())
	require.Zero(t, s.balance(s.user.hash))
	s.pass(3_600_000)
	last := claimOf(id, 0, gas, 1000, 1)
	last.close = true
	s.expectEvents(s.settle(s.provider, last), emitted("EscrowSettled", id, 0, gas, 1000, 1, someRoot, gas),
		emitted("EscrowClosed", id, 0))
	require.NotContains(t, s.storage(), string(balanceKey(s.user.hash)))
	require.Nil(t, s.get("escrow", id).Value())
}
