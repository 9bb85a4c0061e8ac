package tests

import (
	"math/big"
	"os"
	"testing"

	"github.com/nspcc-dev/neo-go/pkg/core/state"
	"github.com/nspcc-dev/neo-go/pkg/util"
	"github.com/nspcc-dev/neo-go/pkg/vm/stackitem"
	"github.com/nspcc-dev/neo-go/pkg/vm/vmstate"
	"github.com/stretchr/testify/require"

	"krypton/contract/fault"
	"krypton/contract/rule"
)

func TestOwner(t *testing.T) {
	w := newWorld(t)
	next := w.fund(newAccount("next owner"))[0]
	require.Equal(t, items(w.owner.hash), []any{plain(w.get("owner"))})
	w.refuse(fault.Witness, next, "transferOwnership", next.hash)
	w.refuse(fault.Witness, w.owner, "transferOwnership", next.hash)
	for _, bad := range notHashes {
		w.refuse(fault.Account, w.owner, "transferOwnership", bad)
	}
	aer := w.run(script(call{w.hash, "transferOwnership", []any{next.hash}}), w.owner, next)
	w.expectEvents(aer, emitted("OwnershipTransferred", w.owner.hash, next.hash))
	require.Equal(t, items(next.hash), []any{plain(w.get("owner"))})
	w.refuse(fault.Witness, w.owner, "renounceOwnership")
	w.expectEvents(w.do(next, "renounceOwnership"), emitted("OwnershipTransferred", next.hash, nil))
	require.Nil(t, w.get("owner").Value())
	for _, method := range []string{"renounceOwnership", "cancelUpdate"} {
		w.refuse(fault.Witness, next, method)
	}
	w.refuse(fault.Witness, next, "scheduleUpdate", someRoot, someRoot)
	w.refuse(fault.Witness, next, "update", someRoot, someRoot, nil)
}

// deployWith deploys the contract once more, for another owner.
func (w *world) deployWith(data any) *state.AppExecResult {
	c := readContract(w.t, *contractDir)
	deployer := w.fund(newAccount("deployer"))[0]
	w.hash = state.CreateContractHash(deployer.hash, c.NEF.Checksum, "KRYPTON")
	return w.run(w.deployScript(c, data), deployer)
}

func TestOwnerFromDeployData(t *testing.T) {
	w := newWorld(t)
	for _, bad := range notHashes[1 : len(notHashes)-1] {
		requireFault(t, fault.Account, w.deployWith(bad).FaultException)
	}
	aer := w.deployWith(w.owner.hash)
	require.Equal(t, vmstate.Halt, aer.VMState, aer.FaultException)
	w.expectEvents(aer, emitted("OwnershipTransferred", nil, w.owner.hash))
	require.Equal(t, items(w.owner.hash), []any{plain(w.get("owner"))})
}

func TestScheduleUpdate(t *testing.T) {
	w := newWorld(t)
	stranger := w.fund(newAccount("stranger"))[0]
	a, b := sha256Of([]byte("nef")), sha256Of([]byte("manifest"))
	require.Nil(t, w.get("scheduledUpdate").Value())
	w.refuse(fault.NoUpdate, w.owner, "cancelUpdate")
	w.refuse(fault.NoUpdate, w.owner, "update", []byte("nef"), []byte("manifest"), nil)
	for _, bad := range []any{nil, "", a[1:], append(a, 0), 5, aMap} {
		w.refuse(fault.Hash, w.owner, "scheduleUpdate", bad, b)
		w.refuse(fault.Hash, w.owner, "scheduleUpdate", a, bad)
	}
	aer := w.do(w.owner, "scheduleUpdate", a, b)
	notBefore := w.now() + rule.UpdateDelay
	w.expectEvents(aer, emitted("UpdateScheduled", a, b, notBefore))
	require.Equal(t, items(a, b, notBefore), plain(w.get("scheduledUpdate")))
	for _, c := range []call{{w.hash, "scheduleUpdate", []any{a, b}}, {w.hash, "cancelUpdate", []any{}}, {w.hash, "update", []any{"nef", "manifest", nil}}} {
		w.refuseScript(fault.Witness, script(c), stranger)
	}
	// Announcing anew starts the time anew.
	w.pass(rule.Day)
	w.do(w.owner, "scheduleUpdate", b, a)
	require.Equal(t, items(b, a, w.now()+rule.UpdateDelay), plain(w.get("scheduledUpdate")))
	w.expectEvents(w.do(w.owner, "cancelUpdate"), emitted("UpdateCancelled", b, a))
	require.Nil(t, w.get("scheduledUpdate").Value())
	w.refuse(fault.NoUpdate, w.owner, "cancelUpdate")
	// Renouncing takes an announcement along.
	w.do(w.owner, "scheduleUpdate", a, b)
	w.expectEvents(w.do(w.owner, "renounceOwnership"), emitted("UpdateCancelled", a, b),
		emitted("OwnershipTransferred", w.owner.hash, nil))
	require.Nil(t, w.get("scheduledUpdate").Value())
}

