package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"spiqsweep/proto/credentials"
)

// coordinator is the real program in its own process.
type coordinator struct {
	out   string // its output folder
	cmd   *exec.Cmd
	ended chan error // receives the error of its exit; buffered
}

// startCoordinator starts the program on a grid, with its output in a log file.
func startCoordinator(ctx context.Context, program, folder, store string) (*coordinator, error) {
	c := &coordinator{out: filepath.Join(folder, "out"), ended: make(chan error, 1)}
	arguments := []string{"--grid", filepath.Join(folder, gridFile), "--out", c.out, "--listen", "127.0.0.1:0"}
	if store != "" {
		arguments = append(arguments, "--store", store)
	}
	log, err := os.Create(filepath.Join(folder, logFile))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	c.cmd = exec.CommandContext(ctx, program, arguments...)
	c.cmd.Stdout, c.cmd.Stderr = log, log
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the coordinator: %w", err)
	}
	go func() { c.ended <- c.cmd.Wait() }()
	return c, nil
}

// The files in a run's folder.
const (
	gridFile = "sweep.hcl"
	logFile  = "coordinator.log"
)

// ready waits until the coordinator listens, and returns its credentials file.
func (c *coordinator) ready(ctx context.Context) (credentials.File, error) {
	clock := time.NewTicker(20 * time.Millisecond)
	defer clock.Stop()
	for {
		file, err := credentials.Load(filepath.Join(c.out, "worker.json"))
		if !errors.Is(err, os.ErrNotExist) {
			return file, err
		}
		select {
		case <-clock.C:
		case err := <-c.ended:
			return credentials.File{}, fmt.Errorf("the coordinator ended: %w: see %s", err, logFile)
		case <-ctx.Done():
			return credentials.File{}, ctx.Err()
		}
	}
}

// wait waits for the coordinator to exit.
func (c *coordinator) wait(ctx context.Context) error {
	select {
	case err := <-c.ended:
		if err != nil {
			return fmt.Errorf("the coordinator ended: %w", err)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// usage is the resources that a process has used so far.
type usage struct {
	cpu      time.Duration
	peakRSS  int64 // bytes
	measured bool  // whether the system provides them
}

// usage reads Linux's /proc.
func (c *coordinator) usage() usage {
	pid := strconv.Itoa(c.cmd.Process.Pid)
	stat, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	if err != nil {
		return usage{}
	}
	// The name in brackets may have any characters. User and system time are the 12th and 13th fields after it.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	ticks := 0
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			return usage{}
		}
		ticks += n
	}
	const perSecond = 100 // USER_HZ, on every architecture that Go knows
	u := usage{cpu: time.Duration(ticks) * time.Second / perSecond}
	status, err := os.ReadFile(filepath.Join("/proc", pid, "status"))
	if err != nil {
		return usage{}
	}
	for line := range strings.Lines(string(status)) {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			u.peakRSS, u.measured = kib<<10, true // an exited process has no VmHWM
		}
	}
	return u
}

// diskBytes returns the size of the store in the output folder, with its log.
func (c *coordinator) diskBytes() int64 {
	files, _ := filepath.Glob(filepath.Join(c.out, "sweep.db*"))
	var sum int64
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			sum += info.Size()
		}
	}
	return sum
}
