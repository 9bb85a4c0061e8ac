package contract

import (
	"krypton/contract/fault"
	"krypton/contract/rule"
)

// The terms of an escrow are one byte string, because std.serialize and its
// opposite would cost 0.026 GAS:
//
//	user (20) | frame (22) | voucherKey (33, or none) | prices
//
// Frame and prices are integers, little endian. The frame, from its lowest bit:
// openedAt 42, endsAt 42 (milliseconds, until the year 2109), claimWindow 30,
// increment 12, maxParallel 7, voucher 1, closing 1, bytes of amount 4, bytes of
// rate 4, number of the provider 30, and a bit that makes it 22 bytes long always.
// The prices: amount, ratePerSecond and feePerCall, each in whole bytes.
//
// Integers of the VM have 256 bits. Those of Go have 64, and go vet takes a longer
// shift for a mistake, hence two short ones in its place.
const (
	frameAt  = rule.HashLen
	frameLen = 22
	keyAt    = frameAt + frameLen

	timeBits = 42
	timeMask = 1<<timeBits - 1

	// Above the two times.
	incrementShift = 30
	parallelShift  = incrementShift + 12
	voucherShift   = parallelShift + 7
	closingShift   = voucherShift + 1
	amountShift    = closingShift + 1
	rateShift      = amountShift + 4
	numberShift    = rateShift + 4

	windowMask    = 1<<incrementShift - 1
	incrementMask = 1<<12 - 1
	parallelMask  = 1<<7 - 1
	lengthMask    = 1<<4 - 1
	voucherFlag   = 1 << voucherShift
	closingFlag   = 1 << closingShift
	numberMark    = 1 << 30
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
	return terms
}

// packTerms takes rest, what stands above the two times, and sets the lengths in it.
func packTerms(user []byte, openedAt, endsAt, rest int, voucherKey []byte, amount, rate, fee int) []byte {
	amountLen := sizeOf(amount)
	rateLen := sizeOf(rate)
	rest += (amountLen-rest>>amountShift&lengthMask)<<amountShift + (rateLen-rest>>rateShift&lengthMask)<<rateShift
	terms := join(user, (rest<<timeBits+endsAt)<<timeBits+openedAt)
	if voucherKey != nil {
		terms = join(terms, voucherKey)
	}
	return join(terms, (fee<<(rateLen*8)+rate)<<(amountLen*8)+amount)
}

// packRest packs the terms that never change, for the provider of that number.
func packRest(number, claimWindow, increment, maxParallel int) int {
	return (number+numberMark)<<numberShift + maxParallel<<parallelShift + increment<<incrementShift + claimWindow
}

func userOf(terms []byte) []byte { return terms[:frameAt] }
func keyOf(terms []byte) []byte  { return terms[keyAt : keyAt+rule.VoucherKeyLen] }

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

// providerOf gives the account of the escrow's provider, deployed or not.
func providerOf(rest int) []byte {
	return readNumbered(rest>>numberShift - numberMark)
}

// pricesOf gives amount, ratePerSecond and feePerCall.
func pricesOf(terms []byte, rest int) (int, int, int) {
	at := keyAt
	if rest&voucherFlag != 0 {
		at += rule.VoucherKeyLen
	}
	amountBits := rest >> amountShift & lengthMask * 8
	rateBits := rest >> rateShift & lengthMask * 8
	prices := intAt(terms, at, len(terms)-at)
	return prices & (1<<amountBits - 1), prices >> amountBits & (1<<rateBits - 1), prices >> amountBits >> rateBits
}

func spentOf(counters int) int   { return counters & spentMask }
func callsOf(counters int) int   { return counters >> spentBits & countMask }
func seqOf(counters int) int     { return counters >> spentBits >> countBits & countMask }
func secondsOf(counters int) int { return counters >> spentBits >> countBits >> countBits }