// announce schedules b, and gives the time that the contract sets for it.
func (w *world) announce(b build) (notBefore uint64) {
	w.do(w.owner, "scheduleUpdate", sha256Of(b.nef), sha256Of(b.manifest))
	return w.get("scheduledUpdate").Value().([]stackitem.Item)[2].Value().(*big.Int).Uint64()
}

// nextVersion compiles the source with its version raised by one.
func nextVersion(t testing.TB) build {
	return compileDir(t, copySource(t, "= 1_000_000\n\tMigratesFrom", "= 1_000_001\n\tMigratesFrom"))
}

func TestUpdate(t *testing.T) {
	w := newWorld(t)
	next := nextVersion(t)
	update := func(nef, manifest []byte) []byte {
		return script(call{w.hash, "update", []any{nef, manifest, nil}})
	}
	w.block(w.announce(next) - 1)
	stranger := w.fund(newAccount("stranger"))[0]
	w.refuseScript(fault.Witness, update(next.nef, next.manifest), stranger)
	aer := w.run(update(next.nef, next.manifest), w.owner)
	require.Equal(t, vmstate.Halt, aer.VMState, aer.FaultException)
	w.expectEvents(aer, emitted("UpdateApplied", sha256Of(next.nef), sha256Of(next.manifest)))
	require.EqualValues(t, rule.Version+1, w.get("version").Value().(*big.Int).Int64())
	require.Nil(t, w.get("scheduledUpdate").Value())
	require.Equal(t, items(w.owner.hash), []any{plain(w.get("owner"))})
	w.refuseScript(fault.NoUpdate, update(next.nef, next.manifest), w.owner)
}

// TestUpdateExpires: an announcement that was not used has to be made again, for
// users who have come since.
func TestUpdateExpires(t *testing.T) {
	next := nextVersion(t)
	update := func(w *world) []byte { return script(call{w.hash, "update", []any{next.nef, next.manifest, nil}}) }
	w := newWorld(t)
	last := w.announce(next) + rule.UpdateWindow
	aer := w.runAt(last, update(w), w.owner)
	require.Equal(t, vmstate.Halt, aer.VMState, aer.FaultException)

	w = newWorld(t)
	last = w.announce(next) + rule.UpdateWindow
	requireFault(t, fault.TooLate, w.runAt(last+1, update(w), w.owner).FaultException)
	notBefore := w.announce(next)
	aer = w.runAt(notBefore, update(w), w.owner)
	require.Equal(t, vmstate.Halt, aer.VMState, aer.FaultException)
}

