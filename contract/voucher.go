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

// isVoucher tells whether the escrow's key signed that total. A bit above the two
// numbers keeps their leading zeros, and is cut off.
func isVoucher(scope, key []byte, id, total int, signature []byte) bool {
	numbers := 1
	numbers = numbers<<32<<32 + swapped(total)
	numbers = numbers<<32<<32 + swapped(id)
	message := join(scope, join("", numbers)[:numbersLen])
	return crypto.VerifyWithECDsa(message, key, signature, crypto.Secp256r1Sha256)
}

// voucherScope is what all signed bytes begin with: tag, network and contract. It is
// built once for a call of settle.
func voucherScope() []byte {
	magic := join("", runtime.GetNetwork()+1<<(magicLen*8))[:magicLen]
	return join(join(rule.VoucherTag, magic), runtime.GetExecutingScriptHash())
}

// swapped turns the 8 bytes of a number around, by masks: 150 units instead of the
// 8192 of REVERSEITEMS.
func swapped(n int) int {
	n = n>>8&bytePairs + n&bytePairs<<8
	n = n>>16&shortPairs + n&shortPairs<<16
	return n>>32&lowHalf + n&lowHalf<<32
}
