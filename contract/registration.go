package contract

import (
	"github.com/nspcc-dev/neo-go/pkg/interop"
	"github.com/nspcc-dev/neo-go/pkg/interop/runtime"

	"krypton/contract/fault"
	"krypton/contract/rule"
)

// A user's registrations are one byte string of entries of the same length, the
// newest first: provider (20) | uuid (36) | registeredAt (7). The time carries a
// bit above its 48, so that this stamp always takes 7 bytes.
const (
	uuidAt          = rule.HashLen
	stampAt         = uuidAt + rule.UUIDLen
	stampLen        = 7
	registrationLen = stampAt + stampLen
	stampMark       = 1 << 48
)

// Register confirms with the user's signature the uuid that the provider handed
// to one connection.
func Register(user, provider interop.Hash160, uuid string) bool {
	requireWitness(user)
	requireAccount(provider)
	requireDeployed(provider)
	uuid = canonicalUUID(uuid)
	others := registrationsOf(user)
	if at := registrationAt(others, provider); at >= 0 {
		others = withoutRegistration(others, at)
	}
	if len(others) == rule.MaxRegistrations*registrationLen {
		panic(fault.TooManyRegistrations)
	}
	entry := join(join(provider, uuid), runtime.GetTime()+stampMark)
	writeRegistrations(user, join(entry, others))
	runtime.Notify("UserRegistered", user, provider, uuid)
	return true
}

// Unregister ends all of the user's registrations.
func Unregister(user interop.Hash160) bool {
	requireWitness(user)
	list := registrationsOf(user)
	if len(list) == 0 {
		panic(fault.NotRegistered)
	}
	writeRegistrations(user, nil)
	for at := 0; at < len(list); at += registrationLen {
		notifyUnregistered(user, list, at)
	}
	return true
}

// UnregisterFrom is the overload of unregister that ends one registration.
func UnregisterFrom(user, provider interop.Hash160) bool {
	requireWitness(user)
	requireAccount(provider)
	list := registrationsOf(user)
	at := registrationAt(list, provider)
	if at < 0 {
		panic(fault.NotRegistered)
	}
	writeRegistrations(user, withoutRegistration(list, at))
	notifyUnregistered(user, list, at)
	return true
}

// Query answers about the newest registration, with null where there is none.
func Query(kind string, user interop.Hash160) any {
	requireAccount(user)
	if kind != "uuid" && kind != "provider" && kind != "location" {
		panic(fault.QueryType)
	}
	list := registrationsOf(user)
	if len(list) == 0 {
		return nil
	}
	if kind == "uuid" {
		return uuidOf(list, 0)
	}
	provider := registrarOf(list, 0)
	if kind == "provider" {
		return provider
	}
	if readProvider([]byte(provider)) == nil {
		return nil
	}
	return deployedProvider([]byte(provider)).location
}

// Registrations gives [provider, uuid, registeredAt] of each, newest first.
func Registrations(user interop.Hash160) []any {
	requireAccount(user)
	list := registrationsOf(user)
	result := []any{}
	for at := 0; at < len(list); at += registrationLen {
		registeredAt := intAt(list, at+stampAt, stampLen) - stampMark
		result = append(result, []any{registrarOf(list, at), uuidOf(list, at), registeredAt})
	}
	return result
}

func registrationsOf(user []byte) []byte {
	list := readRegistrations(user)
	if list == nil {
		return []byte{}
	}
	return list
}

// registrationAt gives the offset of the user's entry with that provider, or -1.
func registrationAt(list, provider []byte) int {
	wanted := intAt(provider, 0, rule.HashLen)
	for at := 0; at < len(list); at += registrationLen {
		if intAt(list, at, rule.HashLen) == wanted {
			return at
		}
	}
	return -1
}

func withoutRegistration(list []byte, at int) []byte {
	return join(list[:at], list[at+registrationLen:])
}

func registrarOf(list []byte, at int) string {
	return string(list[at : at+uuidAt])
}

func uuidOf(list []byte, at int) string {
	return string(list[at+uuidAt : at+stampAt])
}

func notifyUnregistered(user interop.Hash160, list []byte, at int) {
	runtime.Notify("UserUnregistered", user, interop.Hash160(registrarOf(list, at)), uuidOf(list, at))
}

// canonicalUUID refuses what is no version 4 UUID, and gives it in lower case.
func canonicalUUID(uuid string) string {
	if !isBytes(uuid, rule.UUIDLen, rule.UUIDLen) {
		panic(fault.UUID)
	}
	lower := []byte(uuid)
	for i := 0; i < rule.UUIDLen; i++ {
		c := int(uuid[i])
		if c >= 'A' && c <= 'F' {
			c += 'a' - 'A'
			lower[i] = byte(c)
		}
		if !isUUIDCharacter(i, c) {
			panic(fault.UUID)
		}
	}
	return string(lower)
}

// isUUIDCharacter knows the form xxxxxxxx-xxxx-4xxx-[89ab]xxx-xxxxxxxxxxxx.
func isUUIDCharacter(at, c int) bool {
	if at == 8 || at == 13 || at == 18 || at == 23 {
		return c == '-'
	}
	if at == 14 {
		return c == '4'
	}
	if at == 19 {
		return c == '8' || c == '9' || c == 'a' || c == 'b'
	}
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f'
}
