package main

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
)

// program is a static executable for Linux.
type program struct {
	name         string
	architecture string // as Go names it
	body         []byte
}

// readProgram reads a program. It refuses one that needs a dynamic linker, which the
// image lacks.
func readProgram(file string) (program, error) {
	body, err := os.ReadFile(file)
	if err != nil {
		return program{}, fmt.Errorf("%w: run `make build` first", err)
	}
	binary, err := elf.NewFile(bytes.NewReader(body))
	if err != nil {
		return program{}, fmt.Errorf("%s is no program for Linux (%w): build it with GOOS=linux", file, err)
	}
	architecture := map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}[binary.Machine]
	if architecture == "" {
		return program{}, fmt.Errorf("%s is for %s: build it with GOARCH=amd64 or arm64", file, binary.Machine)
	}
	for _, segment := range binary.Progs {
		if segment.Type == elf.PT_INTERP {
			return program{}, fmt.Errorf("%s is dynamically linked: build it with CGO_ENABLED=0", file)
		}
	}
	return program{filepath.Base(file), architecture, body}, nil
}
