package contract

import (
	"github.com/nspcc-dev/neo-go/pkg/interop"
	"github.com/nspcc-dev/neo-go/pkg/interop/native/std"
	"github.com/nspcc-dev/neo-go/pkg/interop/runtime"

	"krypton/contract/fault"
	"krypton/contract/rule"
)

// providerRecord is stored behind the provider's number (4 bytes, with its mark),
// which is all that openEscrow needs. Uri and hash are null before setTariff.
type providerRecord struct {
	location   string
	tariffURI  any
	tariffHash any
	deployedAt int
}

const numberLen = 4

// Version is major*1e6 + minor*1e3 + patch.
func Version() int {
	return rule.Version
}

// Deploy enters a provider, who is found at location.
func Deploy(provider interop.Hash160, location string) bool {
	requireWitness(provider)
	requireText(location, rule.MaxLocationLen, fault.Location)
	if readProvider(provider) != nil {
		panic(fault.AlreadyDeployed)
	}
	record := providerRecord{byteString(location), nil, nil, runtime.GetTime()}
	saveProvider(provider, nextProviderNumber(provider), record)
	runtime.Notify("ProviderDeployed", provider, location)
	return true
}

// Relocate changes where the provider is found.
func Relocate(provider interop.Hash160, location string) {
	requireWitness(provider)
	requireText(location, rule.MaxLocationLen, fault.Location)
	record := deployedProvider(provider)
	record.location = byteString(location)
	saveProvider(provider, numberOf(provider), record)
	runtime.Notify("ProviderRelocated", provider, location)
}

// SetTariff says where the rate deck is, and what it hashes to.
func SetTariff(provider interop.Hash160, uri string, hash []byte) {
	requireWitness(provider)
	requireText(uri, rule.MaxURILen, fault.URI)
	if !isBytes(hash, rule.TariffHashLen, rule.TariffHashLen) {
		panic(fault.Hash)
	}
	record := deployedProvider(provider)
	record.tariffURI = byteString(uri)
	record.tariffHash = byteString(hash)
	saveProvider(provider, numberOf(provider), record)
	runtime.Notify("TariffSet", provider, uri, hash)
}

// SetOperator names who may settle for the provider as well, or nobody (null).
func SetOperator(provider interop.Hash160, operator interop.Hash160) {
	requireWitness(provider)
	requireDeployed(provider)
	if operator == nil {
		removeOperator(provider)
	} else {
		requireAccount(operator)
		writeOperator(provider, operator)
	}
	runtime.Notify("OperatorSet", provider, operator)
}

// Undeploy removes the provider and its operator. What it is owed stays its own.
func Undeploy(provider interop.Hash160) bool {
	requireWitness(provider)
	requireDeployed(provider)
	removeProvider(provider)
	removeOperator(provider)
	runtime.Notify("ProviderUndeployed", provider)
	return true
}

// Provider gives [location, tariffUri, tariffHash, operator, deployedAt] or null.
func Provider(provider interop.Hash160) []any {
	requireAccount(provider)
	if readProvider(provider) == nil {
		return nil
	}
	record := deployedProvider(provider)
	return []any{record.location, record.tariffURI, record.tariffHash, readOperator(provider), record.deployedAt}
}

func deployedProvider(provider []byte) providerRecord {
	return std.Deserialize(requireDeployed(provider)[numberLen:]).(providerRecord)
}

func saveProvider(provider []byte, number int, record providerRecord) {
	writeProvider(provider, join(join("", number+numberMark), std.Serialize(record)))
}

// numberOf gives the number of a provider who is deployed.
func numberOf(provider []byte) int {
	return intAt(requireDeployed(provider), 0, numberLen) - numberMark
}

func requireDeployed(provider []byte) []byte {
	record := readProvider(provider)
	if record == nil {
		panic(fault.NotDeployed)
	}
	return record
}
