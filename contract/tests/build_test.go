package tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nspcc-dev/neo-go/cli/smartcontract"
	"github.com/nspcc-dev/neo-go/pkg/compiler"
	"github.com/nspcc-dev/neo-go/pkg/config"
	"github.com/nspcc-dev/neo-go/pkg/smartcontract/manifest"
	"github.com/stretchr/testify/require"

	"krypton/contract/rule"
)

// compilerVersion is under the checksum of the NEF, so it is part of the hash that
// the contract has on chain. It is the neo-go version of go.mod.
const compilerVersion = "0.122.0"

// build is a compiled contract, as files.
type build struct {
	nef, manifest []byte
}

// compileDir does what `neo-go contract compile` does.
func compileDir(t testing.TB, dir string) build {
	config.Version = compilerVersion
	conf, err := smartcontract.ParseContractConfig(filepath.Join(dir, "config.yml"))
	require.NoError(t, err)
	options := &compiler.Options{
		Name:                       conf.Name,
		SourceURL:                  conf.SourceURL,
		ContractEvents:             conf.Events,
		ContractSupportedStandards: conf.SupportedStandards,
		SafeMethods:                conf.SafeMethods,
		Overloads:                  conf.Overloads,
	}
	for _, p := range conf.Permissions {
		options.Permissions = append(options.Permissions, manifest.Permission(p))
	}
	file, debug, err := compiler.CompileWithOptions(dir, nil, options)
	require.NoError(t, err)
	m, err := compiler.CreateManifest(debug, options)
	require.NoError(t, err)
	nefBytes, err := file.Bytes()
	require.NoError(t, err)
	manifestBytes, err := json.Marshal(m)
	require.NoError(t, err)
	return build{nefBytes, manifestBytes}
}

// copySource copies what a build needs into a new folder, with changes.
func copySource(t testing.TB, replace ...string) string {
	dir := t.TempDir()
	for _, pattern := range []string{"*.go", "go.*", "config.yml", "fault/*.go", "rule/*.go"} {
		files, err := filepath.Glob(filepath.Join(*contractDir, pattern))
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			target := filepath.Join(dir, strings.TrimPrefix(file, *contractDir))
			require.NoError(t, os.MkdirAll(filepath.Dir(target), 0o755))
			changed := strings.NewReplacer(replace...).Replace(string(text))
			require.NoError(t, os.WriteFile(target, []byte(changed), 0o644))
		}
	}
	return dir
}

// TestReproducibleBuild: the committed files are what the source gives, wherever it is.
func TestReproducibleBuild(t *testing.T) {
	here := compileDir(t, "..")
	there := compileDir(t, copySource(t))
	require.True(t, bytes.Equal(here.nef, there.nef), "the NEF depends on the folder")
	committed, err := os.ReadFile("../contract.nef")
	require.NoError(t, err)
	require.True(t, bytes.Equal(committed, here.nef), "contract.nef is not current: npm run contract:build")
	committed, err = os.ReadFile("../manifest.json")
	require.NoError(t, err)
	require.Equal(t, string(committed), string(here.manifest), "manifest.json is not current: npm run contract:build")
}

// TestReleasedCode: the code of a release that was made does not change any more; other
// code takes another version.
func TestReleasedCode(t *testing.T) {
	dir := fmt.Sprintf("../testdata/v%d.%d.%d", rule.Version/1_000_000, rule.Version/1_000%1_000, rule.Version%1_000)
	if _, err := os.Stat(dir); err != nil {
		t.Skip("not released yet")
	}
	require.True(t, bytes.Equal(readBuild(t, dir).nef, readBuild(t, "..").nef), "raise rule.Version, or renew %s before the release", dir)
}
