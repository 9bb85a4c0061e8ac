package tests

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/nspcc-dev/neo-go/pkg/config"
	"github.com/nspcc-dev/neo-go/pkg/config/netmode"
	"github.com/nspcc-dev/neo-go/pkg/core/block"
	"github.com/nspcc-dev/neo-go/pkg/core/native/nativehashes"
	"github.com/nspcc-dev/neo-go/pkg/core/state"
	"github.com/nspcc-dev/neo-go/pkg/core/storage"
	"github.com/nspcc-dev/neo-go/pkg/core/transaction"
	"github.com/nspcc-dev/neo-go/pkg/crypto/keys"
	"github.com/nspcc-dev/neo-go/pkg/io"
	"github.com/nspcc-dev/neo-go/pkg/neotest"
	"github.com/nspcc-dev/neo-go/pkg/neotest/chain"
	"github.com/nspcc-dev/neo-go/pkg/smartcontract/callflag"
	"github.com/nspcc-dev/neo-go/pkg/smartcontract/manifest"
	"github.com/nspcc-dev/neo-go/pkg/smartcontract/nef"
	"github.com/nspcc-dev/neo-go/pkg/smartcontract/trigger"
	"github.com/nspcc-dev/neo-go/pkg/util"
	"github.com/nspcc-dev/neo-go/pkg/vm"
	"github.com/nspcc-dev/neo-go/pkg/vm/emit"
	"github.com/nspcc-dev/neo-go/pkg/vm/stackitem"
	"github.com/nspcc-dev/neo-go/pkg/vm/vmstate"
	"github.com/nspcc-dev/neo-go/pkg/wallet"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

// contractDir is where the tested contract is; the mutation check puts mutants
// elsewhere.
var contractDir = flag.String("contract", "..", "folder of the tested contract: source, contract.nef, manifest.json")

const gas = 1_0000_0000

// startTime is when a test's first block takes place.
const startTime = uint64(1_800_000_000_000)

// world is a chain in memory with the contract on it.
type world struct {
	t     testing.TB
	e     *neotest.Executor
	hash  util.Uint160
	store *storage.MemoryStore
	owner *account
	nonce uint32
}

type account struct {
	name string
	key  *keys.PrivateKey
	acc  *wallet.Account
	hash util.Uint160
}

// newWorld deploys the contract for an owner.
func newWorld(t testing.TB) *world { return newWorldOf(t, *contractDir) }

// newWorldOf deploys the build in that folder.
func newWorldOf(t testing.TB, dir string) *world {
	return newWorldOn(t, dir, netmode.UnitTestNet)
}

// newWorldOn does so on a network of that magic.
func newWorldOn(t testing.TB, dir string, magic netmode.Magic) *world {
	store := storage.NewMemoryStore()
	bc, validator := chain.NewSingleWithOptions(t, &chain.Options{Logger: zap.NewNop(), Store: store,
		BlockchainConfigHook: func(c *config.Blockchain) { c.Magic = magic }})
	w := &world{t: t, e: neotest.NewExecutor(t, bc, validator, validator), store: store}
	w.owner = w.fund(newAccount("owner"))[0]
	aer := w.run(w.deployScript(readContract(t, dir), nil), w.owner)
	require.Equal(t, vmstate.Halt, aer.VMState, aer.FaultException)
	w.hash = state.CreateContractHash(w.owner.hash, readContract(t, dir).NEF.Checksum, "KRYPTON")
	return w
}

func readContract(t testing.TB, dir string) *neotest.Contract {
	nefBytes, err := os.ReadFile(filepath.Join(dir, "contract.nef"))
	require.NoError(t, err)
	file, err := nef.FileFromBytes(nefBytes)
	require.NoError(t, err)
	manifestBytes, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	require.NoError(t, err)
	m := new(manifest.Manifest)
	require.NoError(t, json.Unmarshal(manifestBytes, m))
	return &neotest.Contract{NEF: &file, Manifest: m}
}

func (w *world) deployScript(c *neotest.Contract, data any) []byte {
	nefBytes, err := c.NEF.Bytes()
	require.NoError(w.t, err)
	manifestBytes, err := json.Marshal(c.Manifest)
	require.NoError(w.t, err)
	return script(call{nativehashes.ContractManagement, "deploy", []any{nefBytes, manifestBytes, data}})
}

// newAccount makes the same key for the same name always.
func newAccount(name string) *account {
	seed := sha256.Sum256([]byte("krypton test account " + name))
	key, err := keys.NewPrivateKeyFromBytes(seed[:])
	if err != nil {
		panic(err)
	}
	acc := wallet.NewAccountFromPrivateKey(key)
	return &account{name: name, key: key, acc: acc, hash: acc.ScriptHash()}
}

// fund gives GAS for fees and deposits to each, in one transaction.
func (w *world) fund(accounts ...*account) []*account {
	calls := make([]call, len(accounts))
	for i, a := range accounts {
		calls[i] = call{nativehashes.GasToken, "transfer", []any{w.e.Validator.ScriptHash(), a.hash, 1_000_000 * gas, nil}}
	}
	tx := w.e.PrepareInvocation(w.t, script(calls...), []neotest.Signer{w.e.Validator})
	w.e.AddBlockCheckHalt(w.t, tx)
	return accounts
}

