package contract

import "github.com/nspcc-dev/neo-go/pkg/interop/neogointernal"

// What the compiler has no words for. ISTYPE takes the type as the byte that
// follows it in the script, and the compiler has no intrinsic with operands, so
// the opcode whose number equals the type is emitted right after it: NOP is 0x21
// (Integer), PUSH16 0x20 (Boolean), JMPEQ 0x28 (ByteString), JMPLT 0x30 (Buffer),
// RET 0x40 (Array). They are never executed. The alternatives either fault on a
// hostile item or cost a std call of 0.011 GAS for each field.

//
// The intrinsics are written out in each function, because a call costs 0.0002 GAS
// and every claim passes here several times.

// isWithin tells whether item is an integer of low..high. The type comes first: a
// long byte string would fault the comparison.
func isWithin(item any, low, high int) bool {
	return neogointernal.Opcode1("NOP", neogointernal.Opcode1("ISTYPE", item)).(bool) &&
		item.(int) >= low && item.(int) <= high
}

func isBoolean(item any) bool {
	return neogointernal.Opcode1("PUSH16", neogointernal.Opcode1("ISTYPE", item)).(bool)
}

func isArrayOf(item any, size int) bool {
	return neogointernal.Opcode1("RET", neogointernal.Opcode1("ISTYPE", item)).(bool) &&
		neogointernal.Opcode1("SIZE", item).(int) == size
}

// isBytes tells whether item is a byte string or buffer of low..high bytes.
func isBytes(item any, low, high int) bool {
	if !neogointernal.Opcode1("JMPEQ", neogointernal.Opcode1("ISTYPE", item)).(bool) &&
		!neogointernal.Opcode1("JMPLT", neogointernal.Opcode1("ISTYPE", item)).(bool) {
		return false
	}
	size := neogointernal.Opcode1("SIZE", item).(int)
	return size >= low && size <= high
}

// asBytes takes an item for bytes, without the copy (0.0025 GAS) that a type
// assertion makes.
func asBytes(item any) []byte {
	return neogointernal.Opcode1("NOP", item).([]byte)
}

// byteString makes a byte string of a buffer too: serialized, and to EQUAL, they are
// not the same.
func byteString(item any) string {
	return string(asBytes(item))
}

func sizeOf(item any) int {
	return neogointernal.Opcode1("SIZE", item).(int)
}

// join appends b to a; an integer appends its shortest little-endian form.
func join(a, b any) []byte {
	return neogointernal.Opcode2("CAT", a, b).([]byte)
}

// intAt reads length bytes, little endian. Byte by byte it costs 110 units each;
// cutting a piece out and converting it costs 10240 whatever its length.
func intAt(bytes []byte, at, length int) int {
	value := 0
	for i := at + length - 1; i >= at; i-- {
		value = value<<8 + int(bytes[i])
	}
	return value
}
