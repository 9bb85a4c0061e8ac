package contract

import (
	"krypton/contract/fault"
	"krypton/contract/rule"
)

// The terms of an escrow are one byte string, because std.serialize and its
// opposite would cost 0.026 GAS:
//
//	user (20) | provider (20) | frame (20) | voucherKey (33, or none) | amount | rate | fee
//
// The last three are integers in their shortest little-endian form. The frame is
// an integer of 20 bytes; from its lowest bit: openedAt 48, endsAt 48, claimWindow
// 30, increment 12, maxParallel 7, voucher 1, closing 1, length of amount 4, length
// of rate 4, three bits of nothing, and a bit that makes it 20 bytes long always.
//
// Integers of the VM have 256 bits. Those of Go have 64, and go vet tells a longer
// shift for a mistake, hence two short ones in its place.
const (
	providerAt = rule.HashLen
	frameAt    = providerAt + rule.HashLen
	frameLen   = 20
	keyAt      = frameAt + frameLen

	timeBits = 48
	timeMask = 1<<timeBits - 1

	// Above the two times.
	incrementShift = 30
	parallelShift  = incrementShift + 12
	voucherShift   = parallelShift + 7
	closingShift   = voucherShift + 1
	amountShift    = closingShift + 1
	rateShift      = amountShift + 4
	markShift      = frameLen*8 - 2 - 2*timeBits

	windowMask    = 1<<incrementShift - 1
	incrementMask = 1<<12 - 1
	parallelMask  = 1<<7 - 1
	lengthMask    = 1<<4 - 1
	voucherFlag   = 1 << voucherShift
	closingFlag   = 1 << closingShift
)

// The counters of an escrow are one integer; from its lowest bit: spent 63, calls
// 40, seq 40, seconds. A claim simply adds to it. Nothing can run over: spent is
// at most the amount; calls are at most 100 a second, so 40 bits last 348 years,
// and every claim that raises seq has a call; seconds is the top.
const (
	spentBits = 63
	countBits = 40

	spentMask = 1<<spentBits - 1
	countMask = 1<<countBits - 1
)

func openTerms(id int) []byte {
	if !isWithin(id, 1, rule.MaxInt) {
		panic(fault.NoEscrow)
	}
	terms := readTerms(id)
	if terms == nil {
		panic(fault.NoEscrow)
	}
	return asBytes(terms)
}

// packTerms writes the lengths of amount and rate into the frame.
func packTerms(parties []byte, openedAt, endsAt, rest int, voucherKey []byte, amount, rate, fee int) []byte {
	rest = rest&(1<<amountShift-1) + sizeOf(amount)<<amountShift + sizeOf(rate)<<rateShift + 1<<markShift
	head := join(parties, (rest<<timeBits+endsAt)<<timeBits+openedAt)
	if voucherKey != nil {
		head = join(head, voucherKey)
	}
	return join(join(join(head, amount), rate), fee)
}

func userOf(terms []byte) []byte  { return terms[:providerAt] }
func payeeOf(terms []byte) []byte { return terms[providerAt:frameAt] }
func keyOf(terms []byte) []byte   { return terms[keyAt : keyAt+rule.VoucherKeyLen] }

// frameOf gives openedAt, endsAt and what stands above them.
func frameOf(terms []byte) (int, int, int) {
	frame := intAt(terms, frameAt, frameLen)
	return frame & timeMask, frame >> timeBits & timeMask, frame >> timeBits >> timeBits
}

func windowOf(rest int) int    { return rest & windowMask }
func incrementOf(rest int) int { return rest >> incrementShift & incrementMask }
func parallelOf(rest int) int  { return rest >> parallelShift & parallelMask }
func hasVoucher(rest int) bool { return rest&voucherFlag != 0 }
func isClosing(rest int) bool  { return rest&closingFlag != 0 }

// pricesOf gives amount, ratePerSecond and feePerCall.
func pricesOf(terms []byte, rest int) (int, int, int) {
	at := keyAt
	if hasVoucher(rest) {
		at += rule.VoucherKeyLen
	}
	rateAt := at + rest>>amountShift&lengthMask
	feeAt := rateAt + rest>>rateShift&lengthMask
	return intAt(terms, at, rateAt-at), intAt(terms, rateAt, feeAt-rateAt), intAt(terms, feeAt, len(terms)-feeAt)
}

// claimed is what a claim adds to the counters.
func claimed(amount, seconds, calls int) int {
	return ((seconds<<countBits+1)<<countBits+calls)<<spentBits + amount
}

func spentOf(counters int) int   { return counters & spentMask }
func callsOf(counters int) int   { return counters >> spentBits & countMask }
func seqOf(counters int) int     { return counters >> spentBits >> countBits & countMask }
func secondsOf(counters int) int { return counters >> spentBits >> countBits >> countBits }
