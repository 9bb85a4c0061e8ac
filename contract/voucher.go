package contract

import (
	"github.com/nspcc-dev/neo-go/pkg/interop/native/crypto"
	"github.com/nspcc-dev/neo-go/pkg/interop/runtime"

	"krypton/contract/rule"
)

const (
	magicLen   = 4
	numbersLen = 16

	bytePairs  = 0x00FF00FF00FF00FF
	shortPairs = 0x0000FFFF0000FFFF
	lowHalf    = 0x00000000FFFFFFFF
)

// isVoucher tells whether the escrow's key signed that total.
func isVoucher(key []byte, id, total int, signature []byte) bool {
	return crypto.VerifyWithECDsa(voucherMessage(id, total), key, signature, crypto.Secp256r1Sha256)
}

// voucherMessage builds what the user's softphone signs. A bit above the magic and
// one above the two numbers keep their leading zeros; both are cut off.
func voucherMessage(id, total int) []byte {
	magic := join("", runtime.GetNetwork()+1<<(magicLen*8))[:magicLen]
	numbers := 1
	numbers = numbers<<32<<32 + swapped(total)
	numbers = numbers<<32<<32 + swapped(id)
	return join(join(join(rule.VoucherTag, magic), runtime.GetExecutingScriptHash()), join("", numbers)[:numbersLen])
}

// swapped turns the 8 bytes of a number around, by masks: 150 units instead of the
// 8192 of REVERSEITEMS.
func swapped(n int) int {
	n = n>>8&bytePairs + n&bytePairs<<8
	n = n>>16&shortPairs + n&shortPairs<<16
	return n>>32&lowHalf + n&lowHalf<<32
}
