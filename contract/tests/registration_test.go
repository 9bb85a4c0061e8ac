package tests

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"krypton/contract/fault"
	"krypton/contract/rule"
)

func uuidOf(n int) string { return fmt.Sprintf("%08x-0000-4000-a000-000000000000", n) }

// newProviders deploys so many more.
func (w *world) newProviders(count int) []*account {
	list := make([]*account, count)
	for i := range list {
		list[i] = newAccount(fmt.Sprint("provider ", i))
	}
	w.fund(list...)
	for _, p := range list {
		w.do(p, "deploy", p.hash, location+p.name)
	}
	return list
}

func TestRegister(t *testing.T) {
	w := newWorld(t)
	u := w.fund(newAccount("user"))[0]
	list := w.newProviders(rule.MaxRegistrations + 1)
	require.Equal(t, items(), plain(w.get("registrations", u.hash)))
	var want []any
	for i, p := range list[:rule.MaxRegistrations] {
		aer := w.do(u, "register", u.hash, p.hash, uuidOf(i))
		require.Equal(t, true, aer.Stack[0].Value())
		w.expectEvents(aer, emitted("UserRegistered", u.hash, p.hash, uuidOf(i)))
		want = append([]any{[]any{p.hash, uuidOf(i), w.now()}}, want...)
		require.Equal(t, items(want...), plain(w.get("registrations", u.hash)))
		w.expectQuery(u, uuidOf(i), p.hash, location+p.name)
	}
	w.refuse(fault.TooManyRegistrations, u, "register", u.hash, list[rule.MaxRegistrations].hash, uuid)
	// Registering again replaces, and makes the newest.
	w.do(u, "register", u.hash, list[3].hash, uuidOf(33))
	again := []any{list[3].hash, uuidOf(33), w.now()}
	want = append(append([]any{again}, want[:4]...), want[5:]...)
	require.Equal(t, items(want...), plain(w.get("registrations", u.hash)))
	w.do(u, "register", u.hash, list[3].hash, uuidOf(34))
	w.do(u, "register", u.hash, list[0].hash, uuidOf(35))
	w.expectQuery(u, uuidOf(35), list[0].hash, location+list[0].name)

	w.refuse(fault.Witness, u, "register", w.owner.hash, list[0].hash, uuid)
	w.refuse(fault.NotDeployed, u, "register", u.hash, u.hash, uuid)
	for _, bad := range notHashes {
		w.refuse(fault.Account, u, "register", bad, list[0].hash, uuid)
		w.refuse(fault.Account, u, "register", u.hash, bad, uuid)
		w.refuseGet(fault.Account, "registrations", bad)
		w.refuseGet(fault.Account, "query", "uuid", bad)
	}
}

func (w *world) expectQuery(user *account, uuid, provider, location any) {
	w.t.Helper()
	for kind, want := range map[string]any{"uuid": uuid, "provider": provider, "location": location} {
		require.Equal(w.t, items(want), []any{plain(w.get("query", kind, user.hash))}, kind)
	}
}

func TestQuery(t *testing.T) {
	s := newScene(t)
	s.expectQuery(s.user, uuid, s.provider.hash, location)
	s.expectQuery(s.stranger, nil, nil, nil)
	for _, bad := range []any{"", "UUID", "uuid ", nil} {
		s.refuseGet(fault.QueryType, "query", bad, s.user.hash)
	}
	s.do(s.provider, "relocate", s.provider.hash, "elsewhere")
	s.expectQuery(s.user, uuid, s.provider.hash, "elsewhere")
	// The registration stays when the provider goes; only the location is gone.
	s.do(s.provider, "undeploy", s.provider.hash)
	s.expectQuery(s.user, uuid, s.provider.hash, nil)
	s.do(s.user, "unregister", s.user.hash)
	s.expectQuery(s.user, nil, nil, nil)
}

func TestUnregister(t *testing.T) {
	w := newWorld(t)
	u := w.fund(newAccount("user"))[0]
	list := w.newProviders(4)
	w.refuse(fault.NotRegistered, u, "unregister", u.hash)
	for i, p := range list {
		w.do(u, "register", u.hash, p.hash, uuidOf(i))
	}
	w.refuse(fault.Witness, w.owner, "unregister", u.hash)
	w.refuse(fault.Witness, w.owner, "unregister", u.hash, list[0].hash)
	w.refuse(fault.NotRegistered, u, "unregister", u.hash, u.hash)
	for _, bad := range notHashes {
		w.refuse(fault.Account, u, "unregister", bad)
		w.refuse(fault.Account, u, "unregister", u.hash, bad)
	}
	// Middle, last and first of the list; the rest keeps its order.
	for left, gone := range []int{1, 0} {
		aer := w.do(u, "unregister", u.hash, list[gone].hash)
		require.Equal(t, true, aer.Stack[0].Value())
		w.expectEvents(aer, emitted("UserUnregistered", u.hash, list[gone].hash, uuidOf(gone)))
		w.refuse(fault.NotRegistered, u, "unregister", u.hash, list[gone].hash)
		require.Len(t, w.get("registrations", u.hash).Value(), 3-left)
	}
	w.expectQuery(u, uuidOf(3), list[3].hash, location+list[3].name)
	aer := w.do(u, "unregister", u.hash)
	require.Equal(t, true, aer.Stack[0].Value())
	w.expectEvents(aer, emitted("UserUnregistered", u.hash, list[3].hash, uuidOf(3)),
		emitted("UserUnregistered", u.hash, list[2].hash, uuidOf(2)))
	require.Equal(t, items(), plain(w.get("registrations", u.hash)))
}

func TestUUID(t *testing.T) {
	s := newScene(t)
	good := "01234567-89ab-4def-89ab-cdef01234567"
	for _, variant := range "89abAB" {
		text := good[:19] + string(variant) + good[20:]
		aer := s.do(s.user, "register", s.user.hash, s.provider.hash, text)
		s.expectEvents(aer, emitted("UserRegistered", s.user.hash, s.provider.hash, strings.ToLower(text)))
	}
	s.do(s.user, "register", s.user.hash, s.provider.hash, strings.ToUpper(good))
	s.expectQuery(s.user, good, s.provider.hash, location)

	bad := []any{nil, 1, "", good[1:], good + "0", []any{}, good[:14] + "5" + good[15:]}
	for _, variant := range "07cCfg-" {
		bad = append(bad, good[:19]+string(variant)+good[20:])
	}
	for i := range good {
		wrong := []string{"/", ":", "`", "g", "G", "@", "\x00"}
		if good[i] == '-' {
			wrong = append(wrong, "0", "a")
		} else {
			wrong = append(wrong, "-")
		}
		for _, c := range wrong {
			bad = append(bad, good[:i]+c+good[i+1:])
		}
	}
	for _, text := range bad {
		s.refuse(fault.UUID, s.user, "register", s.user.hash, s.provider.hash, text)
	}
}
