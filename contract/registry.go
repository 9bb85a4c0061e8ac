package contract

import (
	"github.com/nspcc-dev/neo-go/pkg/interop"
	"github.com/nspcc-dev/neo-go/pkg/interop/native/std"
	"github.com/nspcc-dev/neo-go/pkg/interop/runtime"

	"krypton/contract/fault"
	"krypton/contract/rule"
)

// providerRecord is serialized: it is read seldom. What every claim needs of a
// provider, his operator, is kept apart. Uri and hash are null before setTariff.
type providerRecord struct {
	location   string
	tariffURI  any
	tariffHash any
	deployedAt int
}

// Version is major*1e6 + minor*1e3 + patch.
func Version() int {
	return rule.Version
}

// Deploy enters a provider, who is found at location.
func Deploy(provider interop.Hash160, location string) bool {
	requireWitness(provider)
	requireLocation(location)
	if readProvider(provider) != nil {
		panic(fault.AlreadyDeployed)
	}
	saveProvider(provider, providerRecord{location, nil, nil, runtime.GetTime()})
	runtime.Notify("ProviderDeployed", provider, location)
	return true
}

// Relocate changes where the provider is found.
func Relocate(provider interop.Hash160, location string) {
	requireWitness(provider)
	requireLocation(location)
	record := deployedProvider(provider)
	record.location = location
	saveProvider(provider, record)
	runtime.Notify("ProviderRelocated", provider, location)
}

// SetTariff says where the rate deck is, and what it hashes to.
func SetTariff(provider interop.Hash160, uri string, hash []byte) {
	requireWitness(provider)
	if !isBytes(uri) || len(uri) == 0 || len(uri) > rule.MaxURILen {
		panic(fault.URI)
	}
	if !isBytesOf(hash, rule.TariffHashLen) {
		panic(fault.Hash)
	}
	record := deployedProvider(provider)
	record.tariffURI = uri
	record.tariffHash = hash
	saveProvider(provider, record)
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

// Undeploy removes the provider and his operator. What he is owed stays his.
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
	requireDeployed(provider)
	return std.Deserialize(asBytes(readProvider(provider))).(providerRecord)
}

func saveProvider(provider []byte, record providerRecord) {
	writeProvider(provider, std.Serialize(record))
}

func requireDeployed(provider []byte) {
	if readProvider(provider) == nil {
		panic(fault.NotDeployed)
	}
}

func requireLocation(location string) {
	if !isBytes(location) || len(location) == 0 || len(location) > rule.MaxLocationLen {
		panic(fault.Location)
	}
}

func requireAccount(account []byte) {
	if !isBytesOf(account, rule.HashLen) {
		panic(fault.Account)
	}
}

func requireWitness(account []byte) {
	requireAccount(account)
	if !runtime.CheckWitness(account) {
		panic(fault.Witness)
	}
}
