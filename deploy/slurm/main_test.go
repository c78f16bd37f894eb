//go:build linux

package slurm

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Environment variables of the tests.
const (
	guardVariable = "SPIQSWEEP_SLURM" // 1: run the tests
	childVariable = "SPIQSWEEP_SLURM_CHILD"
)

// TestMain runs the tests in a child process, and then kills every process that they have
// left.
func TestMain(m *testing.M) {
	if os.Getenv(guardVariable) != "1" || os.Getenv(childVariable) == "1" {
		flag.Parse()
		if err := flag.Set("test.parallel", "32"); err != nil { // scenarios wait for Slurm most of their time
			panic(err)
		}
		os.Exit(m.Run())
	}
	code, err := runChild()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	left := orphans()
	for deadline := time.Now().Add(10 * time.Second); len(orphans()) > 0 && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		for _, pid := range orphans() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			_, _ = syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
		}
	}
	if len(left) > 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "the tests left %d processes, which were killed\n", len(left))
		code = 1
	}
	os.Exit(code)
}

// runChild runs the tests in a child process and returns its exit code. Processes whose
// parent ends become children of this one.
func runChild() (code int, err error) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return 0, fmt.Errorf("become the parent of orphans: %w", err)
	}
	runtime.LockOSThread() // whose end would send Pdeathsig
	defer runtime.UnlockOSThread()
	child := exec.Command(os.Args[0], os.Args[1:]...)
	child.Env = append(os.Environ(), childVariable+"=1")
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	if err := child.Start(); err != nil {
		return 0, err
	}
	go func() {
		<-signals
		_ = child.Process.Kill()
	}()
	for { // also reap orphans: Slurm takes a job for unfinished while one of its processes is a zombie
		var status syscall.WaitStatus
		switch pid, err := syscall.Wait4(-1, &status, 0, nil); {
		case err == syscall.EINTR:
		case err != nil:
			return 0, fmt.Errorf("wait for the tests: %w", err)
		case pid == child.Process.Pid && status.Exited():
			return status.ExitStatus(), nil
		case pid == child.Process.Pid:
			return 1, nil
		}
	}
}

// orphans returns the children of this process, without those that have ended.
func orphans() (pids []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if state, parent := processState(pid); parent == os.Getpid() && state != "Z" {
			pids = append(pids, pid)
		}
	}
	return pids
}

// processState returns the state of a process, as /proc abbreviates it, and its parent.
func processState(pid int) (state string, parent int) {
	body, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0
	}
	fields := strings.Fields(string(body[bytes.LastIndexByte(body, ')')+1:]))
	parent, _ = strconv.Atoi(fields[1])
	return fields[0], parent
}

// processorTime returns the time that a process has used of processors.
func processorTime(pid int) time.Duration {
	body, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	const ticksPerSecond = 100 // of /proc, on every architecture of Linux that Go has
	fields := strings.Fields(string(body[bytes.LastIndexByte(body, ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * time.Second / ticksPerSecond
}

// isSignalPending reports whether a signal waits for a process, which is stopped.
func isSignalPending(pid int, s syscall.Signal) bool {
	body, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(body)) {
		if mask, found := strings.CutPrefix(line, "ShdPnd:"); found {
			bits, _ := strconv.ParseUint(strings.TrimSpace(mask), 16, 64)
			return bits&(1<<(s-1)) != 0
		}
	}
	return false
}
