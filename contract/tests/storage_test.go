package tests

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"math/big"
	"slices"
	"testing"

	"github.com/nspcc-dev/neo-go/pkg/core/storage"
	"github.com/nspcc-dev/neo-go/pkg/encoding/bigint"
	"github.com/nspcc-dev/neo-go/pkg/io"
	"github.com/nspcc-dev/neo-go/pkg/util"
	"github.com/nspcc-dev/neo-go/pkg/vm/emit"
	"github.com/nspcc-dev/neo-go/pkg/vm/opcode"
	"github.com/nspcc-dev/neo-go/pkg/vm/stackitem"
	"github.com/nspcc-dev/neo-go/pkg/vm/vmstate"
	"github.com/stretchr/testify/require"

	"krypton/contract/rule"
)

// Keys of the contract's storage, as doc.go tells them; the chain confirms them below.
func ownerKey() []byte                       { return []byte("O") }
func updateKey() []byte                      { return []byte("U") }
func lastEscrowKey() []byte                  { return []byte("L") }
func lastProviderKey() []byte                { return []byte("N") }
func numberKey(n int64) []byte               { return append([]byte("n"), idBytes(n)...) }
func providerKey(h util.Uint160) []byte      { return append([]byte("p"), h.BytesBE()...) }
func operatorKey(h util.Uint160) []byte      { return append([]byte("o"), h.BytesBE()...) }
func registrationsKey(h util.Uint160) []byte { return append([]byte("r"), h.BytesBE()...) }
func balanceKey(h util.Uint160) []byte       { return append([]byte("b"), h.BytesBE()...) }
func escrowKey(id int64) []byte              { return append([]byte("e"), idBytes(id)...) }
func countersKey(h util.Uint160, id int64) []byte {
	return slices.Concat([]byte("c"), h.BytesBE(), idBytes(id))
}

func idBytes(id int64) []byte { return bigint.ToBytes(big.NewInt(id)) }

func sha256Of(message []byte) []byte {
	digest := sha256.Sum256(message)
	return digest[:]
}

// storage gives all that the contract has stored.
func (w *world) storage() map[string]string {
	stored := map[string]string{}
	w.e.Chain.SeekStorage(w.e.Chain.GetContractState(w.hash).ID, nil, func(key, value []byte) bool {
		stored[string(key)] = string(value)
		return true
	})
	return stored
}

// TestStorageKeys: there are these entries and no others, and a closed escrow
// leaves none.
func TestStorageKeys(t *testing.T) {
	s := newScene(t)
	s.do(s.provider, "setOperator", s.provider.hash, s.operator.hash)
	s.do(s.owner, "scheduleUpdate", someRoot, someRoot)
	id := s.open(usualTerms())
	rest := []string{string(ownerKey()), string(updateKey()), string(lastEscrowKey()), string(lastProviderKey()), string(numberKey(1)), string(providerKey(s.provider.hash)),
		string(operatorKey(s.provider.hash)), string(registrationsKey(s.user.hash)), string(balanceKey(s.user.hash))}
	open := append(slices.Clone(rest), string(escrowKey(id)), string(countersKey(s.user.hash, id)))
	require.ElementsMatch(t, open, slices.Collect(maps.Keys(s.storage())))
	s.do(s.provider, "closeEscrow", id)
	require.ElementsMatch(t, rest, slices.Collect(maps.Keys(s.storage())))
	for range 127 { // an id of two bytes
		id = s.open(terms{amount: 1, rate: 1, increment: 1, parallel: 1, duration: 60_000, window: 600_000})
	}
	require.EqualValues(t, 128, id)
	require.Contains(t, s.storage(), string(escrowKey(id)))
	require.Contains(t, s.storage(), string(countersKey(s.user.hash, id)))
	s.do(s.user, "withdraw", s.user.hash, s.balance(s.user.hash))
	s.do(s.user, "unregister", s.user.hash)
	s.do(s.provider, "undeploy", s.provider.hash)
	for _, gone := range [][]byte{balanceKey(s.user.hash), registrationsKey(s.user.hash), providerKey(s.provider.hash), operatorKey(s.provider.hash)} {
		require.NotContains(t, s.storage(), string(gone))
	}
}

// plant writes into the contract's storage behind the chain's back, where nothing was
// written before: some states would take years to reach.
func (w *world) plant(key, value []byte) {
	id := w.e.Chain.GetContractState(w.hash).ID
	full := binary.LittleEndian.AppendUint32([]byte{byte(storage.STStorage)}, uint32(id))
	require.NoError(w.t, w.store.PutChangeSet(nil, map[string][]byte{string(append(full, key...)): value}))
}

// TestBuffersAreStoredAsByteStrings: a contract may hand its bytes over in a buffer.
// What is stored then, and announced, is the same as with a byte string.
func TestBuffersAreStoredAsByteStrings(t *testing.T) {
	next := nextVersion(t)
	nefHash, manifestHash := sha256Of(next.nef), sha256Of(next.manifest)
	stored := func(bytes func(any) any) (*world, map[string]string) {
		s := newScene(t)
		p, u := s.provider, s.user
		s.do(p, "undeploy", bytes(p.hash))
		s.do(p, "deploy", bytes(p.hash), bytes("sip.example"))
		s.do(p, "setTariff", bytes(p.hash), bytes("https://provider.example/deck"), bytes(someRoot))
		s.do(p, "setOperator", bytes(p.hash), bytes(s.operator.hash))
		s.do(s.operator, "deploy", bytes(s.operator.hash), bytes("a"))
		s.do(s.operator, "relocate", bytes(s.operator.hash), bytes("b"))
		s.do(u, "register", bytes(u.hash), bytes(p.hash), bytes("00000000-0000-4000-8000-00000000000A"))
		args := openArgs(u.hash, p.hash, usualTerms())
		args[0], args[1], args[9] = bytes(args[0]), bytes(args[1]), bytes(voucherKey("phone").PublicKey().Bytes())
		s.do(u, "openEscrow", args...)
		s.do(s.owner, "scheduleUpdate", bytes(nefHash), bytes(manifestHash))
		return s.world, s.storage()
	}
	_, plainly := stored(func(item any) any { return item })
	w, fromBuffers := stored(func(item any) any {
		b := io.NewBufBinWriter()
		emit.Any(b.BinWriter, item)
		emit.Instruction(b.BinWriter, opcode.CONVERT, []byte{byte(stackitem.BufferT)})
		return raw(b.Bytes())
	})
	require.Equal(t, plainly, fromBuffers)
	aer := w.runAt(w.now()+rule.UpdateDelay, script(call{w.hash, "update", []any{next.nef, next.manifest, nil}}), w.owner)
	require.Equal(t, vmstate.Halt, aer.VMState, aer.FaultException)
}
