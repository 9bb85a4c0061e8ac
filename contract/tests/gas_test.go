package tests

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/nspcc-dev/neo-go/pkg/core/native/nativehashes"
	"github.com/nspcc-dev/neo-go/pkg/core/transaction"
	"github.com/nspcc-dev/neo-go/pkg/neotest"
	"github.com/nspcc-dev/neo-go/pkg/util"
	"github.com/nspcc-dev/neo-go/pkg/vm/vmstate"
	"github.com/stretchr/testify/require"

	"krypton/contract/rule"
)

const gasFile = "../../docs/gas.md"

// policy is what a network charges. Values are those of the Policy contract.
type policy struct {
	name                            string
	execFactor, storage, feePerByte int64
}

var policies = []policy{
	{"genesis", 30, 100_000, 1000},
	{"main-net-like", 1, 1000, 20},
}

// fees of a transaction, in datoshi.
type fees struct{ system, network, size, script int64 }

// meter measures on a chain with one policy.
type meter struct{ *scene }

func newMeter(t *testing.T, p policy) meter {
	s := newScene(t)
	committee := func(method string, value int64) {
		tx := s.e.PrepareInvocation(t, script(call{nativehashes.PolicyContract, method, []any{value}}), []neotest.Signer{s.e.Validator})
		s.e.AddBlockCheckHalt(t, tx)
	}
	committee("setExecFeeFactor", p.execFactor*10_000) // it has four decimals
	committee("setStoragePrice", p.storage)
	committee("setFeePerByte", p.feePerByte)
	return meter{s}
}

// measure runs a script signed as a wallet would, and tells what it must pay.
func (m meter) measure(script []byte, by *account) fees {
	m.t.Helper()
	tx := m.sign(m.unsigned(script, scoped(transaction.CalledByEntry, by)...), by)
	m.block(0, tx)
	aer := m.result(tx)
	require.Equal(m.t, vmstate.Halt, aer.VMState, aer.FaultException)
	priced := m.unsigned(script, scoped(transaction.CalledByEntry, by)...)
	priced.NetworkFee = 0
	neotest.AddNetworkFee(m.t, m.e.Chain, priced, neotest.NewSingleSigner(by.acc))
	return fees{aer.GasConsumed, priced.NetworkFee, int64(tx.Size()), int64(len(script))}
}

// row is a line of the table of methods.
type row struct {
	what string
	fees
}

// methods measures each of them once, in the usual state of a network in use.
func (m meter) methods() []row {
	var rows []row
	add := func(what string, by *account, target util.Uint160, method string, args ...any) {
		rows = append(rows, row{what, m.measure(script(call{target, method, args}), by)})
	}
	p, u, o := m.provider, m.user, m.operator
	m.do(p, "setOperator", p.hash, o.hash)
	m.open(usualTerms())
	m.pass(60_000)
	m.settle(p, claimOf(1, 0, 1_000_000, 10, 1))
	add("`deploy`", m.stranger, m.hash, "deploy", m.stranger.hash, location)
	add("`relocate`", m.stranger, m.hash, "relocate", m.stranger.hash, location)
	add("`setTariff`", m.stranger, m.hash, "setTariff", m.stranger.hash, "https://provider.example/tariff.json", someRoot)
	add("`setOperator`", m.stranger, m.hash, "setOperator", m.stranger.hash, o.hash)
	add("`undeploy`", m.stranger, m.hash, "undeploy", m.stranger.hash)
	add("`register`, the user's first", m.stranger, m.hash, "register", m.stranger.hash, p.hash, uuid)
	add("`register`, again with the same provider", u, m.hash, "register", u.hash, p.hash, uuidOf(1))
	add("`unregister`, one", m.stranger, m.hash, "unregister", m.stranger.hash, p.hash)
	add("`GAS.transfer` to the contract, first deposit", m.stranger, nativehashes.GasToken, "transfer", m.stranger.hash, m.hash, 5*gas, nil)
	add("`GAS.transfer` to the contract, later", m.stranger, nativehashes.GasToken, "transfer", m.stranger.hash, m.hash, 5*gas, nil)
	add("`withdraw`", m.stranger, m.hash, "withdraw", m.stranger.hash, 1*gas)
	add("`openEscrow`", u, m.hash, "openEscrow", openArgs(u.hash, p.hash, usualTerms())...)
	withKey := usualTerms()
	withKey.key = voucherKey("phone").PublicKey().Bytes()
	add("`openEscrow` with a voucher key", u, m.hash, "openEscrow", openArgs(u.hash, p.hash, withKey)...)
	add("`extendEscrow`", u, m.hash, "extendEscrow", 2, gas, 3_600_000)
	add("`closeEscrow` by the user", u, m.hash, "closeEscrow", 2)
	add("`closeEscrow` by the provider", p, m.hash, "closeEscrow", 2)
	m.pass(1000)
	add("`settle`, one claim, by the provider", p, m.hash, "settle", claims(claimOf(1, 1, 1_000_000, 10, 1)))
	add("`settle`, one claim, by the operator", o, m.hash, "settle", claims(claimOf(1, 2, 1_000_000, 10, 1)))
	add("`settle`, one claim, rejected", p, m.hash, "settle", claims(claimOf(1, 9, 1_000_000, 10, 1)))
	last := claimOf(1, 3, 1_000_000, 10, 1)
	last.close = true
	add("`settle`, one claim that closes", p, m.hash, "settle", claims(last))
	m.pass(3 * rule.Day)
	add("`refund`", m.stranger, m.hash, "refund", 3)
	add("`transferOwnership`", m.owner, m.hash, "transferOwnership", m.owner.hash)
	add("`scheduleUpdate`", m.owner, m.hash, "scheduleUpdate", someRoot, someRoot)
	add("`cancelUpdate`", m.owner, m.hash, "cancelUpdate")
	next := nextVersion(m.t)
	m.pass(m.announce(next) - m.now())
	add("`update`", m.owner, m.hash, "update", next.nef, next.manifest, nil)
	add("`renounceOwnership`", m.owner, m.hash, "renounceOwnership")
	return rows
}

