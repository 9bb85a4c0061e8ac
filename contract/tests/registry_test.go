package tests

import (
	"math/big"
	"strings"
	"testing"

	"github.com/nspcc-dev/neo-go/pkg/vm/stackitem"
	"github.com/stretchr/testify/require"

	"krypton/contract/fault"
	"krypton/contract/rule"
)

// notHashes are arguments that are no account.
var notHashes = []any{nil, "", make([]byte, 19), make([]byte, 21), 5, true, []any{}, strings.Repeat("x", 60_000)}

func items(values ...any) any { return plain(stackitem.Make(values)) }

func TestVersion(t *testing.T) {
	w := newWorld(t)
	require.EqualValues(t, rule.Version, w.get("version").Value().(*big.Int).Int64())
}

func TestDeploy(t *testing.T) {
	w := newWorld(t)
	p := w.fund(newAccount("provider"))[0]
	require.Nil(t, w.get("provider", p.hash).Value())
	aer := w.do(p, "deploy", p.hash, location)
	require.Equal(t, true, aer.Stack[0].Value())
	w.expectEvents(aer, emitted("ProviderDeployed", p.hash, location))
	require.Equal(t, items(location, nil, nil, nil, w.now()), plain(w.get("provider", p.hash)))

	w.refuse(fault.AlreadyDeployed, p, "deploy", p.hash, location)
	w.refuse(fault.Witness, p, "deploy", w.owner.hash, location)
	for _, bad := range notHashes {
		w.refuse(fault.Account, p, "deploy", bad, location)
		w.refuseGet(fault.Account, "provider", bad)
	}
}

func TestLocation(t *testing.T) {
	w := newWorld(t)
	p := w.fund(newAccount("provider"))[0]
	w.do(p, "deploy", p.hash, "a")
	longest := strings.Repeat("a", rule.MaxLocationLen)
	for _, bad := range []any{"", nil, longest + "a", 17, []any{}, "\x00", "a\x00", "a\nb", "\x1f", "\x7f", aBuffer} {
		w.refuse(fault.Location, p, "relocate", p.hash, bad)
		w.refuse(fault.Location, w.owner, "deploy", w.owner.hash, bad)
	}
	w.expectEvents(w.do(p, "relocate", p.hash, longest), emitted("ProviderRelocated", p.hash, longest))
	require.Equal(t, longest, string(w.get("provider", p.hash).Value().([]stackitem.Item)[0].Value().([]byte)))
	w.do(w.owner, "deploy", w.owner.hash, longest)
	w.refuse(fault.Witness, w.owner, "relocate", p.hash, location)
	w.do(p, "undeploy", p.hash)
	w.refuse(fault.NotDeployed, p, "relocate", p.hash, location)
	// Text that is not UTF-8 would make a notification that nobody can read.
	aer := w.run(script(call{w.hash, "deploy", []any{p.hash, []byte{0xff, 0xfe}}}), p)
	require.Contains(t, aer.FaultException, "ProviderDeployed is invalid")
}

func TestSetTariff(t *testing.T) {
	w := newWorld(t)
	p := w.fund(newAccount("provider"))[0]
	hash := sha256Of([]byte("deck"))
	w.refuse(fault.NotDeployed, p, "setTariff", p.hash, "u", hash)
	w.do(p, "deploy", p.hash, location)
	deployedAt := w.now()
	for _, uri := range []string{"u", " \x7e", "https://é", strings.Repeat("u", rule.MaxURILen)} {
		w.expectEvents(w.do(p, "setTariff", p.hash, uri, hash), emitted("TariffSet", p.hash, uri, hash))
		require.Equal(t, items(location, uri, hash, nil, deployedAt), plain(w.get("provider", p.hash)))
	}
	for _, bad := range []any{"", nil, strings.Repeat("u", rule.MaxURILen+1), 1, "https://a\x00", "\x1f", "\x7f"} {
		w.refuse(fault.URI, p, "setTariff", p.hash, bad, hash)
	}
	for _, bad := range []any{nil, "", hash[1:], append(hash, 0), 1} {
		w.refuse(fault.Hash, p, "setTariff", p.hash, "u", bad)
	}
	w.refuse(fault.Witness, w.owner, "setTariff", p.hash, "u", hash)
	// Moving keeps the tariff.
	w.do(p, "relocate", p.hash, "elsewhere")
	require.Equal(t, items("elsewhere", strings.Repeat("u", rule.MaxURILen), hash, nil, deployedAt), plain(w.get("provider", p.hash)))
}

func TestSetOperator(t *testing.T) {
	w := newWorld(t)
	p := w.fund(newAccount("provider"))[0]
	w.refuse(fault.NotDeployed, p, "setOperator", p.hash, w.owner.hash)
	w.do(p, "deploy", p.hash, location)
	deployedAt := w.now()
	w.expectEvents(w.do(p, "setOperator", p.hash, w.owner.hash), emitted("OperatorSet", p.hash, w.owner.hash))
	require.Equal(t, items(location, nil, nil, w.owner.hash, deployedAt), plain(w.get("provider", p.hash)))
	w.refuse(fault.Witness, w.owner, "setOperator", p.hash, w.owner.hash)
	for _, bad := range notHashes[1:] {
		w.refuse(fault.Account, p, "setOperator", p.hash, bad)
	}
	w.expectEvents(w.do(p, "setOperator", p.hash, nil), emitted("OperatorSet", p.hash, nil))
	require.Equal(t, items(location, nil, nil, nil, deployedAt), plain(w.get("provider", p.hash)))
}

func TestUndeploy(t *testing.T) {
	w := newWorld(t)
	p := w.fund(newAccount("provider"))[0]
	w.refuse(fault.NotDeployed, p, "undeploy", p.hash)
	w.do(p, "deploy", p.hash, location)
	w.do(p, "setOperator", p.hash, w.owner.hash)
	w.refuse(fault.Witness, w.owner, "undeploy", p.hash)
	aer := w.do(p, "undeploy", p.hash)
	require.Equal(t, true, aer.Stack[0].Value())
	w.expectEvents(aer, emitted("ProviderUndeployed", p.hash))
	require.Nil(t, w.get("provider", p.hash).Value())
	// A provider that comes back starts anew, without its former operator.
	w.do(p, "deploy", p.hash, location)
	require.Equal(t, items(location, nil, nil, nil, w.now()), plain(w.get("provider", p.hash)))
}
