package contract

import (
	"github.com/nspcc-dev/neo-go/pkg/interop/neogointernal"
	"github.com/nspcc-dev/neo-go/pkg/interop/runtime"

	"krypton/contract/fault"
	"krypton/contract/rule"
)

func requireAccount(account []byte) {
	if !isBytes(account, rule.HashLen, rule.HashLen) {
		panic(fault.Account)
	}
}

func requireWitness(account []byte) {
	if !isBytes(account, rule.HashLen, rule.HashLen) {
		panic(fault.Account)
	}
	if !runtime.CheckWitness(account) {
		panic(fault.Witness)
	}
}

func requireWithin(item any, low, high int, message string) {
	if !neogointernal.Opcode1("NOP", neogointernal.Opcode1("ISTYPE", item)).(bool) ||
		item.(int) < low || item.(int) > high {
		panic(message)
	}
}

func requireBalance(sufficient bool) {
	if !sufficient {
		panic(fault.Balance)
	}
}
