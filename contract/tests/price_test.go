package tests

import "github.com/stretchr/testify/require"

import "testing"

// tariffEntry prices calls to one prefix.
type tariffEntry struct {
	rate, fee, initial, increment int64
}

// billable gives the seconds to bill: none for an unanswered call (negative), else
// rounded up to seconds, at least the initial increment, then whole increments.
func (e tariffEntry) billable(answeredMs int64) int64 {
	if answeredMs < 0 {
		return 0
	}
	seconds := (answeredMs + 999) / 1000
	if seconds <= e.initial {
		return e.initial
	}
	return e.initial + (seconds-e.initial+e.increment-1)/e.increment*e.increment
}

// price is nothing for an unanswered call.
func (e tariffEntry) price(answeredMs int64) int64 {
	if answeredMs < 0 {
		return 0
	}
	return e.fee + e.rate*e.billable(answeredMs)
}

func TestBillableSeconds(t *testing.T) {
	e := tariffEntry{rate: 10, fee: 3, initial: 30, increment: 6}
	for ms, want := range map[int64]int64{-1: 0, 0: 30, 1: 30, 30_000: 30, 30_001: 36, 36_000: 36, 36_001: 42} {
		require.Equal(t, want, e.billable(ms), ms)
	}
	require.Zero(t, e.price(-1))
	require.EqualValues(t, 303, e.price(0))
}
