package tests

import (
	"bytes"
	"testing"

	"github.com/nspcc-dev/neo-go/pkg/config/netmode"
	"github.com/stretchr/testify/require"

	"krypton/contract/rule"
)

func TestVoucher(t *testing.T) {
	s := newScene(t)
	id, key := s.openWithVoucher()
	s.pass(60_000)
	signed := func(seq, amount, total int64) claim {
		c := claimOf(id, seq, amount, 50, 1)
		c.total, c.signature = total, s.voucher(key, id, total)
		return c
	}
	bad := func(change func(*claim)) {
		t.Helper()
		c := signed(0, 1000, 1000)
		change(&c)
		s.expectCode(rule.BadVoucher, s.provider, c)
	}
	bad(func(c *claim) { c.total = 999 })
	bad(func(c *claim) { c.total = 1001 })
	bad(func(c *claim) { c.amount = 1001 })
	bad(func(c *claim) { c.signature = nil })
	bad(func(c *claim) { c.signature = []byte{} })
	bad(func(c *claim) { c.signature = make([]byte, 64) })
	bad(func(c *claim) { c.signature = bytes.Repeat([]byte{0xff}, 64) })
	bad(func(c *claim) { c.signature = c.signature[1:] })
	bad(func(c *claim) { c.signature = append(c.signature, 0) })
	bad(func(c *claim) { c.signature[63] ^= 1 })
	bad(func(c *claim) { c.signature = s.voucher(voucherKey("other"), id, 1000) })

	s.expectCode(rule.Accepted, s.provider, signed(0, 1000, 1000))
	// A total counts what was spent before.
	s.expectCode(rule.BadVoucher, s.provider, signed(1, 1001, 2000))
	s.expectCode(rule.Accepted, s.provider, signed(1, 1000, 2000))
	// One voucher may cover several claims; it need not be used up.
	s.expectCode(rule.Accepted, s.provider, signed(2, 1, 500_000))
	s.expectCode(rule.Accepted, s.provider, signed(3, 1, 500_000))
	// As WebCrypto signs it.
	c := signed(4, 1, 500_000)
	c.signature = randomlySigned(key, voucherBytes(42, s.hash, uint64(id), 500_000))
	s.expectCode(rule.Accepted, s.provider, c)
	// A missing total is no total of zero.
	noTotal := signed(5, 0, 0).list()
	noTotal[6] = nil
	s.expectEvents(s.do(s.provider, "settle", []any{noTotal}), emitted("ClaimRejected", id, 5, rule.BadVoucher))
}

// TestVoucherNumbers: every byte of id and total stands in its place.
func TestVoucherNumbers(t *testing.T) {
	s := newScene(t)
	key := voucherKey("phone")
	x := usualTerms()
	x.key = key.PublicKey().Bytes()
	x.amount = 1
	s.plant(lastEscrowKey(), idBytes(0x0102030405060708-1))
	id := s.open(x)
	require.EqualValues(t, 0x0102030405060708, id)
	s.pass(60_000)
	for seq, total := range []int64{0, 1, 0x7f, 0x80, 0xff, 0x100, 0x0102030405060708, 0x7fffffffffffffff, 0x7f00000000000000, 0x00ff00ff00ff00ff} {
		c := claimOf(id, int64(seq), 0, 0, 1)
		c.total, c.signature = total, s.voucher(key, id, total)
		s.expectCode(rule.Accepted, s.provider, c)
	}
}

// TestVoucherOnOtherNetworks: every byte of the magic counts, on main net and at the
// largest one.
func TestVoucherOnOtherNetworks(t *testing.T) {
	for _, magic := range []netmode.Magic{0, netmode.MainNet, netmode.TestNet, 0x80000000, 0xffffffff} {
		s := newSceneIn(newWorldOn(t, *contractDir, magic))
		id, key := s.openWithVoucher()
		s.pass(60_000)
		c := claimOf(id, 0, 1000, 1, 1)
		c.total, c.signature = 1000, key.Sign(voucherBytes(uint32(magic)+1, s.hash, uint64(id), 1000))
		s.expectCode(rule.BadVoucher, s.provider, c)
		c.signature = key.Sign(voucherBytes(uint32(magic), s.hash, uint64(id), 1000))
		s.expectCode(rule.Accepted, s.provider, c)
	}
}
