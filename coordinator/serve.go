package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/host"
	"spiqsweep/coordinator/queue"
	"spiqsweep/worker/program"
)

// serveFlags are the flags of serve.
type serveFlags struct {
	hostFlags
	kernel string
	out    string
}

func serveCommand(t *terminal) *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:        "serve --listen ADDRESS",
		SuggestFor: []string{"server", "daemon", "listen"},
		Short:      "Serve the sweeps of a store, and accept new ones",
		Long: `Serves every sweep of a store to workers until it is interrupted, and accepts sweeps
from other terminals and machines:

  coordinator --grid sweep.hcl --coordinator runs/serve/operator.json

Several coordinators may serve one store in PostgreSQL. If one of them dies, workers
and commands call the next address. All must accept the same tokens. On machines that
share a file system, give all of them the same --out. On others, start one
coordinator, copy its folder (worker.json, operator.json and, if present, ca.pem and
ca-key.pem), and start the next one with the copy. Each adds its address to the
files, so the worker.json of the last one lists all of them.`,
		Example: `  coordinator serve --listen 127.0.0.1:7473 --local 2
  coordinator serve --listen 0.0.0.0:7473 --store postgres://host/spiqsweep`,
		Args: program.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			config, err := f.config(t)
			if err != nil {
				return err
			}
			return runServer(c.Context(), config, t)
		},
	}
	f.add(c)
	c.Flags().StringVar(&f.out, "out", host.DefaultServerFolder, "`FOLDER` of the keys and, by default, the store")
	c.Flags().IntVar(&f.local, "local", 0, "local workers")
	c.Flags().StringVar(&f.kernel, "kernel", "", "kernel of this machine by `NAME`, or the kernel class of the sweeps to serve (default: that of SPIQSWEEP_KERNEL, else the fastest)")
	program.Require(c, "listen", "give the address for workers and commands, such as 127.0.0.1:7473, or 0.0.0.0:7473 for other machines")
	return c
}

// config checks the flags.
func (f *serveFlags) config(t *terminal) (host.ServerConfig, error) {
	kernel, err := chooseKernel(f.kernel)
	if err != nil {
		return host.ServerConfig{}, err
	}
	arguments := []string{"--" + stayFlag}
	if memory := program.ReadMachine(os.DirFS("/")).Memory; f.local > 0 {
		arguments = append(arguments, fmt.Sprintf("--%s=%d", memoryFlag, memory/uint64(f.local)))
	}
	hosting, err := f.hostOptions(kernel, t, arguments...)
	return host.ServerConfig{Options: hosting, Out: f.out, KernelClass: kernel.Class}, err
}

// runServer serves until a signal ends it. That is success.
func runServer(ctx context.Context, config host.ServerConfig, t *terminal) error {
	limitMemory()
	s, err := host.OpenServer(ctx, config)
	if err != nil {
		return err
	}
	defer s.Close()
	for _, notice := range s.Notices {
		t.say("%s", notice)
	}
	served, others, err := s.Sweeps(ctx)
	if err != nil {
		return err
	}
	t.say("serving %s of kernel class %s on %s; workers reach it at %s",
		count(len(served), "sweep"), s.KernelClass, s.Address(), strings.Join(s.Addresses(), ", "))
	t.printPage(s)
	for _, line := range unserved(served, others, s.KernelClass) {
		t.say("%s", line)
	}
	t.say("start workers with\n  %s", commandLine("worker", "--coordinator", s.WorkerFile(), "--"+stayFlag))
	t.say("submit sweeps with\n  %s", commandLine("coordinator", "--grid", "sweep.hcl", "--coordinator", s.OperatorFile()))
	if err := s.Run(ctx); err != nil {
		return err
	}
	t.say("stopped; the sweeps are kept in the store")
	return nil
}

// unserved returns a line for each unfinished sweep that the coordinator cannot serve,
// with how to resume it.
func unserved(served, others []queue.Summary, kernelClass string) []string {
	var lines []string
	for _, s := range others {
		if s.Counts.Finished() {
			continue
		}
		reason, with := queue.SweepMismatch(s.Arithmetic(), queue.ProgramArithmetic(kernelClass))
		lines = append(lines, fmt.Sprintf("not served: sweep %s %s: resume it with %s", s.Name, reason, with))
	}
	unfinished := func(s queue.Summary) bool { return !s.Counts.Finished() }
	if len(lines) > 0 && !slices.ContainsFunc(served, unfinished) {
		lines = append(lines, "nothing will run: no unfinished sweep of the store can be served; workers are refused until you submit one")
	}
	return lines
}
