package tests

import (
	"testing"

	"github.com/nspcc-dev/neo-go/pkg/core/native/nativehashes"
	"github.com/nspcc-dev/neo-go/pkg/core/state"
	"github.com/nspcc-dev/neo-go/pkg/core/transaction"
	"github.com/nspcc-dev/neo-go/pkg/util"
	"github.com/nspcc-dev/neo-go/pkg/vm/vmstate"
	"github.com/stretchr/testify/require"

	"krypton/contract/fault"
	"krypton/contract/rule"
)

// Other tests sign with the scope Global, which wallets never give. These sign as
// wallets do.

// as runs a script with one signer of that scope.
func (w *world) as(scope transaction.WitnessScope, by *account, script []byte) *state.AppExecResult {
	tx := w.sign(w.unsigned(script, scoped(scope, by)...), by)
	w.block(0, tx)
	return w.result(tx)
}

// TestCalledByEntry: for a whole call's life the narrowest usual scope is enough.
func TestCalledByEntry(t *testing.T) {
	w := newWorld(t)
	p, u, o := newAccount("provider"), newAccount("user"), newAccount("operator")
	w.fund(p, u, o)
	do := func(by *account, target util.Uint160, method string, args ...any) *state.AppExecResult {
		t.Helper()
		aer := w.as(transaction.CalledByEntry, by, script(call{target, method, args}))
		require.Equal(t, vmstate.Halt, aer.VMState, "%s: %s", method, aer.FaultException)
		return aer
	}
	do(p, w.hash, "deploy", p.hash, location)
	do(p, w.hash, "setTariff", p.hash, "https://provider.example/deck.json", someRoot)
	do(p, w.hash, "setOperator", p.hash, o.hash)
	do(u, nativehashes.GasToken, "transfer", u.hash, w.hash, 10*gas, nil)
	do(u, w.hash, "register", u.hash, p.hash, uuid)
	do(u, w.hash, "openEscrow", openArgs(u.hash, p.hash, usualTerms())...)
	do(u, w.hash, "extendEscrow", 1, gas, 0)
	w.pass(60_000)
	require.Equal(t, items(2), []any{plain(do(o, w.hash, "settle", claims(claimOf(1, 0, 5, 1, 1), claimOf(1, 1, 5, 1, 1))).Stack[0])})
	do(u, w.hash, "closeEscrow", 1)
	do(p, w.hash, "closeEscrow", 1)
	do(u, w.hash, "unregister", u.hash)
	do(p, w.hash, "withdraw", p.hash, 10)
	do(u, w.hash, "withdraw", u.hash, 10*gas-10)
	do(p, w.hash, "undeploy", p.hash)
	do(w.owner, w.hash, "scheduleUpdate", someRoot, someRoot)
	do(w.owner, w.hash, "cancelUpdate")
	do(w.owner, w.hash, "renounceOwnership")
	require.Zero(t, w.gasOf(w.hash))
}

// TestAttackIntermediary: a contract that the user calls for another reason cannot
// use their signature here.
func TestAttackIntermediary(t *testing.T) {
	s := newScene(t)
	puppet := s.puppet(s.stranger)
	id := s.open(usualTerms())
	s.pass(60_000)
	u, p := s.user.hash, s.provider.hash
	for by, calls := range map[*account][]call{
		s.user: {{method: "withdraw", args: []any{u, 1}}, {method: "register", args: []any{u, p, uuid}}, {method: "unregister", args: []any{u}},
			{method: "unregister", args: []any{u, p}}, {method: "openEscrow", args: openArgs(u, p, usualTerms())},
			{method: "extendEscrow", args: []any{id, 1, 1}}, {method: "closeEscrow", args: []any{id}}},
		s.provider: {{method: "relocate", args: []any{p, "evil"}}, {method: "setOperator", args: []any{p, s.stranger.hash}},
			{method: "setTariff", args: []any{p, "evil", someRoot}}, {method: "undeploy", args: []any{p}}, {method: "closeEscrow", args: []any{id}}},
		s.stranger: {{method: "deploy", args: []any{s.stranger.hash, "evil"}}},
		s.owner: {{method: "scheduleUpdate", args: []any{someRoot, someRoot}}, {method: "renounceOwnership", args: []any{}},
			{method: "transferOwnership", args: []any{s.owner.hash}}},
	} {
		for _, c := range calls {
			for _, scope := range []transaction.WitnessScope{transaction.CalledByEntry, transaction.None} {
				aer := s.as(scope, by, s.through(puppet, s.hash, c.method, c.args...))
				require.Equal(t, vmstate.Fault, aer.VMState, c.method)
				require.Contains(t, aer.FaultException, `"`+fault.Witness+`"`, c.method)
			}
		}
	}
	aer := s.as(transaction.CalledByEntry, s.provider, s.through(puppet, s.hash, "settle", claims(claimOf(id, 0, 1, 1, 1))))
	s.expectEvents(aer, emitted("ClaimRejected", id, 0, rule.NotAuthorised))
}

// TestScopeNone: who only pays the fee has agreed to nothing.
func TestScopeNone(t *testing.T) {
	s := newScene(t)
	aer := s.as(transaction.None, s.user, script(call{s.hash, "withdraw", []any{s.user.hash, 1}}))
	requireFault(t, fault.Witness, aer.FaultException)
}
