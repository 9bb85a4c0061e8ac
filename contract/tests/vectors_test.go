package tests

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"strconv"
	"testing"

	"github.com/nspcc-dev/neo-go/pkg/crypto/keys"
	"github.com/nspcc-dev/neo-go/pkg/util"
	"github.com/stretchr/testify/require"
)

// update rewrites the committed files that tests compare with.
var update = flag.Bool("update", false, "rewrite testdata/vectors.json and docs/gas.md")

const vectorsFile = "../testdata/vectors.json"

// vectors are what the TypeScript side must reproduce. Bytes are hex, money and ids
// decimal strings; a contract hash is in the order in which the VM holds it.
type vectors struct {
	Vouchers    []voucherVector `json:"vouchers"`
	StorageKeys []keyVector     `json:"storageKeys"`
	Prices      []priceVector   `json:"prices"`
	Trees       []treeVector    `json:"merkleSumTrees"`
	// sign_vectors_test.go, request_vectors_test.go
	Keys         []walletVector      `json:"keys"`
	Transactions []transactionVector `json:"transactions"`
	Requests     []requestVector     `json:"requests"`
	NEP2         []nep2Vector        `json:"nep2"`
	// delegation_vectors_test.go
	Delegations   []delegationVector   `json:"delegations"`
	Registrations []registrationVector `json:"registrations"`
}

type voucherVector struct {
	Network   uint32 `json:"network"`
	Contract  string `json:"contract"`
	EscrowID  string `json:"escrowId"`
	Total     string `json:"total"`
	Message   string `json:"message"`
	PublicKey string `json:"publicKey"`
	Signature string `json:"signature"`
	Valid     bool   `json:"valid"`
	Why       string `json:"why"`
}

type keyVector struct {
	Entry string `json:"entry"`
	Hash  string `json:"hash,omitempty"`
	ID    string `json:"id,omitempty"`
	Key   string `json:"key"`
}

type priceVector struct {
	AnsweredMs       *int64 `json:"answeredMs"`
	RatePerSecond    string `json:"ratePerSecond"`
	FeePerCall       string `json:"feePerCall"`
	InitialIncrement int64  `json:"initialIncrement"`
	Increment        int64  `json:"increment"`
	Seconds          string `json:"seconds"`
	Price            string `json:"price"`
}

type treeVector struct {
	Leaves []leafVector  `json:"leaves"`
	Root   string        `json:"root"`
	Sum    string        `json:"sum"`
	Proofs []proofVector `json:"proofs"`
}

type leafVector struct {
	JSON   string `json:"json"`
	Amount string `json:"amount"`
	Hash   string `json:"hash"`
}

type proofVector struct {
	Index int          `json:"index"`
	Steps []stepVector `json:"steps"`
}

type stepVector struct {
	Side string `json:"side"`
	Hash string `json:"hash"`
	Sum  string `json:"sum"`
}

func TestVectors(t *testing.T) {
	made, err := json.MarshalIndent(vectors{voucherVectors(), keyVectors(), priceVectors(), treeVectors(),
		walletVectors(), transactionVectors(), requestVectors(), nep2Vectors(), delegationVectors(), registrationVectors()}, "", "  ")
	require.NoError(t, err)
	made = append(made, '\n')
	if *update {
		require.NoError(t, os.WriteFile(vectorsFile, made, 0o644))
	}
	committed, err := os.ReadFile(vectorsFile)
	require.NoError(t, err)
	require.Equal(t, string(committed), string(made), "run go test ./tests -run TestVectors -update")
}

func voucherVectors() []voucherVector {
	const network = 56753
	key := voucherKey("vector")
	contract := util.Uint160{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}
	other := util.Uint160{19: 1}
	vector := func(magic uint32, id, total uint64, signer *keys.PrivateKey, signed []byte, why string) voucherVector {
		message := voucherBytes(magic, contract, id, total)
		if signed == nil {
			signed = message
		}
		signature := signer.Sign(signed)
		return voucherVector{magic, hex.EncodeToString(contract.BytesBE()), decimal(id), decimal(total),
			hex.EncodeToString(message), hex.EncodeToString(key.PublicKey().Bytes()), hex.EncodeToString(signature),
			key.PublicKey().Verify(signature, sha256Of(message)), why}
	}
	return []voucherVector{
		vector(network, 1, 0, key, nil, "nothing spent"),
		vector(network, 1, 1, key, nil, "smallest total"),
		vector(network, 258, 3_000_000, key, nil, "an id and a total of several bytes"),
		vector(860833102, 128, 255, key, nil, "main net, high bits set"),
		vector(1<<32-1, 1<<63-1, 1<<63-1, key, nil, "everything at its largest"),
		vector(network, 1, 500, voucherKey("other"), nil, "signed by another key"),
		vector(network, 1, 500, key, voucherBytes(network, contract, 1, 501), "signed for another total"),
		vector(network, 1, 500, key, voucherBytes(network, contract, 2, 500), "signed for another escrow"),
		vector(network, 1, 500, key, voucherBytes(network+1, contract, 1, 500), "signed for another network"),
		vector(network, 1, 500, key, voucherBytes(network, other, 1, 500), "signed for another contract"),
	}
}