// TestLeaveBeforeUpdate: an escrow with the longest claim window is closed just within the first week after the
// announcement. The provider uses the whole window, and still everybody has their money out before the update may come.
func TestLeaveBeforeUpdate(t *testing.T) {
	s := newScene(t)
	x := usualTerms()
	x.duration, x.window = rule.MaxDuration, rule.MaxClaimWindow
	id := s.open(x)
	next := nextVersion(t)
	notBefore := s.announce(next)
	at := func(time uint64, by *account, calls ...call) {
		t.Helper()
		aer := s.runAt(time, script(calls...), by)
		require.Equal(t, vmstate.Halt, aer.VMState, aer.FaultException)
	}
	closedAt := s.now() + 7*rule.Day - 2
	deadline := closedAt + rule.MaxClaimWindow
	at(closedAt, s.user, call{s.hash, "closeEscrow", []any{id}})
	at(deadline, s.provider, call{s.hash, "settle", []any{claims(claimOf(id, 0, 3_000_000, 30, 1))}},
		call{s.hash, "withdraw", []any{s.provider.hash, 3_000_000}})
	at(deadline+1, s.user, call{s.hash, "refund", []any{id}},
		call{s.hash, "withdraw", []any{s.user.hash, 100*gas - 3_000_000}})
	require.Zero(t, s.gasOf(s.hash))
	require.Less(t, s.now(), notBefore)
	at(notBefore, s.owner, call{s.hash, "update", []any{next.nef, next.manifest, nil}})
}

func readBuild(t testing.TB, dir string) build {
	nefBytes, err := os.ReadFile(dir + "/contract.nef")
	require.NoError(t, err)
	manifestBytes, err := os.ReadFile(dir + "/manifest.json")
	require.NoError(t, err)
	return build{nefBytes, manifestBytes}
}

// TestVersionGate: new code takes over neither from itself, nor from newer code, nor
// from code too old to migrate.
func TestVersionGate(t *testing.T) {
	same := compileDir(t, *contractDir)
	older := compileDir(t, copySource(t, "= 1_000_000\n\tMigratesFrom", "=   999_999\n\tMigratesFrom"))
	tooFar := compileDir(t, copySource(t, "= 1_000_000\n\tMigratesFrom = 1_000_000", "= 1_000_002\n\tMigratesFrom = 1_000_001"))
	for _, b := range []build{same, older, tooFar} {
		w := newWorld(t)
		notBefore := w.announce(b)
		aer := w.runAt(notBefore, script(call{w.hash, "update", []any{b.nef, b.manifest, nil}}), w.owner)
		require.Equal(t, vmstate.Fault, aer.VMState)
		require.Contains(t, aer.FaultException, `"`+fault.Version+`"`)
	}
}

// TestStateSurvivesUpdate: what the first release stored, its successor reads.
func TestStateSurvivesUpdate(t *testing.T) {
	s := newSceneIn(newWorldOf(t, "../testdata/v1.0.0"))
	next := nextVersion(t)
	key := voucherKey("phone")
	x := usualTerms()
	x.key, x.duration, x.fee = key.PublicKey().Bytes(), 30*rule.Day, 3
	s.do(s.provider, "setTariff", s.provider.hash, "https://provider.example/deck.json", someRoot)
	s.do(s.provider, "setOperator", s.provider.hash, s.operator.hash)
	plainOne, withKey := s.open(usualTerms()), s.open(x)
	s.pass(60_000)
	c := claimOf(withKey, 0, 500, 5, 1)
	c.total, c.signature = 500, s.voucher(key, withKey, 500)
	s.settle(s.operator, claimOf(plainOne, 0, 700, 7, 1), c)
	before := s.snapshot(plainOne, withKey)

	aer := s.runAt(s.announce(next), script(call{s.hash, "update", []any{next.nef, next.manifest, nil}}), s.owner)
	require.Equal(t, vmstate.Halt, aer.VMState, aer.FaultException)
	require.EqualValues(t, rule.Version+1, s.get("version").Value().(*big.Int).Int64())
	require.Equal(t, before, s.snapshot(plainOne, withKey))
	c = claimOf(withKey, 1, 400, 5, 1)
	c.total, c.signature = 900, s.voucher(key, withKey, 900)
	s.expectCode(rule.Accepted, s.operator, c)
	s.do(s.user, "refund", plainOne)
	s.do(s.provider, "withdraw", s.provider.hash, 1600)
}

// snapshot reads everything that users can see.
func (s *scene) snapshot(ids ...int64) []any {
	var all []any
	for _, id := range ids {
		all = append(all, plain(s.get("escrow", id)))
	}
	for _, a := range []util.Uint160{s.user.hash, s.provider.hash} {
		all = append(all, s.balance(a), plain(s.get("registrations", a)), plain(s.get("provider", a)))
	}
	return append(all, plain(s.get("owner")))
}
