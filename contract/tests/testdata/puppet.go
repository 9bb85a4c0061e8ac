// Package puppet is a contract that does what an attacker wants: it calls anything,
// and it calls again while it is being paid.
package puppet

import (
	"github.com/nspcc-dev/neo-go/pkg/interop"
	"github.com/nspcc-dev/neo-go/pkg/interop/contract"
	"github.com/nspcc-dev/neo-go/pkg/interop/native/std"
	"github.com/nspcc-dev/neo-go/pkg/interop/storage"
)

func Forward(target interop.Hash160, method string, args []any) any {
	return contract.Call(target, method, contract.All, args...)
}

// Try swallows the fault of the call.
func Try(target interop.Hash160, method string, args []any) bool {
	defer func() { recover() }()
	contract.Call(target, method, contract.All, args...)
	return true
}

// Arm prepares what happens with the next payment.
func Arm(target interop.Hash160, method string, args []any) {
	storage.Put(storage.GetContext(), "armed", std.Serialize([]any{target, method, args}))
}

func OnNEP17Payment(from interop.Hash160, amount int, data any) {
	ctx := storage.GetContext()
	armed := storage.Get(ctx, "armed")
	if armed == nil {
		return
	}
	storage.Delete(ctx, "armed")
	plan := std.Deserialize(armed.([]byte)).([]any)
	contract.Call(plan[0].(interop.Hash160), plan[1].(string), contract.All, plan[2].([]any)...)
}
