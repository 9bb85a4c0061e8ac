package tests

import (
	"math/big"
	"slices"

	"github.com/nspcc-dev/neo-go/pkg/encoding/bigint"
	"github.com/nspcc-dev/neo-go/pkg/util"
	"github.com/nspcc-dev/neo-go/pkg/vm/stackitem"
)

// ledger is the contract's whole state in plain Go. The model computes it from the
// calls, the replay from the notifications, and both must be what the chain stores.
type ledger struct {
	owner         *util.Uint160
	update        *announcement
	providers     map[util.Uint160]*providerEntry
	numbers       []util.Uint160 // of providers, in the order of their deployment
	registrations map[util.Uint160][]registration
	balances      map[util.Uint160]int64
	escrows       map[int64]*escrowEntry
	lastEscrow    int64
}

type announcement struct {
	nefHash, manifestHash []byte
	notBefore             int64
}

type providerEntry struct {
	location   string
	uri        string // "" before setTariff
	hash       []byte
	operator   *util.Uint160
	deployedAt int64
	number     int64
}

type registration struct {
	provider     util.Uint160
	uuid         string
	registeredAt int64
}

type escrowEntry struct {
	user, provider                         util.Uint160
	number                                 int64 // of the provider
	amount, rate, fee, increment, parallel int64
	openedAt, endsAt, window               int64
	key                                    []byte
	closing                                bool
	spent, seq, seconds, calls             int64
}

func newLedger() *ledger {
	return &ledger{providers: map[util.Uint160]*providerEntry{}, registrations: map[util.Uint160][]registration{},
		balances: map[util.Uint160]int64{}, escrows: map[int64]*escrowEntry{}}
}

func (l *ledger) credit(account util.Uint160, amount int64) {
	l.balances[account] += amount
	if l.balances[account] == 0 {
		delete(l.balances, account)
	}
}

func (l *ledger) deploy(provider util.Uint160, location string, at int64) {
	l.numbers = append(l.numbers, provider)
	l.providers[provider] = &providerEntry{location: location, deployedAt: at, number: int64(len(l.numbers))}
}

func (l *ledger) register(user, provider util.Uint160, uuid string, at int64) {
	others := l.without(user, provider)
	l.registrations[user] = append([]registration{{provider, uuid, at}}, others...)
}

func (l *ledger) without(user, provider util.Uint160) []registration {
	return slices.DeleteFunc(slices.Clone(l.registrations[user]), func(r registration) bool { return r.provider == provider })
}

// held is what the contract must own: all that it owes.
func (l *ledger) held() int64 {
	var sum int64
	for _, b := range l.balances {
		sum += b
	}
	for _, e := range l.escrows {
		sum += e.amount - e.spent
	}
	return sum
}

// storage encodes everything as the contract stores it.
func (l *ledger) storage() map[string]string {
	entries := map[string]string{}
	put := func(key, value []byte) { entries[string(key)] = string(value) }
	if l.owner != nil {
		put(ownerKey(), l.owner.BytesBE())
	}
	if u := l.update; u != nil {
		put(updateKey(), serialized(u.nefHash, u.manifestHash, u.notBefore))
	}
	if len(l.numbers) > 0 {
		put(lastProviderKey(), idBytes(int64(len(l.numbers))))
	}
	for i, provider := range l.numbers {
		put(numberKey(int64(i+1)), provider.BytesBE())
	}
	for hash, p := range l.providers {
		put(providerKey(hash), p.encode())
		if p.operator != nil {
			put(operatorKey(hash), p.operator.BytesBE())
		}
	}
	for user, list := range l.registrations {
		var value []byte
		for _, r := range list {
			value = slices.Concat(value, r.provider.BytesBE(), []byte(r.uuid), idBytes(r.registeredAt+1<<48))
		}
		if len(value) > 0 {
			put(registrationsKey(user), value)
		}
	}
	for account, balance := range l.balances {
		put(balanceKey(account), idBytes(balance))
	}
	if l.lastEscrow > 0 {
		put(lastEscrowKey(), idBytes(l.lastEscrow))
	}
	for id, e := range l.escrows {
		put(escrowKey(id), e.terms())
		put(countersKey(e.user, id), e.counters())
	}
	return entries
}

func (p *providerEntry) encode() []byte {
	var uri, hash any
	if p.uri != "" {
		uri, hash = p.uri, p.hash
	}
	return append(idBytes(p.number+1<<30), serialized(p.location, uri, hash, p.deployedAt)...)
}

// terms packs fields from the highest down, as terms.go lays them out.
func (e *escrowEntry) terms() []byte {
	var frame packer
	frame.add(1, 1).add(e.number, 30).add(int64(len(idBytes(e.rate))), 4).add(int64(len(idBytes(e.amount))), 4)
	frame.add(flagOf(e.closing), 1).add(flagOf(e.key != nil), 1).add(e.parallel, 7).add(e.increment, 12).add(e.window, 30)
	frame.add(e.endsAt, 42).add(e.openedAt, 42)
	var prices packer
	prices.add(e.fee, 63).add(e.rate, 8*len(idBytes(e.rate))).add(e.amount, 8*len(idBytes(e.amount)))
	return slices.Concat(e.user.BytesBE(), frame.bytes(), e.key, prices.bytes())
}

func (e *escrowEntry) counters() []byte {
	if e.seq == 0 {
		return []byte{0}
	}
	var packed packer
	packed.add(e.seconds, 63).add(e.seq, 40).add(e.calls, 40).add(e.spent, 63)
	return packed.bytes()
}

type packer struct{ value big.Int }

func (p *packer) add(value int64, bits int) *packer {
	p.value.Add(p.value.Lsh(&p.value, uint(bits)), big.NewInt(value))
	return p
}

func (p *packer) bytes() []byte { return bigint.ToBytes(&p.value) }

func flagOf(set bool) int64 {
	if set {
		return 1
	}
	return 0
}

func serialized(values ...any) []byte {
	list := make([]stackitem.Item, len(values))
	for i := range values {
		list[i] = stackitem.Make(values[i])
	}
	bytes, err := stackitem.Serialize(stackitem.NewStruct(list))
	if err != nil {
		panic(err)
	}
	return bytes
}
