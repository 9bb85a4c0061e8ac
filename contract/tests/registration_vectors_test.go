package tests

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/nspcc-dev/neo-go/pkg/crypto/keys"
	"github.com/nspcc-dev/neo-go/pkg/util"
)

// What a phone signs to register with a provider's proxy, which has given it the nonce.
type registrationVector struct {
	Why        string `json:"why"`
	Network    uint32 `json:"network"`
	Contract   string `json:"contract"`
	Provider   string `json:"provider"`
	Nonce      string `json:"nonce"`
	PrivateKey string `json:"privateKey"`
	Form       string `json:"form"`
	Salt       string `json:"salt,omitempty"`
	Statement  string `json:"statement"`
	Message    string `json:"message"` // as the wallet wraps it
	Signature  string `json:"signature"`
	Valid      bool   `json:"valid"`
}

type registrationTerms struct {
	magic    uint32
	contract util.Uint160
	provider util.Uint160
	nonce    [16]byte
}

func (r registrationTerms) statement() []byte {
	bytes := binary.LittleEndian.AppendUint32([]byte("KRYPTON-REGISTER-1"), r.magic)
	bytes = append(append(bytes, r.contract.BytesBE()...), r.provider.BytesBE()...)
	return append(bytes, r.nonce[:]...)
}

func (r registrationTerms) uuid() string {
	text := hex.EncodeToString(r.nonce[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

func registrationVectors() []registrationVector {
	user := newAccount("vector").key
	contract := util.Uint160{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}
	provider := voucherKey("provider").GetScriptHash()
	nonce := [16]byte{0x9b, 0x2f, 0x1c, 0x7e, 0x4d, 0x3a, 0x4f, 0x6b, 0x8a, 0x51, 0x0c, 0x2d, 0x3e, 0x4f, 0x5a, 0x6b}
	base := registrationTerms{56753, contract, provider, nonce}
	const salt = "00112233445566778899aabbccddeeff"
	// signed is what the key has signed, where that is not what the phone says.
	vector := func(why string, terms registrationTerms, form, salt string, signer *keys.PrivateKey, signed []byte) registrationVector {
		message := wrapped(terms.statement(), form, salt)
		if signed == nil {
			signed = message
		}
		signature := signer.Sign(signed)
		return registrationVector{why, terms.magic, hex.EncodeToString(terms.contract.BytesBE()),
			hex.EncodeToString(terms.provider.BytesBE()), terms.uuid(), user.String(), form, salt,
			hex.EncodeToString(terms.statement()), hex.EncodeToString(message), hex.EncodeToString(signature),
			user.PublicKey().Verify(signature, sha256Of(message))}
	}
	list := []registrationVector{
		vector("by a key at hand", base, "raw", "", user, nil),
		vector("by a wallet with NEP-21", base, "nep21", "", user, nil),
		vector("by a wallet of before NEP-21", base, "legacy", salt, user, nil),
		vector("main net", registrationTerms{860833102, contract, provider, nonce}, "raw", "", user, nil),
		vector("signed by another key", base, "raw", "", voucherKey("other"), nil),
		vector("signed raw, said to be NEP-21", base, "nep21", "", user, base.statement()),
	}
	for _, other := range []struct {
		why    string
		change func(*registrationTerms)
	}{
		{"signed for another network", func(r *registrationTerms) { r.magic++ }},
		{"signed for another contract", func(r *registrationTerms) { r.contract = util.Uint160{19: 1} }},
		{"signed for another provider", func(r *registrationTerms) { r.provider = util.Uint160{19: 1} }},
		{"signed for another nonce", func(r *registrationTerms) { r.nonce[15]++ }},
	} {
		terms := base
		other.change(&terms)
		list = append(list, vector(other.why, base, "raw", "", user, terms.statement()))
	}
	return list
}
