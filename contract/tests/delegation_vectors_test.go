package tests

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/nspcc-dev/neo-go/pkg/crypto/keys"
	"github.com/nspcc-dev/neo-go/pkg/io"
	"github.com/nspcc-dev/neo-go/pkg/util"
)

// What a wallet signs once, so that a key of a browser may act in its name; the header is a request's Krypton-Delegation.
type delegationVector struct {
	Why        string `json:"why"`
	Network    uint32 `json:"network"`
	Contract   string `json:"contract"`
	PrivateKey string `json:"privateKey"` // of the wallet
	Delegate   string `json:"delegate"`
	NotAfter   uint64 `json:"notAfter"`
	Scope      byte   `json:"scope"`
	Form       string `json:"form"`
	Salt       string `json:"salt,omitempty"`
	Statement  string `json:"statement"`
	Text       string `json:"text,omitempty"` // what a wallet of the legacy form is asked to sign
	Message    string `json:"message"`        // as the wallet wraps it
	Signature  string `json:"signature"`
	Header     string `json:"header"`
	Valid      bool   `json:"valid"`
}

type delegationTerms struct {
	magic    uint32
	contract util.Uint160
	delegate *keys.PublicKey
	notAfter uint64
	scope    byte
}

func (d delegationTerms) statement() []byte {
	bytes := binary.LittleEndian.AppendUint32([]byte("KRYPTON-DELEGATE-1"), d.magic)
	bytes = append(append(bytes, d.contract.BytesBE()...), d.delegate.Bytes()...)
	return append(binary.BigEndian.AppendUint64(bytes, d.notAfter), d.scope)
}

// wrapped is what wallets make of a message: NEP-21's form, and the older one of wallets that sign text.
func wrapped(message []byte, form, salt string) []byte {
	switch form {
	case "nep21":
		bytes := []byte("Neo N3 Signed Message / NEP-21 / v1\n")
		return append(binary.LittleEndian.AppendUint64(bytes, uint64(len(message))), message...)
	case "legacy":
		w := io.NewBufBinWriter()
		w.WriteBytes([]byte{0x01, 0x00, 0x01, 0xf0})
		w.WriteVarBytes([]byte(salt + hex.EncodeToString(message)))
		w.WriteBytes([]byte{0x00, 0x00})
		return w.Bytes()
	default:
		return message
	}
}

func delegationVectors() []delegationVector {
	wallet, delegate := newAccount("vector").key, voucherKey("vector").PublicKey()
	contract := util.Uint160{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}
	base := delegationTerms{56753, contract, delegate, 1_769_860_800_000, 1}
	const salt = "00112233445566778899aabbccddeeff"
	// signed is what the wallet has signed, where that is not what the header says.
	vector := func(why string, terms delegationTerms, form, salt string, signer *keys.PrivateKey, signed []byte) delegationVector {
		message := wrapped(terms.statement(), form, salt)
		if signed == nil {
			signed = message
		}
		signature := signer.Sign(signed)
		fields := []string{wallet.PublicKey().StringCompressed(), terms.delegate.StringCompressed(),
			fmt.Sprint(terms.notAfter), fmt.Sprint(terms.scope), form, hex.EncodeToString(signature)}
		text := ""
		if form == "legacy" {
			fields = append(fields, salt)
			text = fmt.Sprintf("%x", terms.statement())
		}
		return delegationVector{why, terms.magic, hex.EncodeToString(terms.contract.BytesBE()), wallet.String(),
			terms.delegate.StringCompressed(), terms.notAfter, terms.scope, form, salt,
			hex.EncodeToString(terms.statement()), text, hex.EncodeToString(message), hex.EncodeToString(signature),
			strings.Join(fields, ";"), wallet.PublicKey().Verify(signature, sha256Of(message))}
	}
	with := func(change func(*delegationTerms)) delegationTerms {
		terms := base
		change(&terms)
		return terms
	}
	list := []delegationVector{
		vector("to read, by a key at hand", base, "raw", "", wallet, nil),
		vector("to read, by a wallet with NEP-21", base, "nep21", "", wallet, nil),
		vector("to read, by a wallet of before NEP-21", base, "legacy", salt, wallet, nil),
		vector("a salt in capitals is signed as it stands", base, "legacy", strings.ToUpper(salt), wallet, nil),
		vector("a text whose length takes three bytes", base, "legacy", strings.Repeat(salt, 4), wallet, nil),
		vector("a text of 254 characters", base, "legacy", strings.Repeat("ab", 43), wallet, nil),
		vector("a text of 252 characters", base, "legacy", strings.Repeat("ab", 42), wallet, nil),
		vector("everything at its largest", delegationTerms{1<<32 - 1, contract, delegate, 999_999_999_999_999, 3}, "nep21", "", wallet, nil),
		vector("to register a phone, main net", delegationTerms{860833102, contract, delegate, 1, 2}, "legacy", salt, wallet, nil),
		vector("signed by another key", base, "raw", "", voucherKey("other"), nil),
		vector("signed raw, said to be NEP-21", base, "nep21", "", wallet, base.statement()),
		vector("signed with another salt", base, "legacy", salt, wallet, wrapped(base.statement(), "legacy", strings.Repeat("00", 16))),
	}
	for _, other := range []struct {
		why    string
		change func(*delegationTerms)
	}{
		{"signed for another network", func(d *delegationTerms) { d.magic++ }},
		{"signed for another contract", func(d *delegationTerms) { d.contract = util.Uint160{19: 1} }},
		{"signed for another key", func(d *delegationTerms) { d.delegate = voucherKey("other").PublicKey() }},
		{"signed for another time", func(d *delegationTerms) { d.notAfter++ }},
		{"signed for another scope", func(d *delegationTerms) { d.scope = 3 }},
	} {
		for _, form := range []string{"raw", "nep21", "legacy"} {
			own := map[string]string{"legacy": salt}[form]
			list = append(list, vector(other.why+", "+form, base, form, own, wallet, wrapped(with(other.change).statement(), form, own)))
		}
	}
	return list
}
