package tests

import (
	"bytes"

	"github.com/nspcc-dev/neo-go/pkg/util"

	"krypton/contract/fault"
	"krypton/contract/rule"
)

func (m *model) scheduleUpdate(by witnesses, b build) outcome {
	if m.owner == nil || !by[*m.owner] {
		return refused(fault.Witness)
	}
	m.update = &announcement{sha256Of(b.nef), sha256Of(b.manifest), m.now + 14*86_400_000}
	return done(nil, emitted("UpdateScheduled", m.update.nefHash, m.update.manifestHash, m.update.notBefore))
}

func (m *model) cancelUpdate(by witnesses) outcome {
	switch u := m.update; {
	case m.owner == nil || !by[*m.owner]:
		return refused(fault.Witness)
	case u == nil:
		return refused(fault.NoUpdate)
	default:
		m.update = nil
		return done(nil, emitted("UpdateCancelled", u.nefHash, u.manifestHash))
	}
}

func (m *model) applyUpdate(by witnesses, b build) outcome {
	u := m.update
	switch {
	case m.owner == nil || !by[*m.owner]:
		return refused(fault.Witness)
	case u == nil:
		return refused(fault.NoUpdate)
	case m.now < u.notBefore:
		return refused(fault.TooEarly)
	case m.now > u.notBefore+7*86_400_000:
		return refused(fault.TooLate)
	case !bytes.Equal(sha256Of(b.nef), u.nefHash) || !bytes.Equal(sha256Of(b.manifest), u.manifestHash):
		return refused(fault.UpdateMismatch)
	case m.version > rule.Version:
		return refused(fault.Version)
	}
	m.update = nil
	m.version++
	return done(nil, emitted("UpdateApplied", u.nefHash, u.manifestHash))
}

func (m *model) transferOwnership(by witnesses, to util.Uint160) outcome {
	if m.owner == nil || !by[*m.owner] || !by[to] {
		return refused(fault.Witness)
	}
	from := m.owner
	m.owner = &to
	return done(nil, emitted("OwnershipTransferred", *from, to))
}

func (m *model) renounceOwnership(by witnesses) outcome {
	if m.owner == nil || !by[*m.owner] {
		return refused(fault.Witness)
	}
	var events []event
	if m.update != nil {
		events = m.cancelUpdate(by).events
	}
	events = append(events, emitted("OwnershipTransferred", *m.owner, nil))
	m.owner = nil
	return done(nil, events...)
}
