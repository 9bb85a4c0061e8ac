package tests

import (
	"crypto/elliptic"
	"encoding/hex"
	"math/big"

	"github.com/nspcc-dev/neo-go/pkg/core/transaction"
	"github.com/nspcc-dev/neo-go/pkg/crypto/hash"
	"github.com/nspcc-dev/neo-go/pkg/crypto/keys"
	"github.com/nspcc-dev/neo-go/pkg/encoding/address"
	"github.com/nspcc-dev/neo-go/pkg/io"
	"github.com/nspcc-dev/neo-go/pkg/smartcontract"
	"github.com/nspcc-dev/neo-go/pkg/util"
	"github.com/nspcc-dev/neo-go/pkg/vm/emit"
)

// What a wallet makes: keys, addresses, transactions, encrypted keys. All bytes come from neo-go's packages.
// Signatures are deterministic (RFC 6979), so that both sides come to the same ones.

type walletVector struct {
	PrivateKey      string `json:"privateKey"`
	WIF             string `json:"wif"`
	PublicKey       string `json:"publicKey"`
	Script          string `json:"script"`
	Address         string `json:"address"`
	MultisigScript  string `json:"multisigScript"`
	MultisigAddress string `json:"multisigAddress"`
}

// A transaction of one call. Its arguments are named, as the manifest names them; accounts are addresses.
type transactionVector struct {
	Why             string         `json:"why"`
	PrivateKey      string         `json:"privateKey"`
	Multisig        bool           `json:"multisig"`
	Network         uint32         `json:"network"`
	Contract        string         `json:"contract"`
	Method          string         `json:"method"`
	Arguments       map[string]any `json:"arguments"`
	Nonce           uint32         `json:"nonce"`
	ValidUntilBlock uint32         `json:"validUntilBlock"`
	SystemFee       string         `json:"systemFee"`
	NetworkFee      string         `json:"networkFee"`
	Script          string         `json:"script"`
	Hash            string         `json:"hash"`
	HighS           bool           `json:"highS"`
	Bytes           string         `json:"bytes"`
}

