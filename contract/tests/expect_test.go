package tests

import (
	"math/big"
	"strings"
	"testing"

	"github.com/nspcc-dev/neo-go/pkg/core/state"
	"github.com/nspcc-dev/neo-go/pkg/vm/stackitem"
	"github.com/nspcc-dev/neo-go/pkg/vm/vmstate"
	"github.com/stretchr/testify/require"
)

// refuse calls a method of the contract and expects it to fault with that message.
func (w *world) refuse(message string, by *account, method string, args ...any) {
	w.t.Helper()
	w.refuseScript(message, script(call{w.hash, method, args}), by)
}

func (w *world) refuseScript(message string, script []byte, by ...*account) {
	w.t.Helper()
	aer := w.run(script, by...)
	require.Equal(w.t, vmstate.Fault, aer.VMState)
	requireFault(w.t, message, aer.FaultException)
}

// requireFault matches the whole message, not a part of another.
func requireFault(t testing.TB, message, exception string) {
	t.Helper()
	require.True(t, strings.HasSuffix(exception, "\""+message+"\""), "want %q, got %s", message, exception)
}

// events gives the contract's own notifications.
func (w *world) events(aer *state.AppExecResult) []state.NotificationEvent {
	var own []state.NotificationEvent
	for _, event := range aer.Events {
		if event.ScriptHash == w.hash {
			own = append(own, event)
		}
	}
	return own
}

// expectEvents compares name and every item of the contract's notifications.
func (w *world) expectEvents(aer *state.AppExecResult, want ...event) {
	w.t.Helper()
	own := w.events(aer)
	require.Len(w.t, own, len(want))
	for i := range want {
		require.Equal(w.t, want[i].name, own[i].Name)
		require.Equal(w.t, plain(stackitem.Make(want[i].items)), plain(own[i].Item), want[i].name)
	}
}

type event struct {
	name  string
	items []any
}

func emitted(name string, items ...any) event {
	return event{name, items}
}

// plain turns an item into comparable Go values: integers into decimal strings,
// bytes into strings, whether the VM holds them as a buffer or not.
func plain(item stackitem.Item) any {
	switch v := item.Value().(type) {
	case []stackitem.Item:
		list := make([]any, len(v))
		for i := range v {
			list[i] = plain(v[i])
		}
		return list
	case *big.Int:
		return v.String()
	case []byte:
		return string(v)
	default:
		return v
	}
}
