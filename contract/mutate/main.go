// Command mutate changes the contract's source in one place at a time, and tells which
// changes no test notices:
//
//	cd contract && go run ./mutate
//
// It takes some minutes and is no part of CI. SURVIVORS.md lists what survives, and why.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/nspcc-dev/neo-go/cli/smartcontract"
	"github.com/nspcc-dev/neo-go/pkg/compiler"
	"github.com/nspcc-dev/neo-go/pkg/smartcontract/manifest"
)

var (
	only    = flag.String("file", "", "mutate this file only")
	workers = flag.Int("workers", runtime.NumCPU(), "mutants at a time")
)

// mutated are the files with rules in them; the rest is documentation and messages.
var mutated = []string{"deposit.go", "escrow.go", "items.go", "registration.go", "registry.go", "require.go", "rule/rule.go",
	"settle.go", "storage.go", "terms.go", "upgrade.go", "voucher.go"}

// stages of tests, the fast ones first: most mutants die there.
var stages = [][]string{
	{"-test.skip", "TestProperty|TestReproducibleBuild|TestVectors|TestGasTable|TestLargestBatch|Fuzz"},
	{"-test.run", "TestProperty", "-sequences", "20", "-seed", "1000"},
}

const testTimeout = 3 * time.Minute

func main() {
	flag.Parse()
	temp, err := os.MkdirTemp("", "krypton-mutants")
	check(err)
	defer os.RemoveAll(temp)
	tests := filepath.Join(temp, "contract.test")
	build := exec.Command("go", "test", "-c", "-o", tests, "./tests")
	build.Stderr = os.Stderr
	check(build.Run())

	var all []mutant
	for _, file := range mutated {
		if *only == "" || *only == file {
			found, err := mutantsOf(".", file)
			check(err)
			all = append(all, found...)
		}
	}
	fmt.Println(len(all), "mutants")
	report(all, judgeAll(all, temp, tests))
}

type verdict int

const (
	killed verdict = iota
	invalid
	survived
)

func judgeAll(all []mutant, temp, tests string) []verdict {
	verdicts := make([]verdict, len(all))
	queue := make(chan int)
	var group sync.WaitGroup
	for w := range *workers {
		group.Go(func() {
			dir := filepath.Join(temp, fmt.Sprint("worker", w))
			check(os.CopyFS(dir, source{os.DirFS(".")}))
			for i := range queue {
				verdicts[i] = judge(all[i], dir, tests)
				if verdicts[i] == survived {
					fmt.Printf("survived: %s:%d %s\n", all[i].file, all[i].line, all[i].what)
				}
			}
		})
	}
	for i := range all {
		queue <- i
	}
	close(queue)
	group.Wait()
	return verdicts
}

// judge compiles one mutant and runs the tests on it.
func judge(m mutant, dir, tests string) verdict {
	path := filepath.Join(dir, m.file)
	original, err := os.ReadFile(m.file)
	check(err)
	text := string(original[:m.start]) + m.with + string(original[m.end:])
	check(os.WriteFile(path, []byte(text), 0o644))
	defer func() { check(os.WriteFile(path, original, 0o644)) }()
	if err := compile(dir); err != nil {
		return invalid
	}
	for _, stage := range stages {
		ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
		run := exec.CommandContext(ctx, tests, append([]string{"-test.failfast", "-contract", dir}, stage...)...)
		run.Dir = "tests"
		err := run.Run()
		cancel()
		if err != nil {
			return killed
		}
	}
	return survived
}

func compile(dir string) error {
	conf, err := smartcontract.ParseContractConfig(filepath.Join(dir, "config.yml"))
	check(err)
	options := &compiler.Options{Name: conf.Name, ContractEvents: conf.Events, SafeMethods: conf.SafeMethods, Overloads: conf.Overloads,
		Permissions: []manifest.Permission{*manifest.NewPermission(manifest.PermissionWildcard)}}
	file, debug, err := compiler.CompileWithOptions(dir, nil, options)
	if err != nil {
		return err
	}
	m, err := compiler.CreateManifest(debug, options)
	if err != nil {
		return err
	}
	nef, err := file.Bytes()
	if err != nil {
		return err
	}
	text, err := json.Marshal(m)
	check(err)
	check(os.WriteFile(filepath.Join(dir, "manifest.json"), text, 0o644))
	return os.WriteFile(filepath.Join(dir, "contract.nef"), nef, 0o644)
}

func report(all []mutant, verdicts []verdict) {
	count := map[verdict]int{}
	for i, m := range all {
		count[verdicts[i]]++
		if verdicts[i] == survived {
			fmt.Printf("%s:%d: %s\n", m.file, m.line, m.what)
		}
	}
	fmt.Printf("%d killed, %d survived, %d do not compile: %.1f%%\n", count[killed], count[survived], count[invalid],
		100*float64(count[killed])/float64(count[killed]+count[survived]))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