type nep2Vector struct {
	PrivateKey string            `json:"privateKey"`
	Password   string            `json:"password"`
	Scrypt     keys.ScryptParams `json:"scrypt"`
	Encrypted  string            `json:"encrypted"`
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// walletKeys has the smallest and the largest key besides those of tests: their public keys differ in the sign alone.
func walletKeys() []*keys.PrivateKey {
	one := [32]byte{31: 1}
	last := new(big.Int).Sub(elliptic.P256().Params().N, big.NewInt(1)).Bytes()
	return []*keys.PrivateKey{must(keys.NewPrivateKeyFromBytes(one[:])), must(keys.NewPrivateKeyFromBytes(last)),
		newAccount("vector").key, voucherKey("vector"), voucherKey("other")}
}

func multisigOf(key *keys.PrivateKey) []byte {
	return must(smartcontract.CreateMultiSigRedeemScript(1, keys.PublicKeys{key.PublicKey()}))
}

func walletVectors() []walletVector {
	var list []walletVector
	for _, key := range walletKeys() {
		multisig := multisigOf(key)
		list = append(list, walletVector{key.String(), key.WIF(), key.PublicKey().StringCompressed(),
			hex.EncodeToString(key.PublicKey().GetVerificationScript()), key.Address(),
			hex.EncodeToString(multisig), address.Uint160ToString(hash.Hash160(multisig))})
	}
	return list
}

// A contractArgument has a name for the vectors, a value for the VM, and the value as JSON shows it.
type contractArgument struct {
	name  string
	value any
	shown any
}

func accountArgument(name string, account util.Uint160) contractArgument {
	return contractArgument{name, account, address.Uint160ToString(account)}
}

func integerArgument(name string, value int64) contractArgument {
	return contractArgument{name, value, decimal(value)}
}

func bytesArgument(name string, value []byte) contractArgument {
	return contractArgument{name, value, hex.EncodeToString(value)}
}

func transactionVectors() []transactionVector {
	key := newAccount("vector").key
	user, provider := key.GetScriptHash(), newAccount("provider").hash
	multisigUser := hash.Hash160(multisigOf(key))
	const uuid = "550e8400-e29b-41d4-a716-446655440000"
	register := func(user util.Uint160) []contractArgument {
		return []contractArgument{accountArgument("user", user), accountArgument("provider", provider), {"uuid", uuid, uuid}}
	}
	terms := func(voucherKey contractArgument) []contractArgument {
		return []contractArgument{accountArgument("user", user), accountArgument("provider", provider),
			integerArgument("amount", 1_000_000_000), integerArgument("ratePerSecond", 100_000),
			integerArgument("feePerCall", 0), integerArgument("increment", 60), integerArgument("maxParallel", 1),
			integerArgument("durationMs", 2_592_000_000), integerArgument("claimWindowMs", 604_800_000), voucherKey}
	}
	withKey := bytesArgument("voucherKey", voucherKey("vector").PublicKey().Bytes())
	return []transactionVector{
		transactionOf("s is low", key, false, 56753, "register", register(user), false),
		transactionOf("s is high", key, false, 56753, "register", register(user), true),
		transactionOf("a 1-of-1 multisig account", key, true, 860833102, "register", register(multisigUser), false),
		transactionOf("integers and bytes", key, false, 1<<32-1, "openEscrow", terms(withKey), true),
		transactionOf("null in place of bytes", key, false, 56753, "openEscrow",
			terms(contractArgument{"voucherKey", nil, nil}), false),
		transactionOf("a negative integer and the largest", key, false, 56753, "extendEscrow", []contractArgument{
			integerArgument("id", 1<<63-1), integerArgument("amount", -129), integerArgument("durationMs", 128)}, false),
	}
}

// transactionOf takes the first nonce whose signature has an s of the wanted half.
func transactionOf(why string, key *keys.PrivateKey, multisig bool, network uint32, method string,
	arguments []contractArgument, high bool) transactionVector {
	contract := util.Uint160{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}
	shown, values := map[string]any{}, []any{}
	for _, argument := range arguments {
		shown[argument.name] = argument.shown
		values = append(values, argument.value)
	}
	builder := smartcontract.NewBuilder()
	builder.InvokeMethod(contract, method, values...)
	script := must(builder.Script())
	verification := key.PublicKey().GetVerificationScript()
	if multisig {
		verification = multisigOf(key)
	}
	for nonce := uint32(1<<32 - 1); ; nonce-- {
		tx := transaction.New(script, 12_345_678)
		tx.Nonce, tx.ValidUntilBlock, tx.NetworkFee = nonce, 5_760_001, 2_345_670
		tx.Signers = []transaction.Signer{{Account: hash.Hash160(verification), Scopes: transaction.CalledByEntry}}
		signature := key.SignHashable(network, tx)
		if isHighS(signature) != high {
			continue
		}
		tx.Scripts = []transaction.Witness{{InvocationScript: pushed(signature), VerificationScript: verification}}
		return transactionVector{why, key.String(), multisig, network, hex.EncodeToString(contract.BytesBE()), method,
			shown, nonce, tx.ValidUntilBlock, decimal(tx.SystemFee), decimal(tx.NetworkFee), hex.EncodeToString(script),
			"0x" + tx.Hash().StringLE(), high, hex.EncodeToString(tx.Bytes())}
	}
}

func pushed(signature []byte) []byte {
	buffer := io.NewBufBinWriter()
	emit.Bytes(buffer.BinWriter, signature)
	return buffer.Bytes()
}

func isHighS(signature []byte) bool {
	half := new(big.Int).Rsh(elliptic.P256().Params().N, 1)
	return new(big.Int).SetBytes(signature[32:]).Cmp(half) > 0
}

func nep2Vectors() []nep2Vector {
	key := newAccount("vector").key
	vector := func(password string, scrypt keys.ScryptParams) nep2Vector {
		return nep2Vector{key.String(), password, scrypt, must(keys.NEP2Encrypt(key, password, scrypt))}
	}
	return []nep2Vector{vector("secret", keys.NEP2ScryptParams()),
		vector("cheap", keys.ScryptParams{N: 2, R: 1, P: 1}),
		// the second letter is an a and a combining diaeresis: NEP-2 wants the password in the form NFC
		vector("pa\u0308ssw\u00f6rd \U0001F511", keys.ScryptParams{N: 2, R: 1, P: 1})}
}
