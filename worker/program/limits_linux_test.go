// The race detector reserves terabytes of addresses.
//
//go:build !race

package program

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func TestAddressSpace(t *testing.T) {
	for limit, want := range map[uint64]string{
		0:                     "is 0.0 GB",
		1 << 30:               "is 1.1 GB",
		LeastAddressSpace - 1: "must be 2.5 GB or more",
		LeastAddressSpace:     "",
		^uint64(0):            "", // RLIM_INFINITY
	} {
		if got := addressSpace(limit); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("limit %d: %q, want %q", limit, got, want)
		}
	}
}

func TestThreads(t *testing.T) {
	if got := threads(LeastThreads - 1); !strings.Contains(got, "is 31 (ulimit -u): it must be 32 or more") {
		t.Errorf("31 threads: %q", got)
	}
	if got := threads(LeastThreads); got != "" {
		t.Errorf("32 threads: %q", got)
	}
}

// TestRequireLimits runs this program again under limits.
func TestRequireLimits(t *testing.T) {
	const variable = "PROGRAM_TEST_LIMITED"
	if os.Getenv(variable) != "" {
		RequireLimits("name", os.Stderr)
		return
	}
	for limit, code := range map[uint64]int{2_000_000_000: 2, 2_500_000_000: 0} {
		old := syscall.Rlimit{}
		if err := syscall.Getrlimit(syscall.RLIMIT_AS, &old); err != nil {
			t.Fatal(err)
		}
		if old.Max < limit {
			t.Skip("skipped: the limit of the address space is lower here")
		}
		command := exec.Command(os.Args[0], "-test.run=^TestRequireLimits$")
		command.Env = append(os.Environ(), variable+"=1")
		var output bytes.Buffer
		command.Stderr = &output
		if err := syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: limit, Max: old.Max}); err != nil {
			t.Fatal(err)
		}
		err := command.Start()
		if restored := syscall.Setrlimit(syscall.RLIMIT_AS, &old); err != nil || restored != nil {
			t.Fatal(err, restored)
		}
		if err := command.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
			t.Fatal(err)
		}
		got := output.String()
		if command.ProcessState.ExitCode() != code || strings.Count(got, "\n") != code/2 || strings.Contains(got, "goroutine") {
			t.Errorf("under %d bytes: exit code %d, want %d; said %q", limit, command.ProcessState.ExitCode(), code, got)
		}
	}
}