type call struct {
	contract util.Uint160
	method   string
	args     []any
}

func script(calls ...call) []byte {
	w := io.NewBufBinWriter()
	for _, c := range calls {
		push(w.BinWriter, c.args)
		emit.AppCallNoArgs(w.BinWriter, c.contract, c.method, callflag.All)
	}
	if w.Err != nil {
		panic(w.Err)
	}
	return w.Bytes()
}

// now is the time of the last block.
func (w *world) now() uint64 {
	header, err := w.e.Chain.GetHeader(w.e.Chain.CurrentBlockHash())
	if err != nil {
		panic(err)
	}
	return header.Timestamp
}

// unsigned makes a transaction with fees that suffice for anything.
func (w *world) unsigned(script []byte, signers ...transaction.Signer) *transaction.Transaction {
	tx := transaction.New(script, 200*gas)
	w.nonce++
	tx.Nonce = w.nonce
	tx.ValidUntilBlock = w.e.Chain.BlockHeight() + 100
	tx.Signers = signers
	tx.NetworkFee = 3 * gas
	return tx
}

func global(accounts ...*account) []transaction.Signer {
	return scoped(transaction.Global, accounts...)
}

func scoped(scope transaction.WitnessScope, accounts ...*account) []transaction.Signer {
	signers := make([]transaction.Signer, len(accounts))
	for i, a := range accounts {
		signers[i] = transaction.Signer{Account: a.hash, Scopes: scope}
	}
	return signers
}

func (w *world) sign(tx *transaction.Transaction, accounts ...*account) *transaction.Transaction {
	for _, a := range accounts {
		require.NoError(w.t, a.acc.SignTx(w.e.Chain.GetConfig().Magic, tx))
	}
	return tx
}

// block adds one with these transactions at that time (0: 1 ms after the last).
func (w *world) block(at uint64, txs ...*transaction.Transaction) *block.Block {
	b := w.e.NewUnsignedBlock(w.t, txs...)
	if at != 0 {
		b.Timestamp = at
	}
	w.e.SignBlock(b)
	require.NoError(w.t, w.e.Chain.AddBlock(b))
	return b
}

func (w *world) result(tx *transaction.Transaction) *state.AppExecResult {
	results, err := w.e.Chain.GetAppExecResults(tx.Hash(), 0x40)
	require.NoError(w.t, err)
	return &results[0]
}

// run executes a script in a block of its own.
func (w *world) run(script []byte, signers ...*account) *state.AppExecResult {
	return w.runAt(0, script, signers...)
}

func (w *world) runAt(at uint64, script []byte, signers ...*account) *state.AppExecResult {
	tx := w.sign(w.unsigned(script, global(signers...)...), signers...)
	w.block(at, tx)
	return w.result(tx)
}

// pass lets time go by.
func (w *world) pass(ms uint64) {
	w.block(w.now() + ms)
}

// do calls a method of the contract and expects it to succeed.
func (w *world) do(by *account, method string, args ...any) *state.AppExecResult {
	w.t.Helper()
	aer := w.run(script(call{w.hash, method, args}), by)
	require.Equal(w.t, vmstate.Halt, aer.VMState, "%s: %s", method, aer.FaultException)
	return aer
}

// vm loads a script as if in the next block, without adding that.
func (w *world) vm(script []byte, signers ...*account) (*vm.VM, func()) {
	next := &block.Block{Header: block.Header{Index: w.e.Chain.BlockHeight() + 1, Timestamp: w.now() + 1}}
	ic, err := w.e.Chain.GetTestVM(trigger.Application, w.unsigned(script, global(append(signers, w.owner)...)...), next)
	require.NoError(w.t, err)
	ic.VM.LoadWithFlags(script, callflag.All)
	return ic.VM, ic.Finalize
}

// get calls a safe method.
func (w *world) get(method string, args ...any) stackitem.Item {
	w.t.Helper()
	vm, done := w.vm(script(call{w.hash, method, args}))
	defer done()
	require.NoError(w.t, vm.Run())
	return vm.Estack().Pop().Item()
}

func (w *world) refuseGet(message, method string, args ...any) {
	w.t.Helper()
	vm, done := w.vm(script(call{w.hash, method, args}))
	defer done()
	err := vm.Run()
	require.Error(w.t, err)
	requireFault(w.t, message, err.Error())
}

func (w *world) gasOf(a util.Uint160) int64 {
	return w.e.Chain.GetUtilityTokenBalance(a, util.Uint160{}).Int64()
}

func (w *world) balance(a util.Uint160) int64 {
	return w.get("balanceOf", a).Value().(*big.Int).Int64()
}

func (w *world) deposit(by *account, amount int64) {
	aer := w.run(script(call{nativehashes.GasToken, "transfer", []any{by.hash, w.hash, amount, nil}}), by)
	require.Equal(w.t, vmstate.Halt, aer.VMState, aer.FaultException)
}
