package tests

import (
	"math/big"
	"strings"

	"github.com/nspcc-dev/neo-go/pkg/core/native/nativehashes"
	"github.com/nspcc-dev/neo-go/pkg/io"
	"github.com/nspcc-dev/neo-go/pkg/smartcontract/callflag"
	"github.com/nspcc-dev/neo-go/pkg/vm/emit"
	"github.com/nspcc-dev/neo-go/pkg/vm/opcode"

	"krypton/contract/rule"
)

// raw is an argument given as the instructions that leave it on the stack.
type raw []byte

// Items that only a hostile script passes.
var (
	aMap     = raw{byte(opcode.NEWMAP)}
	aStruct  = raw{byte(opcode.NEWSTRUCT0)}
	aBuffer  = raw{byte(opcode.PUSH4), byte(opcode.NEWBUFFER)}
	aPointer = raw{byte(opcode.PUSHA), 0, 0, 0, 0}
	anObject = interopItem()
	// anArrayOfItself contains itself.
	anArrayOfItself = raw{byte(opcode.NEWARRAY0), byte(opcode.DUP), byte(opcode.DUP), byte(opcode.APPEND)}
)

// interopItem is an iterator, as any contract may give one away.
func interopItem() raw {
	w := io.NewBufBinWriter()
	emit.AppCall(w.BinWriter, nativehashes.NeoToken, "getAllCandidates", callflag.All)
	return w.Bytes()
}

// push leaves value on the stack; lists may contain raw items.
func push(w *io.BinWriter, value any) {
	switch v := value.(type) {
	case raw:
		w.WriteBytes(v)
	case []any:
		for i := len(v) - 1; i >= 0; i-- {
			push(w, v[i])
		}
		emit.Int(w, int64(len(v)))
		emit.Opcodes(w, opcode.PACK)
	default:
		emit.Any(w, v)
	}
}

var tooLarge = new(big.Int).Add(big.NewInt(rule.MaxInt), big.NewInt(1))

// badIntegers are no integer of low..2^63-1: out of range, or of another type.
func badIntegers(low int64) []any {
	return append(wrongTypes(), low-1, -1, new(big.Int).Neg(tooLarge), tooLarge, new(big.Int).Lsh(big.NewInt(1), 254),
		new(big.Int).Neg(new(big.Int).Lsh(big.NewInt(1), 254)))
}

// wrongTypes are no integer at all, though the VM would take some of them for one.
func wrongTypes() []any {
	return []any{nil, true, "", "\x05", strings.Repeat("\x01", 33), strings.Repeat("x", 60_000), []any{}, []any{5}, aMap, aStruct, aBuffer, aPointer, anArrayOfItself, anObject}
}
