// Package rule holds the bounds and codes that the contract, its tests and its
// callers share.
package rule

// Version is major*1e6 + minor*1e3 + patch. MigratesFrom is the oldest version
// whose storage this code understands.
const (
	Version      = 1_000_000
	MigratesFrom = 1_000_000
)

// MaxInt bounds every integer that comes from outside, so that products of two
// stay far below the VM's 256 bits.
const MaxInt = 1<<63 - 1

// Registry.
const (
	HashLen          = 20
	MaxLocationLen   = 253 // the longest DNS name
	MaxURILen        = 512 // leaves room in the 1024 bytes of a notification
	TariffHashLen    = 32
	UUIDLen          = 36
	MaxRegistrations = 8
)

// Escrows. Times are milliseconds, increments seconds.
const (
	Second         = 1000
	Minute         = 60 * Second
	Day            = 24 * 60 * Minute
	MaxIncrement   = 3600
	MaxParallel    = 100
	MinDuration    = 1 * Minute
	MaxDuration    = 90 * Day
	MinClaimWindow = 10 * Minute
	MaxClaimWindow = 7 * Day
	VoucherKeyLen  = 33
)

// Claims.
const (
	ClaimFields  = 9
	MaxClaims    = 128 // the VM's stack of 2048 items holds about 200
	CDRRootLen   = 32
	SignatureLen = 64
)

// Codes of ClaimRejected, in the order of the checks.
const (
	Accepted      = 0
	Malformed     = 1
	UnknownEscrow = 2
	NotAuthorised = 3
	StaleSequence = 4
	PastDeadline  = 5
	OverAmount    = 6
	OverRate      = 7
	OverTime      = 8
	BadVoucher    = 9
)

// Unusable stands for an escrow id or seq that could not be read.
const Unusable = -1

// VoucherTag opens the signed bytes of every voucher.
const VoucherTag = "KRYPTON-VOUCHER-1"

// UpdateDelay is how long users can see an update before it may take place: twice the
// longest claim window, so that they have a whole such window to notice it in, and
// another one for the money of an escrow that they close. UpdateWindow is how long the
// update may take place after that: if an announcement never expired, the owner could
// keep one ready, and users who come later would have no time to leave.
const (
	UpdateDelay  = 2 * MaxClaimWindow
	UpdateWindow = 7 * Day
)
