package tests

import (
	"testing"

	"github.com/nspcc-dev/neo-go/pkg/core/native/nativehashes"
	"github.com/nspcc-dev/neo-go/pkg/vm/stackitem"
	"github.com/nspcc-dev/neo-go/pkg/vm/vmstate"
	"github.com/stretchr/testify/require"

	"krypton/contract/fault"
	"krypton/contract/rule"
)

func (w *world) transferScript(token any, from, to any, amount int64, data any) []byte {
	hash := nativehashes.GasToken
	if token == "NEO" {
		hash = nativehashes.NeoToken
	}
	return script(call{hash, "transfer", []any{from, to, amount, data}})
}

func TestDeposit(t *testing.T) {
	w := newWorld(t)
	u := w.fund(newAccount("user"))[0]
	aer := w.run(w.transferScript("GAS", u.hash, w.hash, 7, nil), u)
	require.Equal(t, vmstate.Halt, aer.VMState)
	w.expectEvents(aer, emitted("Deposited", u.hash, u.hash, 7))
	aer = w.run(w.transferScript("GAS", u.hash, w.hash, 5, w.owner.hash), u)
	w.expectEvents(aer, emitted("Deposited", w.owner.hash, u.hash, 5))
	w.deposit(u, 200)
	require.EqualValues(t, 207, w.balance(u.hash))
	require.EqualValues(t, 5, w.balance(w.owner.hash))
	require.Zero(t, w.balance(w.hash))

	w.refuseTransfer(fault.Amount, u, 0, nil)
	for _, bad := range notHashes[1:] {
		w.refuseTransfer(fault.Account, u, 1, bad)
	}
	for _, bad := range notHashes {
		w.refuseGet(fault.Account, "balanceOf", bad)
	}
	w.refuse(fault.OnlyGAS, u, "onNEP17Payment", u.hash, 1, nil)
}

func (w *world) refuseTransfer(message string, from *account, amount int64, data any) {
	w.t.Helper()
	aer := w.run(w.transferScript("GAS", from.hash, w.hash, amount, data), from)
	require.Equal(w.t, vmstate.Fault, aer.VMState)
	requireFault(w.t, message, aer.FaultException)
}

func TestNEORefused(t *testing.T) {
	w := newWorld(t)
	tx := w.e.PrepareInvocationNoSign(t, w.transferScript("NEO", w.e.Validator.ScriptHash(), w.hash, 1, nil))
	w.e.SignTx(t, tx, 10*gas, w.e.Validator)
	w.block(0, tx)
	requireFault(t, fault.OnlyGAS, w.result(tx).FaultException)
}

func TestWithdraw(t *testing.T) {
	w := newWorld(t)
	u := w.fund(newAccount("user"))[0]
	w.deposit(u, 1000)
	before := w.gasOf(u.hash)
	tx := w.sign(w.unsigned(script(call{w.hash, "withdraw", []any{u.hash, 400}}), global(u)...), u)
	w.block(0, tx)
	aer := w.result(tx)
	w.expectEvents(aer, emitted("Withdrawn", u.hash, 400))
	require.EqualValues(t, 600, w.balance(u.hash))
	require.Equal(t, before+400-tx.SystemFee-tx.NetworkFee, w.gasOf(u.hash))
	require.EqualValues(t, 600, w.gasOf(w.hash))

	w.refuse(fault.Balance, u, "withdraw", u.hash, 601)
	w.refuse(fault.Balance, u, "withdraw", u.hash, int64(rule.MaxInt))
	for _, bad := range badIntegers(1) {
		w.refuse(fault.Amount, u, "withdraw", u.hash, bad)
	}
	w.refuse(fault.Witness, w.owner, "withdraw", u.hash, 1)
	w.refuse(fault.Balance, w.owner, "withdraw", w.owner.hash, 1)
	for _, bad := range notHashes {
		w.refuse(fault.Account, u, "withdraw", bad, 1)
	}
	for _, amount := range []int64{599, 1} { // one datoshi is left, then none
		w.do(u, "withdraw", u.hash, amount)
		require.EqualValues(t, w.gasOf(w.hash), w.balance(u.hash))
	}
	require.Zero(t, w.balance(u.hash))
	require.Zero(t, w.gasOf(w.hash))
}

// TestMint: GAS that is minted to the contract has no sender to credit. No chain does
// that to a contract without NEO, so the hook is called in the name of GAS.
func TestMint(t *testing.T) {
	w := newWorld(t)
	w.hookAsGAS(fault.NoAccount, nil, 5, nil)
	w.hookAsGAS(fault.Amount, nil, 0, w.owner.hash)
	w.hookAsGAS(fault.Amount, nil, -1, w.owner.hash)
	w.hookAsGAS(fault.Amount, nil, tooLarge, w.owner.hash)
	w.hookAsGAS("", nil, 5, w.owner.hash)
	w.hookAsGAS("", w.owner.hash, int64(rule.MaxInt), nil)
}

// hookAsGAS calls onNEP17Payment as the GAS contract does.
func (w *world) hookAsGAS(message string, from, amount, data any) {
	w.t.Helper()
	_, err := w.direct(nativehashes.GasToken, w.owner, "onNEP17Payment", stackitem.Make(from), stackitem.Make(amount), stackitem.Make(data))
	if message == "" {
		require.NoError(w.t, err)
		return
	}
	require.Error(w.t, err)
	requireFault(w.t, message, err.Error())
}

// TestInsolvent: where the contract owned less than it owes, which it never does, it
// would refuse to pay instead of forgetting the debt.
func TestInsolvent(t *testing.T) {
	w := newWorld(t)
	u := w.fund(newAccount("user"))[0]
	w.plant(balanceKey(u.hash), idBytes(500))
	w.refuse(fault.Transfer, u, "withdraw", u.hash, 500)
	require.EqualValues(t, 500, w.balance(u.hash))
}
