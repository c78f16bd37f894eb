// The race detector reserves terabytes of addresses.
//
//go:build !race

package limits

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func TestMemoryLimits(t *testing.T) {
	for _, m := range memoryLimits {
		for limit, want := range map[uint64]string{
			0:           "the limit of the " + m.name + " is 0 MB (" + m.setBy + "): it must be ",
			60_000_000:  "is 60 MB",
			m.least - 1: fmt.Sprintf("is %d MB (%s): it must be %d MB or more", m.least/1e6-1, m.setBy, m.least/1e6),
			m.least:     "",
			^uint64(0):  "", // RLIM_INFINITY
		} {
			if got := m.tooSmall(limit); !strings.Contains(got, want) || (got == "") != (want == "") {
				t.Errorf("limit %d of the %s: %q, want %q", limit, m.name, got, want)
			}
		}
	}
}

func TestThreads(t *testing.T) {
	if got := threads(leastThreads - 1); !strings.Contains(got, "is 31 (ulimit -u): it must be 32 or more") {
		t.Errorf("31 threads: %q", got)
	}
	if got := threads(leastThreads); got != "" {
		t.Errorf("32 threads: %q", got)
	}
}

// TestProgramUnderLimits runs this program again under limits.
func TestProgramUnderLimits(t *testing.T) {
	for _, m := range memoryLimits {
		for limit, code := range map[uint64]int{m.least * 4 / 5: 2, m.least: 0} {
			old := syscall.Rlimit{}
			if err := syscall.Getrlimit(m.resource, &old); err != nil {
				t.Fatal(err)
			}
			if old.Max < limit {
				t.Skipf("skipped: the limit of the %s is lower here", m.name)
			}
			command := exec.Command(os.Args[0], "-test.list=^$")
			var output bytes.Buffer
			command.Stderr = &output
			if err := syscall.Setrlimit(m.resource, &syscall.Rlimit{Cur: limit, Max: old.Max}); err != nil {
				t.Fatal(err)
			}
			err := command.Start()
			if restored := syscall.Setrlimit(m.resource, &old); err != nil || restored != nil {
				t.Fatal(err, restored)
			}
			if err := command.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
				t.Fatal(err)
			}
			got := output.String()
			if command.ProcessState.ExitCode() != code || strings.Count(got, "\n") != code/2 || strings.Contains(got, "goroutine") {
				t.Errorf("under %d bytes of %s: exit code %d, want %d; said %q", limit, m.name, command.ProcessState.ExitCode(), code, got)
			}
		}
	}
}
