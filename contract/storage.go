package contract

import (
	"github.com/nspcc-dev/neo-go/pkg/interop/iterator"
	"github.com/nspcc-dev/neo-go/pkg/interop/neogointernal"
	"github.com/nspcc-dev/neo-go/pkg/interop/storage"
)

// One byte of prefix for each kind of entry; doc.go has the whole map. Those that
// are numbers stand in front of an integer: such a key is the integer id*256 +
// prefix, which costs nothing to build.
const (
	keyOwner            = "O"
	keyUpdate           = "U"
	keyLastEscrow       = "L"
	keyLastProvider     = "N"
	prefixProvider      = "p"
	prefixOperator      = "o"
	prefixRegistrations = "r"
	prefixBalance       = "b"
	prefixCounters      = "c"
	prefixEscrow        = 'e'
	prefixNumber        = 'n'
	numberFactor        = 256
)

// get takes what is stored for what it is: a type assertion on anything but a bare
// system call would convert, for 0.0025 GAS. Nothing is nil.
func get(key any) []byte {
	return neogointernal.Syscall2("System.Storage.Get", storage.GetContext(), key).([]byte)
}

func read(prefix string, name []byte) []byte {
	return neogointernal.Syscall2("System.Storage.Get", storage.GetContext(),
		neogointernal.Opcode2("CAT", prefix, name)).([]byte)
}

func write(prefix string, name []byte, value any) {
	storage.Put(storage.GetContext(), neogointernal.Opcode2("CAT", prefix, name), value)
}

func remove(prefix string, name []byte) {
	storage.Delete(storage.GetContext(), neogointernal.Opcode2("CAT", prefix, name))
}

// number takes stored bytes for an integer, and nothing for 0. It is for sums only:
// adding to it makes a real integer.
func number(stored []byte) int {
	if stored == nil {
		return 0
	}
	return neogointernal.Opcode1("NOP", stored).(int)
}

// next counts up.
func next(key string) int {
	count := number(get(key)) + 1
	storage.Put(storage.GetContext(), key, count)
	return count
}

// Providers. Escrows refer to them by number, which takes 4 bytes instead of 20.
func readProvider(provider []byte) []byte   { return read(prefixProvider, provider) }
func writeProvider(provider, record []byte) { write(prefixProvider, provider, record) }
func removeProvider(provider []byte)        { remove(prefixProvider, provider) }

func nextProviderNumber(provider []byte) int {
	count := next(keyLastProvider)
	storage.Put(storage.GetContext(), count*numberFactor+prefixNumber, provider)
	return count
}

func readNumbered(count int) []byte { return get(count*numberFactor + prefixNumber) }

func readOperator(provider []byte) []byte     { return read(prefixOperator, provider) }
func writeOperator(provider, operator []byte) { write(prefixOperator, provider, operator) }
func removeOperator(provider []byte)          { remove(prefixOperator, provider) }

func readRegistrations(user []byte) []byte { return read(prefixRegistrations, user) }

// writeRegistrations keeps no empty list.
func writeRegistrations(user, list []byte) {
	if len(list) == 0 {
		remove(prefixRegistrations, user)
		return
	}
	write(prefixRegistrations, user, list)
}

func readBalance(account []byte) int { return number(read(prefixBalance, account)) }

func credit(account []byte, amount int) {
	key := join(prefixBalance, account)
	storage.Put(storage.GetContext(), key, number(get(key))+amount)
}

// debit tells whether there was enough. It keeps no entry for nothing: zero has no
// bytes, and the state trie knows no empty value.
func debit(account []byte, amount int) bool {
	key := join(prefixBalance, account)
	rest := number(get(key)) - amount
	if rest > 0 {
		storage.Put(storage.GetContext(), key, rest)
	} else if rest == 0 {
		storage.Delete(storage.GetContext(), key)
	}
	return rest >= 0
}

func nextEscrowID() int { return next(keyLastEscrow) }

func readTerms(id int) []byte {
	return neogointernal.Syscall2("System.Storage.Get", storage.GetContext(), id*numberFactor+prefixEscrow).([]byte)
}

func writeTerms(id int, terms []byte) {
	storage.Put(storage.GetContext(), id*numberFactor+prefixEscrow, terms)
}

// The counters stand under the user's account: so the same entry is the index of
// the user's escrows, and a claim overwrites some 20 bytes instead of all terms.
func countersKey(user []byte, id int) []byte {
	return neogointernal.Opcode2("CAT", neogointernal.Opcode2("CAT", prefixCounters, user), id).([]byte)
}

func readCounters(key []byte) int {
	return neogointernal.Syscall2("System.Storage.Get", storage.GetContext(), key).(int)
}

func writeCounters(key []byte, counters int) {
	storage.Put(storage.GetContext(), key, counters)
}

// writeFreshCounters writes one zero byte, as zero itself has none.
func writeFreshCounters(user []byte, id int) {
	storage.Put(storage.GetContext(), countersKey(user, id), "\x00")
}

func removeEscrow(user []byte, id int) {
	storage.Delete(storage.GetContext(), id*numberFactor+prefixEscrow)
	storage.Delete(storage.GetContext(), countersKey(user, id))
}

func escrowIDs(user []byte) iterator.Iterator {
	return storage.Find(storage.GetContext(), join(prefixCounters, user), storage.KeysOnly|storage.RemovePrefix)
}

func readOwner() []byte       { return get(keyOwner) }
func writeOwner(owner []byte) { storage.Put(storage.GetContext(), keyOwner, owner) }
func removeOwner()            { storage.Delete(storage.GetContext(), keyOwner) }

func readUpdate() []byte        { return get(keyUpdate) }
func writeUpdate(update []byte) { storage.Put(storage.GetContext(), keyUpdate, update) }
func removeUpdate()             { storage.Delete(storage.GetContext(), keyUpdate) }