func keyVectors() []keyVector {
	account := newAccount("vector").hash
	list := []keyVector{{Entry: "owner", Key: hex.EncodeToString(ownerKey())},
		{Entry: "update", Key: hex.EncodeToString(updateKey())},
		{Entry: "lastEscrow", Key: hex.EncodeToString(lastEscrowKey())},
		{Entry: "lastProvider", Key: hex.EncodeToString(lastProviderKey())}}
	for _, entry := range []struct {
		name string
		key  []byte
	}{{"provider", providerKey(account)}, {"operator", operatorKey(account)},
		{"registrations", registrationsKey(account)}, {"balance", balanceKey(account)}} {
		list = append(list, keyVector{Entry: entry.name, Hash: hex.EncodeToString(account.BytesBE()), Key: hex.EncodeToString(entry.key)})
	}
	for _, id := range []int64{1, 127, 128, 255, 256, 32768, 1 << 40, 1<<63 - 1} {
		list = append(list,
			keyVector{Entry: "providerNumber", ID: decimal(id), Key: hex.EncodeToString(numberKey(id))},
			keyVector{Entry: "escrow", ID: decimal(id), Key: hex.EncodeToString(escrowKey(id))},
			keyVector{Entry: "counters", Hash: hex.EncodeToString(account.BytesBE()), ID: decimal(id), Key: hex.EncodeToString(countersKey(account, id))})
	}
	return list
}

func priceVectors() []priceVector {
	var list []priceVector
	for _, e := range []tariffEntry{{100_000, 0, 1, 1}, {100_000, 50_000, 30, 6}, {0, 1_000_000, 60, 60}, {7, 3, 60, 1}, {1, 0, 1, 3600}, {9_000_000_000, 1, 6, 6}} {
		for _, ms := range []int64{-1, 0, 1, 999, 1000, 1001, 30_000, 30_001, 36_000, 59_999, 60_000, 60_001, 3_600_000, 3_601_000, 86_400_001} {
			var answered *int64
			if ms >= 0 {
				answered = &ms
			}
			list = append(list, priceVector{answered, decimal(e.rate), decimal(e.fee), e.initial, e.increment,
				decimal(e.billable(ms)), decimal(e.price(ms))})
		}
	}
	return list
}

func treeVectors() []treeVector {
	var list []treeVector
	for _, count := range []int{1, 2, 3, 4, 5, 7, 8, 100} {
		texts, leaves := sampleLeaves(count)
		root := rootOf(leaves)
		tree := treeVector{Root: hex.EncodeToString(root.hash[:]), Sum: decimal(root.sum)}
		for i, leaf := range leaves {
			tree.Leaves = append(tree.Leaves, leafVector{texts[i], decimal(leaf.sum), hex.EncodeToString(leaf.hash[:])})
			if i < 8 || i == count-1 { // the last of an odd number moves up unchanged
				tree.Proofs = append(tree.Proofs, proofVector{i, stepVectors(proofOf(leaves, i))})
			}
		}
		list = append(list, tree)
	}
	return list
}

func stepVectors(proof []sibling) []stepVector {
	steps := make([]stepVector, len(proof))
	for i, s := range proof {
		side := "right"
		if s.left {
			side = "left"
		}
		steps[i] = stepVector{side, hex.EncodeToString(s.hash[:]), decimal(s.sum)}
	}
	return steps
}

func decimal[T int64 | uint64](n T) string {
	if n < 0 {
		return strconv.FormatInt(int64(n), 10)
	}
	return strconv.FormatUint(uint64(n), 10)
}
