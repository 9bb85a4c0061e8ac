package tests

import (
	"regexp"
	"strings"

	"github.com/nspcc-dev/neo-go/pkg/util"

	"krypton/contract/fault"
	"krypton/contract/rule"
)

// model says what each call must do: refuse with a message, or change the ledger,
// notify and return. It is written from the specification, one rule after another.
type model struct {
	*ledger
	self    util.Uint160
	magic   uint32
	now     int64
	version int64
	next    build // the only update that would work
}

type outcome struct {
	fault  string
	events []event
	result any // nil where nothing is returned
}

// witnesses are the accounts that signed.
type witnesses map[util.Uint160]bool

func refused(message string) outcome { return outcome{fault: message} }

func done(result any, events ...event) outcome { return outcome{result: result, events: events} }

func (m *model) deploy(by witnesses, p util.Uint160, location string) outcome {
	switch {
	case !by[p]:
		return refused(fault.Witness)
	case len(location) < 1 || len(location) > rule.MaxLocationLen:
		return refused(fault.Location)
	case m.providers[p] != nil:
		return refused(fault.AlreadyDeployed)
	}
	m.ledger.deploy(p, location, m.now)
	return done(true, emitted("ProviderDeployed", p, location))
}

func (m *model) relocate(by witnesses, p util.Uint160, location string) outcome {
	switch {
	case !by[p]:
		return refused(fault.Witness)
	case len(location) < 1 || len(location) > rule.MaxLocationLen:
		return refused(fault.Location)
	case m.providers[p] == nil:
		return refused(fault.NotDeployed)
	}
	m.providers[p].location = location
	return done(nil, emitted("ProviderRelocated", p, location))
}

func (m *model) setTariff(by witnesses, p util.Uint160, uri string, hash []byte) outcome {
	switch {
	case !by[p]:
		return refused(fault.Witness)
	case len(uri) < 1 || len(uri) > rule.MaxURILen:
		return refused(fault.URI)
	case len(hash) != 32:
		return refused(fault.Hash)
	case m.providers[p] == nil:
		return refused(fault.NotDeployed)
	}
	m.providers[p].uri, m.providers[p].hash = uri, hash
	return done(nil, emitted("TariffSet", p, uri, hash))
}

func (m *model) setOperator(by witnesses, p util.Uint160, operator *util.Uint160) outcome {
	switch {
	case !by[p]:
		return refused(fault.Witness)
	case m.providers[p] == nil:
		return refused(fault.NotDeployed)
	}
	m.providers[p].operator = operator
	return done(nil, emitted("OperatorSet", p, orNull(operator)))
}

func (m *model) undeploy(by witnesses, p util.Uint160) outcome {
	switch {
	case !by[p]:
		return refused(fault.Witness)
	case m.providers[p] == nil:
		return refused(fault.NotDeployed)
	}
	delete(m.providers, p)
	return done(true, emitted("ProviderUndeployed", p))
}

var version4 = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$`)

func (m *model) register(by witnesses, user, p util.Uint160, uuid string) outcome {
	switch {
	case !by[user]:
		return refused(fault.Witness)
	case m.providers[p] == nil:
		return refused(fault.NotDeployed)
	case !version4.MatchString(uuid):
		return refused(fault.UUID)
	case len(m.without(user, p)) >= rule.MaxRegistrations:
		return refused(fault.TooManyRegistrations)
	}
	lower := strings.ToLower(uuid)
	m.ledger.register(user, p, lower, m.now)
	return done(true, emitted("UserRegistered", user, p, lower))
}

func (m *model) unregister(by witnesses, user util.Uint160, from *util.Uint160) outcome {
	if !by[user] {
		return refused(fault.Witness)
	}
	var gone []event
	for _, r := range m.registrations[user] {
		if from == nil || r.provider == *from {
			gone = append(gone, emitted("UserUnregistered", user, r.provider, r.uuid))
		}
	}
	if gone == nil {
		return refused(fault.NotRegistered)
	}
	if from == nil {
		delete(m.registrations, user)
	} else {
		m.registrations[user] = m.without(user, *from)
	}
	return done(true, gone...)
}

func (m *model) deposit(from util.Uint160, amount int64, to *util.Uint160) outcome {
	if amount == 0 {
		return refused(fault.Amount)
	}
	account := from
	if to != nil {
		account = *to
	}
	m.credit(account, amount)
	return done(true, emitted("Deposited", account, from, amount))
}

func (m *model) withdraw(by witnesses, account util.Uint160, amount int64) outcome {
	switch {
	case !by[account]:
		return refused(fault.Witness)
	case amount < 1:
		return refused(fault.Amount)
	case amount > m.balances[account]:
		return refused(fault.Balance)
	}
	m.credit(account, -amount)
	return done(nil, emitted("Withdrawn", account, amount))
}

func orNull(h *util.Uint160) any {
	if h == nil {
		return nil
	}
	return *h
}

func nullable(bytes []byte) any {
	if bytes == nil {
		return nil
	}
	return bytes
}
