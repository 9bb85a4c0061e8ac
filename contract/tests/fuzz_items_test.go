package tests

import (
	"encoding/binary"
	"math/big"
	"strings"

	"github.com/nspcc-dev/neo-go/pkg/vm/stackitem"
)

// reader turns the fuzzer's bytes into stack items of every type; it never runs dry.
type reader struct {
	data   []byte
	nested int // items within items so far
}

// maxNested keeps the VM's stack of 2048 items out of the way: what is too big for it
// never gets as far as a contract.
const maxNested = 300

func (r *reader) byte() byte {
	if len(r.data) == 0 {
		return 0
	}
	b := r.data[0]
	r.data = r.data[1:]
	return b
}

func (r *reader) take(n int) []byte {
	taken := make([]byte, n)
	copy(taken, r.data)
	r.data = r.data[min(n, len(r.data)):]
	return taken
}

// item gives any, or the usual one, so that the fuzzer gets past the first check.
func (r *reader) item(usual any, depth int) stackitem.Item {
	switch tag := r.byte(); {
	case tag < 128:
		return stackitem.Make(usual)
	case tag < 150:
		return stackitem.Make(int64(int8(r.byte())))
	case tag < 170:
		return stackitem.Make(int64(binary.LittleEndian.Uint64(r.take(8))))
	case tag < 180:
		return stackitem.NewBigInteger(new(big.Int).SetBytes(r.take(31)))
	case tag < 200:
		return stackitem.NewByteArray(r.take(int(r.byte())))
	case tag < 205:
		return stackitem.NewByteArray([]byte(strings.Repeat("x", int(r.byte())*300)))
	case tag < 215:
		return stackitem.NewBuffer(r.take(int(r.byte())))
	case tag < 220:
		return stackitem.Null{}
	case tag < 226:
		return stackitem.NewBool(tag%2 == 0)
	case tag < 232:
		return stackitem.NewInterop(r)
	case tag < 238:
		return stackitem.NewPointer(0, []byte{0})
	case tag < 244:
		return stackitem.NewMap()
	case depth > 3 || r.nested > maxNested:
		return stackitem.Null{}
	case tag < 250:
		return stackitem.NewStruct(r.items(int(r.byte()%12), depth))
	default:
		return stackitem.NewArray(r.items(int(r.byte()%12), depth))
	}
}

func (r *reader) items(count, depth int) []stackitem.Item {
	list := make([]stackitem.Item, count)
	r.nested += count
	for i := range list {
		list[i] = r.item(nil, depth+1)
	}
	return list
}
