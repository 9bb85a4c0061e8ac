package tests

import (
	_ "embed"
	"encoding/json"
	"strings"
	"testing"

	"github.com/nspcc-dev/neo-go/pkg/compiler"
	"github.com/nspcc-dev/neo-go/pkg/core/native/nativehashes"
	"github.com/nspcc-dev/neo-go/pkg/core/state"
	"github.com/nspcc-dev/neo-go/pkg/smartcontract/manifest"
	"github.com/nspcc-dev/neo-go/pkg/util"
	"github.com/nspcc-dev/neo-go/pkg/vm/vmstate"
	"github.com/stretchr/testify/require"
)

//go:embed testdata/puppet.go
var puppetSource string

// puppet deploys it under the hands of by, and gives it GAS.
func (w *world) puppet(by *account) util.Uint160 {
	options := &compiler.Options{Name: "puppet", Permissions: []manifest.Permission{*manifest.NewPermission(manifest.PermissionWildcard)},
		NoEventsCheck: true, NoPermissionsCheck: true, NoStandardCheck: true}
	file, debug, err := compiler.CompileWithOptions("puppet.go", strings.NewReader(puppetSource), options)
	require.NoError(w.t, err)
	m, err := compiler.CreateManifest(debug, options)
	require.NoError(w.t, err)
	nefBytes, err := file.Bytes()
	require.NoError(w.t, err)
	manifestBytes, err := json.Marshal(m)
	require.NoError(w.t, err)
	aer := w.run(script(call{nativehashes.ContractManagement, "deploy", []any{nefBytes, manifestBytes, nil}}), by)
	require.Equal(w.t, vmstate.Halt, aer.VMState, aer.FaultException)
	hash := state.CreateContractHash(by.hash, file.Checksum, "puppet")
	aer = w.run(script(call{nativehashes.GasToken, "transfer", []any{by.hash, hash, 1000 * gas, nil}}), by)
	require.Equal(w.t, vmstate.Halt, aer.VMState, aer.FaultException)
	return hash
}

// through lets the puppet make the call.
func (w *world) through(puppet, target util.Uint160, method string, args ...any) []byte {
	return script(call{puppet, "forward", []any{target, method, args}})
}

func (w *world) arm(by *account, puppet util.Uint160, method string, args ...any) {
	w.mustRun(script(call{puppet, "arm", []any{w.hash, method, args}}), by)
}

func (w *world) mustRun(script []byte, by ...*account) *state.AppExecResult {
	w.t.Helper()
	aer := w.run(script, by...)
	require.Equal(w.t, vmstate.Halt, aer.VMState, aer.FaultException)
	return aer
}

// TestPuppetCompiles shows that the attacks below are no attacks of a dead puppet: as
// a user, and as a provider, it can do all that an account can.
func TestPuppetLives(t *testing.T) {
	s := newScene(t)
	puppet := s.puppet(s.stranger)
	s.mustRun(s.through(puppet, nativehashes.GasToken, "transfer", puppet, s.hash, 10*gas, nil), s.stranger)
	require.EqualValues(t, 10*gas, s.balance(puppet))
	s.mustRun(s.through(puppet, s.hash, "register", puppet, s.provider.hash, uuid), s.stranger)
	s.mustRun(s.through(puppet, s.hash, "openEscrow", openArgs(puppet, s.provider.hash, usualTerms())...), s.stranger)
	s.mustRun(s.through(puppet, s.hash, "withdraw", puppet, 9*gas), s.stranger)
	require.Zero(t, s.balance(puppet))
	require.EqualValues(t, 999*gas, s.gasOf(puppet))
}
