package tests

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"

	"github.com/nspcc-dev/neo-go/pkg/crypto/keys"
)

// A request that a NEO key signs (RFC 9421), as a client sends it and the API checks it.
type requestVector struct {
	Why            string            `json:"why"`
	PrivateKey     string            `json:"privateKey"`
	Method         string            `json:"method"`
	URL            string            `json:"url"`
	Headers        map[string]string `json:"headers"`
	Body           *string           `json:"body"`
	Created        int64             `json:"created"`
	Expires        *int64            `json:"expires"`
	Nonce          string            `json:"nonce"`
	Components     []string          `json:"components"`
	Base           string            `json:"base"`
	ContentDigest  *string           `json:"contentDigest"`
	SignatureInput string            `json:"signatureInput"`
	Signature      string            `json:"signature"`
}

func requestVectors() []requestVector {
	key := newAccount("vector").key.String()
	body, empty := `{"cdrs":[{"callId":"ä€😀"}]}`, ""
	expires := int64(1_769_860_860)
	const created = 1_769_860_800
	vector := func(v requestVector) requestVector {
		v.PrivateKey, v.Created = key, created
		return signedRequest(v)
	}
	return []requestVector{
		vector(requestVector{Why: "without a body", Method: "GET", URL: "http://127.0.0.1:8080/v1/cdrs?limit=1&state=rated", Nonce: "6e6f6e6365"}),
		vector(requestVector{Why: "with a body", Method: "POST", URL: "http://127.0.0.1:8080/v1/cdrs", Body: &body, Nonce: "nonce-2",
			Headers: map[string]string{"content-type": "application/json"}}),
		vector(requestVector{Why: "an empty body is none", Method: "POST", URL: "https://api.example/v1/cdrs", Body: &empty, Nonce: "nonce-3"}),
		vector(requestVector{Why: "with an end, a header, the scheme's own port, and escapes", Method: "PUT",
			URL: "https://API.example:443/a%2Fb/?x=%20&y=?z", Body: &body, Expires: &expires, Nonce: `with "quotes" and a \`,
			Headers: map[string]string{"content-type": "application/json"}, Components: []string{"content-type"}}),
	}
}

// signedRequest builds the base of RFC 9421, section 2.5, by hand; the digest is RFC 9530's.
func signedRequest(v requestVector) requestVector {
	key := must(keys.NewPrivateKeyFromHex(v.PrivateKey))
	target := must(url.Parse(v.URL))
	names := []string{"@method", "@authority", "@path", "@query"}
	port := map[string]string{"http": ":80", "https": ":443"}[target.Scheme]
	values := map[string]string{"@method": v.Method, "@path": target.EscapedPath(), "@query": "?" + target.RawQuery,
		"@authority": strings.TrimSuffix(strings.ToLower(target.Host), port)}
	for name, value := range v.Headers {
		values[name] = value
	}
	if v.Body != nil && *v.Body != "" {
		digest := sha256.Sum256([]byte(*v.Body))
		header := fmt.Sprintf("sha-256=:%s:", base64.StdEncoding.EncodeToString(digest[:]))
		v.ContentDigest = &header
		values["content-digest"] = header
		names = append(names, "content-digest")
	}
	names = append(names, v.Components...)
	lines, quoted := []string{}, []string{}
	for _, name := range names {
		lines = append(lines, fmt.Sprintf(`"%s": %s`, name, values[name]))
		quoted = append(quoted, `"`+name+`"`)
	}
	params := fmt.Sprintf("(%s);created=%d", strings.Join(quoted, " "), v.Created)
	if v.Expires != nil {
		params += fmt.Sprintf(";expires=%d", *v.Expires)
	}
	escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v.Nonce)
	params += fmt.Sprintf(`;nonce="%s";keyid="%s";alg="ecdsa-p256-sha256"`, escaped, key.PublicKey().StringCompressed())
	v.Base = strings.Join(append(lines, `"@signature-params": `+params), "\n")
	v.SignatureInput = "sig=" + params
	v.Signature = fmt.Sprintf("sig=:%s:", base64.StdEncoding.EncodeToString(key.Sign([]byte(v.Base))))
	return v
}
