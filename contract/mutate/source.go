package main

import (
	"io/fs"
	"strings"
)

// source shows of the contract's folder what a build needs, and no tests.
type source struct{ fs.FS }

func (s source) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(s.FS, name)
	var kept []fs.DirEntry
	for _, e := range entries {
		base := e.Name()
		switch {
		case e.IsDir() && (base == "fault" || base == "rule"),
			!e.IsDir() && (strings.HasSuffix(base, ".go") || strings.HasPrefix(base, "go.") || base == "config.yml"):
			kept = append(kept, e)
		}
	}
	return kept, err
}
