package tests

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	"testing"

	"github.com/nspcc-dev/neo-go/pkg/core/state"
	"github.com/nspcc-dev/neo-go/pkg/crypto/keys"
	"github.com/nspcc-dev/neo-go/pkg/util"
	"github.com/stretchr/testify/require"

	"krypton/contract/rule"
)

const (
	location = "sip.provider.example"
	uuid     = "0b1c2d3e-4f50-4a6b-8c7d-9e0fa1b2c3d4"
)

// terms of an escrow, as openEscrow takes them.
type terms struct {
	amount, rate, fee, increment, parallel int64
	duration, window                       int64
	key                                    []byte
}

// usualTerms: 1 GAS for calls at 0.001 GAS a second, an hour long.
func usualTerms() terms {
	return terms{amount: gas, rate: 100_000, increment: 60, parallel: 2, duration: rule.Day, window: rule.Day}
}

// scene is a world with a provider and a user who can open escrows with it.
type scene struct {
	*world
	provider, operator, user, stranger *account
}

func newScene(t testing.TB) *scene { return newSceneIn(newWorld(t)) }

func newSceneIn(w *world) *scene {
	s := &scene{world: w, provider: newAccount("provider"), operator: newAccount("operator"),
		user: newAccount("user"), stranger: newAccount("stranger")}
	s.fund(s.provider, s.operator, s.user, s.stranger)
	s.do(s.provider, "deploy", s.provider.hash, location)
	s.do(s.user, "register", s.user.hash, s.provider.hash, uuid)
	s.deposit(s.user, 100*gas)
	return s
}

func openArgs(user, provider util.Uint160, x terms) []any {
	var key any
	if x.key != nil {
		key = x.key
	}
	return []any{user, provider, x.amount, x.rate, x.fee, x.increment, x.parallel, x.duration, x.window, key}
}

// open opens an escrow of the user, and gives its id.
func (s *scene) open(x terms) int64 {
	s.t.Helper()
	aer := s.do(s.user, "openEscrow", openArgs(s.user.hash, s.provider.hash, x)...)
	return aer.Stack[0].Value().(*big.Int).Int64()
}

// openWithVoucher opens an escrow of usual terms with a voucher key.
func (s *scene) openWithVoucher() (id int64, key *keys.PrivateKey) {
	s.t.Helper()
	key = voucherKey("phone")
	x := usualTerms()
	x.key = key.PublicKey().Bytes()
	return s.open(x), key
}

// claim is one in its natural types; list turns it into what settle takes.
type claim struct {
	id, seq, amount, seconds, calls int64
	root                            []byte
	total                           int64
	signature                       []byte
	close                           bool
}

var someRoot = sha256.New().Sum(nil)

func claimOf(id, seq, amount, seconds, calls int64) claim {
	return claim{id: id, seq: seq, amount: amount, seconds: seconds, calls: calls, root: someRoot}
}

func (c claim) list() []any {
	var signature any
	if c.signature != nil {
		signature = c.signature
	}
	return []any{c.id, c.seq, c.amount, c.seconds, c.calls, c.root, c.total, signature, c.close}
}

func claims(list ...claim) []any {
	items := make([]any, len(list))
	for i := range list {
		items[i] = list[i].list()
	}
	return items
}

func (s *scene) settle(by *account, list ...claim) *state.AppExecResult {
	s.t.Helper()
	return s.do(by, "settle", claims(list...))
}

// expectCode settles one claim, and expects it to be rejected with that code, or
// to be accepted where the code is zero.
func (s *scene) expectCode(code int64, by *account, c claim) {
	s.t.Helper()
	aer := s.settle(by, c)
	own := s.events(aer)
	if code != rule.Accepted {
		s.expectEvents(aer, emitted("ClaimRejected", c.id, c.seq, code))
		require.Zero(s.t, aer.Stack[0].Value().(*big.Int).Int64())
		return
	}
	require.Equal(s.t, "EscrowSettled", own[0].Name, "%v", own[0].Item)
	require.EqualValues(s.t, 1, aer.Stack[0].Value().(*big.Int).Int64())
}

// voucherBytes is what the softphone signs.
func voucherBytes(magic uint32, contract util.Uint160, id, total uint64) []byte {
	message := []byte(rule.VoucherTag)
	message = binary.LittleEndian.AppendUint32(message, magic)
	message = append(message, contract.BytesBE()...)
	message = binary.BigEndian.AppendUint64(message, id)
	return binary.BigEndian.AppendUint64(message, total)
}

func (w *world) voucher(key *keys.PrivateKey, id, total int64) []byte {
	return key.Sign(voucherBytes(uint32(w.e.Chain.GetConfig().Magic), w.hash, uint64(id), uint64(total)))
}

func voucherKey(name string) *keys.PrivateKey { return newAccount("voucher " + name).key }

// randomlySigned is a signature as WebCrypto makes it, with a random nonce.
func randomlySigned(key *keys.PrivateKey, message []byte) []byte {
	digest := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, &key.PrivateKey, digest[:])
	if err != nil {
		panic(err)
	}
	signature := make([]byte, rule.SignatureLen)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signature
}
