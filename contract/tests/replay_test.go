package tests

import (
	"math/big"

	"github.com/nspcc-dev/neo-go/pkg/core/state"
	"github.com/nspcc-dev/neo-go/pkg/util"
	"github.com/nspcc-dev/neo-go/pkg/vm/stackitem"
)

// replay follows the contract by its notifications and their block's time alone: it
// sees no call. It is the least that an indexer must do.
type replay struct{ *ledger }

func (r replay) apply(n state.NotificationEvent, now int64) {
	f := fields(n.Item.Value().([]stackitem.Item))
	switch n.Name {
	case "ProviderDeployed":
		r.deploy(*f.hash(0), f.text(1), now)
	case "ProviderRelocated":
		r.providers[*f.hash(0)].location = f.text(1)
	case "TariffSet":
		p := r.providers[*f.hash(0)]
		p.uri, p.hash = f.text(1), f.bytes(2)
	case "OperatorSet":
		r.providers[*f.hash(0)].operator = f.hash(1)
	case "ProviderUndeployed":
		delete(r.providers, *f.hash(0))
	case "UserRegistered":
		r.register(*f.hash(0), *f.hash(1), f.text(2), now)
	case "UserUnregistered":
		r.registrations[*f.hash(0)] = r.without(*f.hash(0), *f.hash(1))
	case "Deposited":
		r.credit(*f.hash(0), f.int(2))
	case "Withdrawn":
		r.credit(*f.hash(0), -f.int(1))
	case "OwnershipTransferred":
		r.owner = f.hash(1)
	case "UpdateScheduled":
		r.update = &announcement{f.bytes(0), f.bytes(1), f.int(2)}
	case "UpdateCancelled", "UpdateApplied":
		r.update = nil
	default:
		r.applyToEscrow(n.Name, f)
	}
}

func (r replay) applyToEscrow(name string, f fields) {
	id := f.int(0)
	e := r.escrows[id]
	switch name {
	case "EscrowOpened":
		e = &escrowEntry{user: *f.hash(1), provider: *f.hash(2), number: r.providers[*f.hash(2)].number, amount: f.int(3),
			rate: f.int(4), fee: f.int(5), increment: f.int(6), parallel: f.int(7), openedAt: f.int(8), endsAt: f.int(9),
			window: f.int(10) - f.int(9), key: f.bytes(11)}
		r.escrows[id] = e
		r.lastEscrow = id
		r.credit(e.user, -e.amount)
	case "EscrowExtended":
		e.amount += f.int(1)
		e.endsAt = f.int(2)
		r.credit(e.user, -f.int(1))
	case "EscrowSettled":
		e.spent = f.int(6)
		e.seq++
		e.seconds += f.int(3)
		e.calls += f.int(4)
		r.credit(e.provider, f.int(2))
	case "EscrowClosing":
		e.endsAt = f.int(1)
		e.closing = true
	case "EscrowClosed":
		delete(r.escrows, id)
		r.credit(e.user, f.int(1))
	case "ClaimRejected": // changes nothing
	default:
		panic("unknown notification " + name)
	}
}

// fields are the items of a notification.
type fields []stackitem.Item

func (f fields) int(i int) int64 { return f[i].Value().(*big.Int).Int64() }

func (f fields) text(i int) string { return string(f.bytes(i)) }

// bytes and hash give nil for null.
func (f fields) bytes(i int) []byte {
	bytes, _ := f[i].Value().([]byte)
	return bytes
}

func (f fields) hash(i int) *util.Uint160 {
	if f.bytes(i) == nil {
		return nil
	}
	hash, err := util.Uint160DecodeBytesBE(f.bytes(i))
	if err != nil {
		panic(err)
	}
	return &hash
}
