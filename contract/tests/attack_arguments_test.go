package tests

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/nspcc-dev/neo-go/pkg/core/native/nativehashes"
	"github.com/nspcc-dev/neo-go/pkg/vm/vmstate"
	"github.com/stretchr/testify/require"

	"krypton/contract/fault"
	"krypton/contract/rule"
)

// hostileArguments are what no honest caller passes, in the place of anything.
func hostileArguments() []any {
	huge := new(big.Int).Lsh(big.NewInt(1), 254)
	return append(wrongTypes(), -1, new(big.Int).Neg(huge), huge, tooLarge, int64(rule.MaxInt), strings.Repeat("a", 513),
		make([]byte, 20), make([]byte, 32), make([]byte, 33), []byte{0xff, 0xfe, 0xfd})
}

// harmless are hostile arguments that are good ones after all: what may be null or
// anything, the account of nobody, and 32 bytes for a hash.
func harmless(method string, position int, item any) bool {
	bytes, isBytes := item.([]byte)
	switch fmt.Sprint(method, " ", position) {
	case "setOperator 1":
		return item == nil || isBytes && len(bytes) == 20
	case "setTariff 2", "scheduleUpdate 0", "scheduleUpdate 1":
		return isBytes && len(bytes) == 32
	case "openEscrow 9":
		return item == nil
	case "openEscrow 3", "openEscrow 4":
		return item == int64(rule.MaxInt)
	}
	return false
}

// TestAttackHostileArguments puts each of them in each place of each method: nothing but
// a fault may come of it, and nothing may change.
func TestAttackHostileArguments(t *testing.T) {
	s := newScene(t)
	id := s.open(usualTerms())
	s.pass(60_000)
	u, p, stranger := s.user.hash, s.provider.hash, s.stranger.hash
	methods := []struct {
		by     *account
		method string
		args   []any
	}{
		{s.stranger, "deploy", []any{stranger, location}},
		{s.provider, "relocate", []any{p, location}},
		{s.provider, "setTariff", []any{p, "uri", someRoot}},
		{s.provider, "setOperator", []any{p, s.operator.hash}},
		{s.provider, "undeploy", []any{p}},
		{s.user, "register", []any{u, p, uuid}},
		{s.user, "unregister", []any{u}},
		{s.user, "unregister", []any{u, p}},
		{s.user, "withdraw", []any{u, 1}},
		{s.user, "openEscrow", openArgs(u, p, usualTerms())},
		{s.user, "extendEscrow", []any{id, 1, 1}},
		{s.user, "closeEscrow", []any{id}},
		{s.user, "refund", []any{id}},
		{s.owner, "transferOwnership", []any{s.owner.hash}},
		{s.owner, "scheduleUpdate", []any{someRoot, someRoot}},
	}
	before := s.storage()
	for _, m := range methods {
		for position := range m.args {
			for _, item := range hostileArguments() {
				if harmless(m.method, position, item) {
					continue
				}
				args := append([]any{}, m.args...)
				args[position] = item
				aer := s.run(script(call{s.hash, m.method, args}), m.by)
				require.Equal(t, vmstate.Fault, aer.VMState, "%s %d: %v", m.method, position, item)
			}
		}
	}
	require.Equal(t, before, s.storage())
}

// TestAttackBadVoucherKey: a key that is no point of the curve would fault the batch in
// which its escrow is claimed. No escrow gets one.
func TestAttackBadVoucherKey(t *testing.T) {
	s := newScene(t)
	refused := 0
	for x := range byte(16) {
		for _, prefix := range []byte{0, 2, 3, 4, 6} {
			args := openArgs(s.user.hash, s.provider.hash, usualTerms())
			args[9] = append(append([]byte{prefix}, make([]byte, 31)...), x)
			aer := s.run(script(call{s.hash, "openEscrow", args}), s.user)
			if aer.VMState == vmstate.Fault {
				refused++
				continue
			}
			require.Contains(t, []byte{2, 3}, prefix)
		}
	}
	require.Greater(t, refused, 16*3+8)
	// The others are points: whatever is signed, their claims are rejected one by one.
	s.pass(60_000)
	ids := s.escrowsOf(s.user.hash)
	require.NotEmpty(t, ids)
	for _, id := range ids {
		c := claimOf(id, 0, 1, 1, 1)
		c.total, c.signature = 1, s.voucher(voucherKey("phone"), id, 1)
		s.expectCode(rule.BadVoucher, s.provider, c)
	}
}

// TestAttackEarlyUpdate: the owner can install only what users could see for 14 days.
func TestAttackEarlyUpdate(t *testing.T) {
	w := newWorld(t)
	announced, other := nextVersion(t), readBuild(t, *contractDir)
	update := func(b build) []byte { return script(call{w.hash, "update", []any{b.nef, b.manifest, nil}}) }
	w.refuseScript(fault.NoUpdate, update(announced), w.owner)
	w.announce(announced)
	justBefore := w.now() + 14*rule.Day - 1
	w.refuseScript(fault.TooEarly, update(announced), w.owner)
	requireFault(t, fault.TooEarly, w.runAt(justBefore, update(announced), w.owner).FaultException)
	for _, b := range []build{other, {announced.nef, append(other.manifest, ' ')}} {
		w.refuseScript(fault.UpdateMismatch, update(b), w.owner)
	}
	// ContractManagement takes an update from the contract itself only.
	aer := w.run(script(call{nativehashes.ContractManagement, "update", []any{announced.nef, announced.manifest, nil}}), w.owner)
	require.Equal(t, vmstate.Fault, aer.VMState)
	aer = w.run(script(call{nativehashes.ContractManagement, "destroy", []any{}}), w.owner)
	require.Equal(t, vmstate.Fault, aer.VMState)
	require.EqualValues(t, rule.Version, w.get("version").Value().(*big.Int).Int64())
}
