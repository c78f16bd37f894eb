package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"spiqsweep/coordinator/store"
	"spiqsweep/simulator/circuit"
)

// Finding is the outcome of a check. It is also printed as JSON.
type Finding struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"` // what was found
	Fix    string `json:"fix"`    // "" if it is ok
}

// Config says what to check.
type Config struct {
	// Folder is where output folders would be: it or its closest parent that exists is checked.
	Folder string
	// Listen is the address that a coordinator is to listen on; "" checks that this machine
	// reaches itself.
	Listen  string
	Workers int       // local workers, for the limits
	Built   time.Time // of the program; zero if it is not known
}

// Bounds below which a check fails.
const (
	leastDisk  = 1 << 30 // bytes
	leastFiles = 64
	slowSync   = 5 * time.Second
)

// Examine runs all checks, in the order of the findings.
func Examine(ctx context.Context, c Config) []Finding {
	folder, err := existing(c.Folder)
	all := []Finding{kernels(), clock(time.Now(), c.Built)}
	if err != nil {
		all = append(all, problem("store", fmt.Sprintf("%s: %v", c.Folder, err), "name a folder in which you may write, with --out"))
	} else {
		all = append(all, testStore(ctx, folder), space(folder))
	}
	return append(append(all, port(c.Listen), temporary(ctx)), limits(c.Workers)...)
}

func ok(check, detail string) Finding { return Finding{Check: check, OK: true, Detail: detail} }

func problem(check, detail, fix string) Finding {
	return Finding{Check: check, Detail: detail, Fix: fix}
}

// existing returns the closest folder of a path that exists.
func existing(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	for {
		info, err := os.Stat(path)
		switch {
		case err == nil && info.IsDir():
			return path, nil
		case err == nil:
			return "", fmt.Errorf("%s is not a folder", path)
		case !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) || path == filepath.Dir(path):
			return "", err
		}
		path = filepath.Dir(path)
	}
}

// kernels compares every kernel with known answers.
func kernels() Finding {
	report, err := circuit.SelfTest(nil)
	if err != nil {
		return problem("kernels", err.Error(), "install the program again")
	}
	var right, wrong []string
	for _, e := range report.Engines {
		name := e.Name
		if e.Class != "" {
			name += " (" + e.Class + ")"
		}
		if e.Passed {
			right = append(right, name)
		} else {
			wrong = append(wrong, name)
		}
	}
	if len(wrong) > 0 {
		return problem("kernels", "wrong numbers: "+strings.Join(wrong, ", "),
			fmt.Sprintf("set %s to one of %s, or use another machine", circuit.KernelVariable, strings.Join(right, ", ")))
	}
	return ok("kernels", fmt.Sprintf("right on %d known circuits: %s", report.Cases, strings.Join(right, ", ")))
}

// clock checks that the clock is not behind the program's build: certificates would not be
// valid yet.
func clock(now, built time.Time) Finding {
	if now.Before(built) {
		return problem("clock", fmt.Sprintf("it is %s, before this program was built (%s)", now.Format(time.RFC3339), built.Format(time.RFC3339)),
			"set the clock, for example with NTP: certificates and leases depend on it")
	}
	return ok("clock", now.Format(time.RFC3339))
}

// testStore creates a store in a folder, which locks it and waits for the disk, and removes
// it.
func testStore(ctx context.Context, folder string) Finding {
	const fix = "name a folder on a local disk in which you may write, with --out; or name another store with --store"
	failed := func(err error) Finding { return problem("store", fmt.Sprintf("%s: %v", folder, err), fix) }
	temporary, err := os.MkdirTemp(folder, ".doctor-")
	if err != nil {
		return failed(err)
	}
	defer os.RemoveAll(temporary)
	began := time.Now()
	path := filepath.Join(temporary, "sweep.db")
	first, err := store.Open(ctx, path)
	if err != nil {
		return failed(err)
	}
	defer first.Close()
	if second, err := store.Open(ctx, path); err == nil {
		_ = second.Close()
		return failed(errors.New("files are not locked: two coordinators could open one store"))
	} else if !errors.Is(err, store.ErrInUse) {
		return failed(err)
	}
	created := time.Since(began)
	began = time.Now()
	if err := syncFile(filepath.Join(temporary, "synced")); err != nil {
		return failed(err)
	}
	if took := time.Since(began); took > slowSync {
		return problem("store", fmt.Sprintf("%s: the disk takes %s to make a write durable", folder, took.Round(time.Millisecond)), "use a faster disk, with --out or --store: every accepted result waits for it")
	}
	return ok("store", fmt.Sprintf("%s: created, locked and made durable in %s", folder, (created+time.Since(began)).Round(time.Millisecond)))
}

// syncFile writes a file and waits until it is on the disk.
func syncFile(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = file.WriteString("durable\n")
	return errors.Join(err, file.Sync(), file.Close())
}

// space checks the free space of a folder's disk.
func space(folder string) Finding {
	free, err := store.FreeSpace(folder)
	switch {
	case err != nil:
		return problem("disk", fmt.Sprintf("%s: %v", folder, err), "name another folder with --out")
	case free < leastDisk:
		return problem("disk", fmt.Sprintf("%s: %d MB are free", folder, free/1e6), "free 1 GB or more, or name a folder on another disk with --out; `coordinator plan` prints what a sweep takes")
	}
	return ok("disk", fmt.Sprintf("%s: %.1f GB are free", folder, float64(free)/1e9))
}

// port listens on an address, and calls it.
func port(address string) Finding {
	asked := address
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return problem("network", err.Error(), "choose another port with --listen, or end the program that has it")
	}
	defer listener.Close()
	_, number, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return problem("network", err.Error(), "give --listen as HOST:PORT")
	}
	dialer := net.Dialer{Timeout: 5 * time.Second}
	connection, err := dialer.Dial("tcp", net.JoinHostPort("127.0.0.1", number))
	if asked == "" && err != nil {
		return problem("network", fmt.Sprintf("this machine does not reach itself: %v", err), "allow connections to 127.0.0.1 in the firewall")
	}
	if err == nil {
		_ = connection.Close()
	}
	if asked == "" {
		return ok("network", "this machine reaches itself on 127.0.0.1")
	}
	return ok("network", asked+" is free")
}

// temporary checks that programs may be started from the folder for temporary files, as `go
// run` does.
func temporary(ctx context.Context) Finding {
	const fix = "set TMPDIR to a folder in which you may write and start programs: `go run` builds there"
	folder, err := os.MkdirTemp("", "spiqsweep-doctor-")
	if err != nil {
		return problem("temporary files", err.Error(), fix)
	}
	defer os.RemoveAll(folder)
	if runtime.GOOS == "windows" {
		return ok("temporary files", os.TempDir())
	}
	script := filepath.Join(folder, "program")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nexit 0\n"), 0o700); err != nil {
		return problem("temporary files", err.Error(), fix)
	}
	if err := exec.CommandContext(ctx, script).Run(); err != nil {
		return problem("temporary files", fmt.Sprintf("%s: programs cannot be started there: %v", os.TempDir(), err), fix)
	}
	return ok("temporary files", os.TempDir()+": programs can be started there")
}
