package tests

import (
	"math/big"
	"slices"
	"testing"

	"github.com/nspcc-dev/neo-go/pkg/core/block"
	"github.com/nspcc-dev/neo-go/pkg/core/interop"
	"github.com/nspcc-dev/neo-go/pkg/core/native/nativehashes"
	"github.com/nspcc-dev/neo-go/pkg/smartcontract"
	"github.com/nspcc-dev/neo-go/pkg/smartcontract/callflag"
	"github.com/nspcc-dev/neo-go/pkg/smartcontract/trigger"
	"github.com/nspcc-dev/neo-go/pkg/util"
	"github.com/nspcc-dev/neo-go/pkg/vm/stackitem"
	"github.com/stretchr/testify/require"

	"krypton/contract/fault"
	"krypton/contract/rule"
)

// fuzzScene has an escrow without and one with a voucher key, and the model of both.
type fuzzScene struct {
	*scene
	model *model
}

func newFuzzScene(f *testing.F) *fuzzScene {
	s := newScene(f)
	x := usualTerms()
	x.fee = 1000
	s.open(x)
	x.key = voucherKey("phone").PublicKey().Bytes()
	s.open(x)
	m := &model{ledger: newLedger(), self: s.hash, magic: uint32(s.e.Chain.GetConfig().Magic)}
	for id := range int64(2) {
		e := &escrowEntry{user: s.user.hash, provider: s.provider.hash, amount: x.amount, rate: x.rate, fee: x.fee,
			increment: x.increment, parallel: x.parallel, openedAt: int64(s.now()) - 1 + id, window: x.window}
		e.endsAt = e.openedAt + x.duration
		m.escrows[id+1] = e
	}
	m.escrows[2].key = x.key
	s.pass(60_000)
	m.now = int64(s.now()) + 1
	return &fuzzScene{s, m}
}

// direct calls a method with items that no script need be able to push.
func (w *world) direct(caller util.Uint160, by *account, name string, args ...stackitem.Item) (*interop.Context, error) {
	next := &block.Block{Header: block.Header{Index: w.e.Chain.BlockHeight() + 1, Timestamp: w.now() + 1}}
	ic, err := w.e.Chain.GetTestVM(trigger.Application, w.unsigned(nil, global(by)...), next)
	if err != nil {
		return nil, err
	}
	defer ic.Finalize()
	cs := w.e.Chain.GetContractState(w.hash)
	method := cs.Manifest.ABI.GetMethod(name, len(args))
	ic.VM.LoadWithFlags([]byte{0x40}, callflag.All) // RET: the script that has called
	ic.VM.LoadNEFMethod(&cs.NEF, &cs.Manifest, caller, w.hash, callflag.All, method.ReturnType != smartcontract.VoidType,
		method.Offset, -1, nil, nil, false)
	for _, arg := range slices.Backward(args) {
		ic.VM.Estack().PushItem(arg)
	}
	return ic, ic.VM.Run()
}

