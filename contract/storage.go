package contract

import (
	"github.com/nspcc-dev/neo-go/pkg/interop/iterator"
	"github.com/nspcc-dev/neo-go/pkg/interop/neogointernal"
	"github.com/nspcc-dev/neo-go/pkg/interop/storage"
)

// One byte of prefix for each kind of entry; doc.go has the whole map.
const (
	keyOwner        = "O"
	keyUpdate       = "U"
	keyLastEscrow   = "L"
	prefixProvider  = "p"
	prefixOperator  = "o"
	prefixUser      = "r"
	prefixBalance   = "b"
	prefixEscrow    = 'e' // goes in front of an integer: key = id<<8 + prefix
	prefixCounters  = "c"
	escrowKeyFactor = 256
)

func read(key any) any {
	return neogointernal.Syscall2("System.Storage.Get", storage.GetContext(), key)
}

func write(key, value any) {
	storage.Put(storage.GetContext(), key, value)
}

func remove(key any) {
	storage.Delete(storage.GetContext(), key)
}

func readProvider(provider []byte) any      { return read(join(prefixProvider, provider)) }
func writeProvider(provider, record []byte) { write(join(prefixProvider, provider), record) }
func removeProvider(provider []byte)        { remove(join(prefixProvider, provider)) }

func readOperator(provider []byte) any        { return read(join(prefixOperator, provider)) }
func writeOperator(provider, operator []byte) { write(join(prefixOperator, provider), operator) }
func removeOperator(provider []byte)          { remove(join(prefixOperator, provider)) }

// readRegistrations gives null for a user without any.
func readRegistrations(user []byte) any { return read(join(prefixUser, user)) }

// writeRegistrations keeps no empty list.
func writeRegistrations(user, list []byte) {
	if len(list) == 0 {
		remove(join(prefixUser, user))
		return
	}
	write(join(prefixUser, user), list)
}

func readBalance(account []byte) int {
	value := read(join(prefixBalance, account))
	if value == nil {
		return 0
	}
	return asInt(value)
}

// writeBalance keeps no entry for nothing: zero has no bytes, and the state trie
// knows no empty value.
func writeBalance(account []byte, amount int) {
	if amount == 0 {
		remove(join(prefixBalance, account))
		return
	}
	write(join(prefixBalance, account), amount)
}

func nextEscrowID() int {
	last := read(keyLastEscrow)
	id := 1
	if last != nil {
		id = asInt(last) + 1
	}
	write(keyLastEscrow, id)
	return id
}

// An integer as a key costs nothing to build: its bytes are the prefix and then
// the id, little endian.
func escrowKey(id int) int { return id*escrowKeyFactor + prefixEscrow }

func readTerms(id int) any            { return read(escrowKey(id)) }
func writeTerms(id int, terms []byte) { write(escrowKey(id), terms) }

// The counters stand under the user's account: so the same entry is the index of
// the user's escrows, and a claim overwrites some 20 bytes instead of all terms.
func countersKey(user []byte, id int) []byte { return join(join(prefixCounters, user), id) }

func readCounters(user []byte, id int) int { return asInt(read(countersKey(user, id))) }

func writeCounters(user []byte, id, counters int) { write(countersKey(user, id), counters) }

// writeFreshCounters writes one zero byte, as zero itself has none.
func writeFreshCounters(user []byte, id int) { write(countersKey(user, id), "\x00") }

func removeEscrow(user []byte, id int) {
	remove(escrowKey(id))
	remove(countersKey(user, id))
}

func escrowIDs(user []byte) iterator.Iterator {
	return storage.Find(storage.GetContext(), join(prefixCounters, user), storage.KeysOnly|storage.RemovePrefix)
}

func readOwner() any          { return read(keyOwner) }
func writeOwner(owner []byte) { write(keyOwner, owner) }
func removeOwner()            { remove(keyOwner) }

func readUpdate() any           { return read(keyUpdate) }
func writeUpdate(update []byte) { write(keyUpdate, update) }
func removeUpdate()             { remove(keyUpdate) }
