package main

import (
	"context"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
	"spiqsweep/worker/program"
)

// sweepFlags are the flags of a run.
type sweepFlags struct {
	inputFlags
	hostFlags
	coordinatorFlags
	out       string
	recompute bool
	replace   bool
}

// sweepCommand is the program without a command's name: it runs a sweep.
func sweepCommand(t *terminal) *cobra.Command {
	var f sweepFlags
	c := &cobra.Command{
		Use:   "coordinator",
		Short: "Train the generative models of a grid, and collect tables, figures and models",
		Long: `coordinator runs a sweep: every cell of a grid is trained by workers, and what
comes back is written to an output folder as tables, figures and models.

Without --listen it starts local workers, one for each core. With --coordinator
it submits the sweep to a coordinator that serves (see coordinator serve), and
follows it. Run the same command again to resume, or name the output folder alone;
an extended grid runs only its new cells. A grid that would replace another sweep in
the folder is refused without --replace.

Exit codes: 0 all configurations done; 1 a fault of the coordinator, or a file of the output
folder that could not be written in its place; 2 bad usage or input; 3 some cells
failed or diverged; 130 interrupted.`,
		Example: `  coordinator
  coordinator --grid sweep.hcl --recording bint_fishmovie32_100.mat
  coordinator --out runs/figure-s1
  coordinator --grid sweep.hcl --listen 0.0.0.0:7473
  coordinator --grid sweep.hcl --coordinator runs/serve/operator.json`,
		Args: program.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			config, err := f.config(c, t)
			if err != nil {
				return err
			}
			return runSweep(c.Context(), config, t)
		},
	}
	f.inputFlags.add(c)
	f.hostFlags.add(c)
	f.coordinatorFlags.add(c)
	flags := c.Flags()
	flags.StringVar(&f.out, "out", "", "output `FOLDER` (default: runs/ and the sweep's name)")
	flags.IntVar(&f.local, "local", 0, "local workers (default: one for each core; none with --listen or --coordinator)")
	flags.BoolVar(&f.replace, "replace", false, "let the grid replace another sweep in the output folder, or results whose store is gone")
	flags.BoolVar(&f.recompute, "recompute", false, "begin a new sweep in the folder, where the old one is of other numerics or another kernel class")
	return c
}

// config checks the flags.
func (f *sweepFlags) config(c *cobra.Command, t *terminal) (app.Config, error) {
	elsewhere, err := f.file()
	if err != nil {
		return app.Config{}, err
	}
	submitted := elsewhere.Token != ""
	if submitted {
		if err := ignored(c, "--coordinator", "it leaves the work to others; give the flag to `coordinator serve`",
			"local", "listen", "store", "lease-term", "advertise", "ca-cert", "ca-key", "insecure"); err != nil {
			return app.Config{}, err
		}
	}
	switch {
	case !c.Flags().Changed("local") && f.Listen == "" && !submitted:
		f.local = defaultLocal()
	case f.local == 0 && f.Listen == "" && !submitted:
		return app.Config{}, usage("--local 0 without --listen: nobody could do the work")
	}
	input, err := f.read()
	if err != nil {
		return app.Config{}, err
	}
	hosting, err := f.hosting(input.Kernel, t)
	return app.Config{
		Input: input, Coordinator: elsewhere, Hosting: hosting, Out: f.out, Recompute: f.recompute, Replace: f.replace, Follow: t.follow,
	}, err
}

// defaultLocal returns the number of cores that this process may use. GOMAXPROCS
// can lower it, but not raise it: each local worker is a process.
func defaultLocal() int { return min(runtime.GOMAXPROCS(0), runtime.NumCPU()) }

// runSweep runs a sweep to its end and says what came of it.
func runSweep(ctx context.Context, config app.Config, t *terminal) error {
	limitMemory()
	a, err := app.Open(ctx, config)
	if err != nil {
		return err
	}
	defer a.Close()
	t.introduce(a)
	last, err := a.Run(ctx)
	t.close()
	switch {
	case err != nil && ctx.Err() != nil:
		t.unwritten(a.Problems())
		t.interrupted(a, last)
		return &endError{exitInterrupted}
	case err != nil:
		return err
	}
	if err := t.conclude(a, last); err != nil {
		return err
	}
	t.doubt(a)
	if t.unwritten(a.Problems()) {
		return &endError{exitFault}
	}
	if last.Counts.Done < last.Counts.Planned || len(a.Doubts()) > 0 {
		return &endError{exitIncomplete}
	}
	return nil
}

// interrupted says how to go on.
func (t *terminal) interrupted(a *app.App, last app.Progress) {
	command := again(os.Args[1:])
	if addresses := a.Elsewhere(); len(addresses) > 0 {
		t.say("interrupted, but the sweep goes on at %s: to follow it again, run\n  %s\nto end it, run\n  %s",
			strings.Join(addresses, ", "), command, commandLine("coordinator", "delete", "--out", a.Folder()))
		return
	}
	t.say("interrupted with %d of %d tasks done, and the steps of those in hand kept: to go on, run again\n  %s",
		last.Counts.Done, last.Counts.Planned, command)
}
