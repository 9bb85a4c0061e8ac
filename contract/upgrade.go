package contract

import (
	"github.com/nspcc-dev/neo-go/pkg/interop"
	"github.com/nspcc-dev/neo-go/pkg/interop/native/crypto"
	"github.com/nspcc-dev/neo-go/pkg/interop/native/management"
	"github.com/nspcc-dev/neo-go/pkg/interop/native/std"
	"github.com/nspcc-dev/neo-go/pkg/interop/runtime"
	"github.com/nspcc-dev/neo-go/pkg/interop/util"

	"krypton/contract/fault"
	"krypton/contract/rule"
)

// announcement of an update, by the SHA-256 of what will be installed.
type announcement struct {
	nefHash      []byte
	manifestHash []byte
	notBefore    int
}

// _deploy takes the owner, or null for the sender of the deploying transaction. On
// an update it takes [data, version of the old code].
func _deploy(data any, isUpdate bool) {
	if isUpdate {
		old := data.([]any)[1].(int)
		if old < rule.MigratesFrom || old >= rule.Version {
			panic(fault.Version)
		}
		return
	}
	owner := runtime.GetScriptContainer().Sender
	if data != nil {
		owner = asBytes(data)
	}
	requireAccount(owner)
	setOwner(nil, owner)
}

// Owner may announce updates and nothing else; null once it was renounced.
func Owner() interop.Hash160 {
	return readOwner()
}

// TransferOwnership needs both signatures, so that it cannot go to nobody.
func TransferOwnership(newOwner interop.Hash160) {
	owner := requireOwner()
	requireWitness(newOwner)
	setOwner(owner, newOwner)
}

// RenounceOwnership makes the code final; an announced update is off.
func RenounceOwnership() {
	owner := requireOwner()
	if readUpdate() != nil {
		CancelUpdate()
	}
	removeOwner()
	runtime.Notify("OwnershipTransferred", owner, interop.Hash160(nil))
}

// ScheduleUpdate announces an update by the SHA-256 of its NEF and manifest. Users
// have 14 days to leave. It takes the place of an update announced earlier.
func ScheduleUpdate(nefHash, manifestHash []byte) {
	requireOwner()
	if !isBytes(nefHash, interop.Hash256Len, interop.Hash256Len) || !isBytes(manifestHash, interop.Hash256Len, interop.Hash256Len) {
		panic(fault.Hash)
	}
	notBefore := runtime.GetTime() + rule.UpdateDelay
	writeUpdate(std.Serialize(announcement{asBytes(byteString(nefHash)), asBytes(byteString(manifestHash)), notBefore}))
	runtime.Notify("UpdateScheduled", nefHash, manifestHash, notBefore)
}

// CancelUpdate takes the announcement back.
func CancelUpdate() {
	requireOwner()
	update := scheduled()
	removeUpdate()
	runtime.Notify("UpdateCancelled", update.nefHash, update.manifestHash)
}

// ScheduledUpdate gives [nefHash, manifestHash, notBefore] or null.
func ScheduledUpdate() []any {
	if readUpdate() == nil {
		return nil
	}
	update := scheduled()
	return []any{update.nefHash, update.manifestHash, update.notBefore}
}

// Update replaces the code by exactly what was announced: not before 14 days have
// passed, and not later than 7 days after that.
func Update(nefFile, manifest []byte, data any) {
	requireOwner()
	update := scheduled()
	if runtime.GetTime() < update.notBefore {
		panic(fault.TooEarly)
	}
	if runtime.GetTime() > update.notBefore+rule.UpdateWindow {
		panic(fault.TooLate)
	}
	if !util.Equals(crypto.Sha256(nefFile), update.nefHash) || !util.Equals(crypto.Sha256(manifest), update.manifestHash) {
		panic(fault.UpdateMismatch)
	}
	removeUpdate()
	runtime.Notify("UpdateApplied", update.nefHash, update.manifestHash)
	management.UpdateWithData(nefFile, manifest, []any{data, rule.Version})
}

func scheduled() announcement {
	update := readUpdate()
	if update == nil {
		panic(fault.NoUpdate)
	}
	return std.Deserialize(update).(announcement)
}

func requireOwner() interop.Hash160 {
	owner := readOwner()
	if owner == nil || !runtime.CheckWitness(owner) {
		panic(fault.Witness)
	}
	return owner
}

func setOwner(from, to interop.Hash160) {
	writeOwner(to)
	runtime.Notify("OwnershipTransferred", from, to)
}
