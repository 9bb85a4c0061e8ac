package contract

import (
	"github.com/nspcc-dev/neo-go/pkg/interop"
	"github.com/nspcc-dev/neo-go/pkg/interop/native/gas"
	"github.com/nspcc-dev/neo-go/pkg/interop/runtime"

	"krypton/contract/fault"
	"krypton/contract/rule"
)

// OnNEP17Payment credits GAS to its sender, or to the account in data.
func OnNEP17Payment(from interop.Hash160, amount int, data any) {
	if !runtime.GetCallingScriptHash().Equals(gas.Hash) {
		panic(fault.OnlyGAS)
	}
	requireWithin(amount, 1, rule.MaxInt, fault.Amount)
	account := from
	if data != nil {
		account = asBytes(data)
		requireAccount(account)
	}
	if account == nil {
		panic(fault.NoAccount)
	}
	credit(account, amount)
	runtime.Notify("Deposited", account, from, amount)
}

// BalanceOf gives what is free: deposited or earned, and not in an escrow.
func BalanceOf(account interop.Hash160) int {
	requireAccount(account)
	return readBalance(account) + 0 // adding makes an integer of the stored bytes
}

// Withdraw pays out free balance, whatever calls run.
func Withdraw(account interop.Hash160, amount int) {
	requireWitness(account)
	requireWithin(amount, 1, rule.MaxInt, fault.Amount)
	requireBalance(debit(account, amount))
	runtime.Notify("Withdrawn", account, amount)
	// Last of all: a contract that is paid here may call back.
	if !gas.Transfer(runtime.GetExecutingScriptHash(), account, amount, nil) {
		panic(fault.Transfer)
	}
}