// FuzzSettle: whatever a claim is made of, the call faults for its shape only, and
// every claim of the right shape gets what the model says.
func FuzzSettle(f *testing.F) {
	s := newFuzzScene(f)
	f.Add([]byte{1, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		r := &reader{data: data}
		m := *s.model
		m.ledger = newLedger()
		for id, e := range s.model.escrows {
			copied := *e
			m.escrows[id] = &copied
		}
		var list []stackitem.Item
		var want []event
		shapeless := false
		for range 1 + int(r.byte())%6 {
			usual := []any{1 + int64(r.byte())%3, int64(r.byte()) % 4, 1000 * int64(r.byte()), int64(r.byte()), 1 + int64(r.byte())%8,
				someRoot, int64(1_000_000), []byte{}, r.byte()%8 == 0}
			usual[7] = voucherKey("phone").Sign(voucherBytes(m.magic, m.self, uint64(usual[0].(int64)), 1_000_000))
			fields := make([]stackitem.Item, len(usual), len(usual)+1)
			for i := range usual {
				fields[i] = r.item(usual[i], 0)
			}
			shape := r.byte()
			switch {
			case shape == 255:
				fields = fields[:8]
			case shape == 254:
				fields = append(fields, stackitem.Null{})
			}
			if shape == 253 {
				list = append(list, stackitem.NewStruct(fields))
			} else {
				list = append(list, stackitem.NewArray(fields))
			}
			shapeless = shapeless || shape >= 253
			if !shapeless {
				want = append(want, m.expectItems(witnesses{s.provider.hash: true}, fields)...)
			}
		}
		ic, err := s.direct(util.Uint160{}, s.provider, "settle", stackitem.NewArray(list))
		if shapeless {
			require.Error(t, err)
			requireFault(t, fault.Claim, err.Error())
			return
		}
		require.NoError(t, err)
		require.Len(t, ic.Notifications, len(want))
		for i, n := range ic.Notifications {
			require.Equal(t, want[i].name, n.Name)
			require.Equal(t, plain(stackitem.Make(want[i].items)), plain(n.Item))
		}
	})
}

// expectItems is settle for one claim of stack items.
func (m *model) expectItems(by witnesses, f []stackitem.Item) []event {
	inRange := func(i int) bool {
		n, ok := f[i].Value().(*big.Int)
		return ok && f[i].Type() == stackitem.IntegerT && n.Sign() >= 0 && n.Cmp(tooLarge) < 0
	}
	isNull := func(i int) bool { return f[i].Type() == stackitem.AnyT }
	bytesOf := func(i int) []byte {
		if f[i].Type() != stackitem.ByteArrayT && f[i].Type() != stackitem.BufferT {
			return nil
		}
		return append([]byte{}, f[i].Value().([]byte)...)
	}
	number := func(i int) int64 {
		if !inRange(i) {
			return -1
		}
		return f[i].Value().(*big.Int).Int64()
	}
	c := claim{id: number(0), seq: number(1), amount: number(2), seconds: number(3), calls: number(4), root: bytesOf(5),
		total: number(6), signature: bytesOf(7)}
	if isNull(6) {
		c.total, c.signature = 0, nil // then the signature does not matter
	}
	if c.signature == nil && !isNull(6) && !isNull(7) || bytesOf(7) == nil && !isNull(7) || f[8].Type() != stackitem.BooleanT {
		c.amount = -1 // malformed
	} else {
		c.close = f[8].Value().(bool)
	}
	return m.settle(by, []claim{c}).events
}

// FuzzPayment: whatever comes with a payment, it is credited or it faults.
func FuzzPayment(f *testing.F) {
	s := newScene(f)
	f.Add([]byte{0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		r := &reader{data: data}
		var from any
		if r.byte()%4 != 0 {
			from = s.user.hash
		}
		amount := r.item(int64(r.byte()), 0)
		target := r.item(oneOfThese(r.byte(), nil, s.stranger.hash, s.hash), 0)
		ic, err := s.direct(nativehashes.GasToken, s.stranger, "onNEP17Payment", stackitem.Make(from), amount, target)

		n, isNumber := amount.Value().(*big.Int)
		account, isBytes := target.Value().([]byte)
		message := ""
		switch {
		case !isNumber || n.Sign() <= 0 || n.Cmp(tooLarge) >= 0:
			message = fault.Amount
		case target.Type() == stackitem.AnyT && from == nil:
			message = fault.NoAccount
		case target.Type() != stackitem.AnyT && (!isBytes || len(account) != rule.HashLen):
			message = fault.Account
		}
		if message != "" {
			require.Error(t, err)
			requireFault(t, message, err.Error())
			return
		}
		require.NoError(t, err)
		if target.Type() == stackitem.AnyT {
			account = s.user.hash.BytesBE()
		}
		require.Len(t, ic.Notifications, 1)
		require.Equal(t, items(account, from, n), plain(ic.Notifications[0].Item))
	})
}

func oneOfThese(choice byte, values ...any) any { return values[int(choice)%len(values)] }