var batchSizes = []int{1, 16, rule.MaxClaims, maxNotifications}

// batches measures the first claim of escrows and a later one, by size of the batch.
func (m meter) batches(withVoucher bool) (first, later []fees) {
	x := batchTerms(withVoucher)
	for _, size := range batchSizes {
		id := m.openMany(size, x)
		m.pass(600_000)
		first = append(first, m.measure(m.batch(id, size, 0, x), m.provider))
		later = append(later, m.measure(m.batch(id, size, 1, x), m.provider))
	}
	return first, later
}

// TestGasTable keeps docs/gas.md current.
//
//	go test ./tests -run TestGasTable -update
func TestGasTable(t *testing.T) {
	made := gasReport(t)
	if *update {
		require.NoError(t, os.WriteFile(gasFile, []byte(made), 0o644))
	}
	committed, err := os.ReadFile(gasFile)
	require.NoError(t, err)
	require.Equal(t, string(committed), made, "run go test ./tests -run TestGasTable -update")
}

func inGAS(datoshi int64) string { return fmt.Sprintf("%.5f", float64(datoshi)/gas) }

func gasReport(t *testing.T) string {
	var text strings.Builder
	text.WriteString(gasIntro)
	methods := [][]row{newMeter(t, policies[0]).methods(), newMeter(t, policies[1]).methods()}
	for i, r := range methods[0] {
		other := methods[1][i]
		fmt.Fprintf(&text, "| %s | %s | %s | %s | %s |\n", r.what, inGAS(r.system), inGAS(r.network), inGAS(other.system), inGAS(other.network))
	}
	text.WriteString(gasBatchIntro)
	var largest []fees
	perClaim := map[string]int64{}
	for _, p := range policies {
		for _, withVoucher := range []bool{false, true} {
			first, later := newMeter(t, p).batches(withVoucher)
			for i, size := range batchSizes {
				n := int64(size)
				fmt.Fprintf(&text, "| %s | %s | %d | %s | %s | %s |\n", p.name, yesNo(withVoucher), size,
					inGAS(first[i].system/n), inGAS(later[i].system/n), inGAS(later[i].network/n))
			}
			full := later[len(later)-1]
			largest = append(largest, full)
			perClaim[fmt.Sprint(p.name, withVoucher)] = full.system / maxNotifications
		}
	}
	fmt.Fprintf(&text, gasLargest,
		largest[0].script, largest[0].size, inGAS(largest[0].system), inGAS(largest[2].system),
		largest[1].script, largest[1].size, inGAS(largest[1].system), inGAS(largest[3].system),
		20*gas/perClaim["genesisfalse"], 20*gas/perClaim["genesistrue"],
		65535*maxNotifications/largest[0].script, 65535*maxNotifications/largest[1].script,
		inGAS(perClaim["genesisfalse"]), inGAS(perClaim["genesistrue"]))
	return text.String()
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
