package hosts

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"spiqsweep/simulator/inputfile"
)

// workerPackage is the import path of the worker's main package.
const workerPackage = "spiqsweep/worker"

// Binary is a program to copy to hosts.
type Binary struct {
	Path   string
	Digest string // SHA-256 in hexadecimal digits
	Size   int64
	// System and Machine are what `uname -sm` prints on the machines that can run it.
	System, Machine string
	os, arch        string // as the Go tools name them
}

// machines are the names that `uname -sm` has for what Go builds for.
var machines = map[[2]string][2]string{
	{"linux", "amd64"}:  {"Linux", "x86_64"},
	{"linux", "arm64"}:  {"Linux", "aarch64"},
	{"darwin", "amd64"}: {"Darwin", "x86_64"},
	{"darwin", "arm64"}: {"Darwin", "arm64"},
}

// ReadBinary reads what a worker program was built for, and its digest.
func ReadBinary(path string) (Binary, error) {
	b := Binary{Path: path}
	file, err := os.Open(path)
	if err != nil {
		return b, inputfile.Explain(path, err)
	}
	defer file.Close()
	info, err := buildinfo.Read(file)
	if err != nil || info.Path != workerPackage {
		return b, errors.New(path + " is not the program worker: give the one that `make build` writes to bin/worker")
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "GOOS":
			b.os = s.Value
		case "GOARCH":
			b.arch = s.Value
		}
	}
	names, known := machines[[2]string{b.os, b.arch}]
	if !known {
		return b, fmt.Errorf("%s is built for %s/%s, whose machines are not reached this way: build it for Linux or macOS", path, b.os, b.arch)
	}
	b.System, b.Machine = names[0], names[1]
	hash := sha256.New()
	if b.Size, err = io.Copy(hash, file); err != nil {
		return b, fmt.Errorf("read %s: %w", path, err)
	}
	b.Digest = hex.EncodeToString(hash.Sum(nil))
	return b, nil
}

// checkMachine returns an error, with the fix, unless a machine can run the program.
// uname is what `uname -sm` printed there.
func (b Binary) checkMachine(uname string) error {
	if uname == b.System+" "+b.Machine {
		return nil
	}
	for target, names := range machines {
		if uname == names[0]+" "+names[1] {
			return fmt.Errorf("it is %s, and %s is built for %s: build one with `CGO_ENABLED=0 GOOS=%s GOARCH=%s go build -o bin/worker-%[5]s ./worker`, and add program=bin/worker-%[5]s to the line of the host",
				uname, b.Path, b.os+"/"+b.arch, target[0], target[1])
		}
	}
	return fmt.Errorf("it is %s, and %s is built for %s/%s: there is no worker for such a machine", uname, b.Path, b.os, b.arch)
}
