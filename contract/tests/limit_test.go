package tests

import (
	"testing"

	"github.com/nspcc-dev/neo-go/pkg/core/transaction"
	"github.com/nspcc-dev/neo-go/pkg/vm/stackitem"
	"github.com/nspcc-dev/neo-go/pkg/vm/vmstate"
	"github.com/stretchr/testify/require"

	"krypton/contract/fault"
	"krypton/contract/rule"
)

const (
	maxNotifications = 512 // of one transaction
	opensPerTx       = 100
)

// openMany opens escrows, many in a transaction, and gives the first id.
func (s *scene) openMany(count int, x terms) int64 {
	first := s.open(x)
	for left := count - 1; left > 0; left -= opensPerTx {
		var calls []call
		for range min(left, opensPerTx) {
			calls = append(calls, call{s.hash, "openEscrow", openArgs(s.user.hash, s.provider.hash, x)})
		}
		s.mustRun(script(calls...), s.user)
	}
	return first
}

// batch is a script that settles count claims, the next of one escrow each, in as
// many calls as it takes.
func (s *scene) batch(first int64, count int, seq int64, x terms) []byte {
	return s.batchOf(first, count, seq, x, false)
}

func (s *scene) batchOf(first int64, count int, seq int64, x terms, closing bool) []byte {
	var calls []call
	for from := 0; from < count; from += rule.MaxClaims {
		var list []claim
		for i := from; i < min(count, from+rule.MaxClaims); i++ {
			c := claimOf(first+int64(i), seq, 1_000_000, 60, 1)
			c.close = closing
			if x.key != nil {
				c.total = (seq + 1) * c.amount
				c.signature = s.voucher(voucherKey("phone"), c.id, c.total)
			}
			list = append(list, c)
		}
		calls = append(calls, call{s.hash, "settle", []any{claims(list...)}})
	}
	return script(calls...)
}

// batchTerms leave room for many small escrows.
func batchTerms(withVoucher bool) terms {
	x := usualTerms()
	x.amount = gas / 10
	if withVoucher {
		x.key = voucherKey("phone").PublicKey().Bytes()
	}
	return x
}

// TestLargestBatch: 512 claims in one transaction, with and without vouchers, and one
// notification more is too many.
func TestLargestBatch(t *testing.T) {
	for _, withVoucher := range []bool{false, true} {
		s := newScene(t)
		x := batchTerms(withVoucher)
		first := s.openMany(maxNotifications+1, x)
		s.pass(600_000)
		aer := s.run(s.batch(first, maxNotifications+1, 0, x), s.provider)
		require.Equal(t, vmstate.Fault, aer.VMState)
		require.Contains(t, aer.FaultException, "notification count")
		require.Zero(t, s.balance(s.provider.hash))
		tx := s.sign(s.unsigned(s.batch(first, maxNotifications, 0, x), scoped(transaction.CalledByEntry, s.provider)...), s.provider)
		s.block(0, tx)
		aer = s.result(tx)
		require.Equal(t, vmstate.Halt, aer.VMState, aer.FaultException)
		require.Len(t, s.events(aer), maxNotifications)
		require.EqualValues(t, maxNotifications*1_000_000, s.balance(s.provider.hash))
		require.Less(t, tx.Size(), transaction.MaxTransactionSize)
		require.Less(t, len(tx.Script), transaction.MaxScriptLength)
	}
}

// TestLargestClosingBatch: a claim that closes makes two notifications.
func TestLargestClosingBatch(t *testing.T) {
	s := newScene(t)
	const most = maxNotifications / 2
	first := s.openMany(most+1, batchTerms(false))
	s.pass(600_000)
	aer := s.run(s.batchOf(first, most+1, 0, batchTerms(false), true), s.provider)
	require.Contains(t, aer.FaultException, "notification count")
	s.mustRun(s.batchOf(first, most, 0, batchTerms(false), true), s.provider)
	require.Len(t, s.escrowsOf(s.user.hash), 1)
	s.requireSolvent(gas/10, s.user.hash, s.provider.hash)
}

// TestAttackStackLimit: 128 claims of the fattest kind fit, 129 are told to be too many
// instead of breaking the VM's stack.
func TestAttackStackLimit(t *testing.T) {
	s := newScene(t)
	id := s.open(usualTerms())
	s.pass(600_000)
	c := claimOf(id, rule.MaxInt, rule.MaxInt, rule.MaxInt, rule.MaxInt)
	c.total, c.signature, c.close = rule.MaxInt, make([]byte, rule.SignatureLen), true
	list := make([]claim, rule.MaxClaims+1)
	for i := range list {
		list[i] = c
	}
	s.refuse(fault.TooManyClaims, s.provider, "settle", claims(list...))
	aer := s.settle(s.provider, list[1:]...)
	require.Len(t, s.events(aer), rule.MaxClaims)
	// Many small items are not more than the stack holds either.
	hostile := make([]any, rule.MaxClaims)
	for i := range hostile {
		hostile[i] = []any{[]any{1, 2}, aMap, aBuffer, nil, true, anArrayOfItself, []any{}, aPointer, aStruct}
	}
	aer = s.run(script(call{s.hash, "settle", []any{hostile}}), s.provider)
	require.Equal(t, vmstate.Halt, aer.VMState, aer.FaultException)
	require.Len(t, s.events(aer), rule.MaxClaims)
}

// TestAttackHostileItems: whatever stands in a claim, the claims around it are paid.
func TestAttackHostileItems(t *testing.T) {
	s := newScene(t)
	first := s.openMany(2, usualTerms())
	s.pass(600_000)
	other := first + 1
	var seq, paid int64 // next of the escrow with bad claims, and of the other
	for position := range rule.ClaimFields {
		for _, item := range wrongTypes() {
			if position == 8 && item == true {
				continue // which is no wrong type there
			}
			bad := claimOf(first, seq, 1, 1, 1).list()
			bad[position] = item
			good := claimOf(other, paid, 1, 1, 1).list()
			own := s.events(s.mustRun(script(call{s.hash, "settle", []any{[]any{bad, good}}}), s.provider))
			require.Len(t, own, 2)
			require.Equal(t, plain(stackitem.Make([]any{other, paid, 1, 1, 1, someRoot, paid + 1})), plain(own[1].Item))
			paid++
			if own[0].Name == "EscrowSettled" { // harmless after all, as null for no voucher
				require.GreaterOrEqual(t, position, 6)
				seq++
			}
		}
	}
	require.EqualValues(t, seq+paid, s.balance(s.provider.hash))
}

// TestAttackBlockedBatch: one provider's operator cannot block the others of a batch:
// what they must not claim is skipped, and costs them nothing.
func TestAttackBlockedBatch(t *testing.T) {
	s := newScene(t)
	s.do(s.stranger, "deploy", s.stranger.hash, location)
	s.do(s.user, "register", s.user.hash, s.stranger.hash, uuid)
	foreign := s.do(s.user, "openEscrow", openArgs(s.user.hash, s.stranger.hash, usualTerms())...)
	require.Equal(t, items(1), []any{plain(foreign.Stack[0])})
	own := s.open(usualTerms())
	s.pass(60_000)
	aer := s.settle(s.provider, claimOf(1, 0, 1, 1, 1), claimOf(own, 0, 1, 1, 1), claimOf(1, 0, 1, 1, 1))
	s.expectEvents(aer, emitted("ClaimRejected", 1, 0, rule.NotAuthorised),
		emitted("EscrowSettled", own, 0, 1, 1, 1, someRoot, 1), emitted("ClaimRejected", 1, 0, rule.NotAuthorised))
}
