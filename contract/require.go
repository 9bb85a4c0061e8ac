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

// requireText refuses control characters too: there are none in a host or a URI, and a
// zero byte is text to the chain but to hardly any database. That it is UTF-8 is what
// the notification demands.
func requireText(text string, longest int, message string) {
	if !isBytes(text, 1, longest) {
		panic(message)
	}
	for i := 0; i < len(text); i++ {
		if text[i] < ' ' || text[i] == 0x7f {
			panic(message)
		}
	}
}
