package contract

import "github.com/nspcc-dev/neo-go/pkg/interop/neogointernal"

// What the compiler has no words for. ISTYPE takes the type as the byte that
// follows it in the script, and the compiler has no intrinsic with operands, so
// the opcode whose number equals the type is emitted right after it: NOP is 0x21
// (Integer), PUSH16 0x20 (Boolean), JMPEQ 0x28 (ByteString), JMPLT 0x30 (Buffer),
// RET 0x40 (Array). They are never executed. The alternatives either fault on a
// hostile item or cost a std call of 0.011 GAS for each field.

func isInteger(item any) bool {
	return neogointernal.Opcode1("NOP", neogointernal.Opcode1("ISTYPE", item)).(bool)
}

func isBoolean(item any) bool {
	return neogointernal.Opcode1("PUSH16", neogointernal.Opcode1("ISTYPE", item)).(bool)
}

func isArray(item any) bool {
	return neogointernal.Opcode1("RET", neogointernal.Opcode1("ISTYPE", item)).(bool)
}

func isByteString(item any) bool {
	return neogointernal.Opcode1("JMPEQ", neogointernal.Opcode1("ISTYPE", item)).(bool)
}

func isBuffer(item any) bool {
	return neogointernal.Opcode1("JMPLT", neogointernal.Opcode1("ISTYPE", item)).(bool)
}

func isBytes(item any) bool {
	return isByteString(item) || isBuffer(item)
}

// isBytesOf tells whether item is a byte string of exactly that length.
func isBytesOf(item any, length int) bool {
	return isBytes(item) && sizeOf(item) == length
}

// isWithin tells whether item is an integer of low..high. The type comes first: a
// long byte string would fault the comparison.
func isWithin(item any, low, high int) bool {
	return isInteger(item) && asInt(item) >= low && asInt(item) <= high
}

// asInt and asBytes take an item for what it is, without the CONVERT (0.0025 GAS)
// of a type assertion: the VM reads a byte string of up to 32 bytes as an integer.
func asInt(item any) int {
	return neogointernal.Opcode1("NOP", item).(int)
}

func asBytes(item any) []byte {
	return neogointernal.Opcode1("NOP", item).([]byte)
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

func asBool(item any) bool {
	return neogointernal.Opcode1("NOP", item).(bool)
}
