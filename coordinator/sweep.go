package main

import (
	"context"
	"errors"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/local"
	"spiqsweep/coordinator/queue"
	"spiqsweep/proto/credentials"
	"spiqsweep/simulator/circuit"
)

// sweepFlags are the flags of a run.
type sweepFlags struct {
	inputFlags
	logFlags
	reachFlags
	out, store string
	local      int
	recompute  bool
	leaseTerm  time.Duration
}

// sweepCommand is the program without a command's name: it runs a sweep.
func sweepCommand(t *terminal) *cobra.Command {
	var f sweepFlags
	c := &cobra.Command{
		Use:   "coordinator",
		Short: "Train the generative models of a grid, and collect tables, figures and models",
		Long: `coordinator runs a sweep: every cell of a grid is trained by workers, and what
comes back is written to an output folder as tables, figures and models.

Without --listen it starts local workers, one for each core. Run the same
command again to resume; an extended grid runs only its new cells.

Exit codes: 0 all cells done; 1 a fault of the coordinator; 2 bad usage or
input; 3 some cells were set aside or diverged; 130 interrupted.`,
		Example: `  coordinator
  coordinator --grid sweep.hcl --recording bint_fishmovie32_100.mat
  coordinator --grid sweep.hcl --listen 0.0.0.0:7473`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			config, err := f.config(c.Flags().Changed("local"), t)
			if err != nil {
				return err
			}
			return runSweep(c.Context(), config, t)
		},
	}
	f.inputFlags.add(c)
	flags := c.Flags()
	flags.StringVar(&f.out, "out", "", "output `FOLDER` (default: runs/ and the sweep's name)")
	flags.StringVar(&f.store, "store", "", "`FILE` or URL of the store (default: sweep.db in the output folder)")
	flags.IntVar(&f.local, "local", 0, "local workers (default: one for each core; none with --listen)")
	flags.BoolVar(&f.recompute, "recompute", false, "begin a new sweep in the folder, where the old one is of other numerics or another kernel class")
	flags.DurationVar(&f.leaseTerm, "lease-term", 0, "how long a worker may stay silent before others get its tasks (default: 1m)")
	f.reachFlags.add(c)
	f.logFlags.add(c)
	return c
}

// config checks the flags.
func (f *sweepFlags) config(localGiven bool, t *terminal) (app.Config, error) {
	log, err := f.logger("coordinator", t, t.colour())
	if err != nil {
		return app.Config{}, err
	}
	if !localGiven && f.Listen == "" {
		f.local = runtime.GOMAXPROCS(0)
	}
	switch {
	case f.local < 0:
		return app.Config{}, usage("--local %d: must be 0 or more", f.local)
	case f.local == 0 && f.Listen == "":
		return app.Config{}, usage("--local 0 without --listen: nobody could do the work")
	case f.leaseTerm != 0 && f.leaseTerm < minLeaseTerm:
		return app.Config{}, usage("--lease-term %v: must be at least %v", f.leaseTerm, minLeaseTerm)
	}
	input, err := f.read()
	if err != nil {
		return app.Config{}, err
	}
	if f.local > 0 && input.Kernel.Name == "" {
		return app.Config{}, errNoKernel(input.Kernel.Class)
	}
	return app.Config{
		Input: input, Out: f.out, Store: f.store, Reach: f.Reach, Local: f.local, Recompute: f.recompute,
		Policy: policy(f.leaseTerm),
		Launch: func(file credentials.File) local.Launch { return f.localWorker(input.Kernel, t).Launch(file) },
		Log:    log,
		Follow: t.follow,
	}, nil
}

// minLeaseTerm is enough for a few calls.
const minLeaseTerm = time.Second

// policy lets workers call several times within a lease term.
func policy(leaseTerm time.Duration) queue.Policy {
	return queue.Policy{LeaseTerm: leaseTerm, CallAgainBusy: leaseTerm / 4, CallAgainHungry: leaseTerm / 12}
}

// localWorker starts this program again, as a worker.
func (f *sweepFlags) localWorker(kernel circuit.Kernel, t *terminal) local.Command {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	return local.Command{
		Path:        self,
		Arguments:   append([]string{localWorkerName}, f.arguments()...),
		Environment: []string{circuit.KernelVariable + "=" + kernel.Name},
		Output:      t,
	}
}

// runSweep runs a sweep to its end and says what came of it.
func runSweep(ctx context.Context, config app.Config, t *terminal) error {
	a, err := app.Open(ctx, config)
	if err != nil {
		return err
	}
	defer a.Close()
	t.introduce(a)
	last, err := a.Run(ctx)
	t.close()
	switch {
	case errors.Is(err, context.Canceled):
		t.say("interrupted with %d of %d tasks done, and the steps of those in hand kept: to go on, run again\n  %s", last.Counts.Done, last.Counts.Planned, commandLine("coordinator", os.Args[1:]...))
		return &endError{exitInterrupted}
	case err != nil:
		return err
	}
	if err := t.conclude(a, last); err != nil {
		return err
	}
	if last.Counts.Done < last.Counts.Planned {
		return &endError{exitIncomplete}
	}
	return nil
}
