package main

import (
	"context"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
	"spiqsweep/worker/program"
)

// sweepFlags are the flags of a run of a sweep.
type sweepFlags struct {
	inputFlags
	hostFlags
	coordinatorFlags
	out       string
	recompute bool
	replace   bool
	limitFlags
	onEnd string
}

// sweepCommand returns the root command, which runs a sweep.
func sweepCommand(t *terminal) *cobra.Command {
	var f sweepFlags
	c := &cobra.Command{
		Use:   "coordinator",
		Short: "Train the generative models of a grid, and collect tables, figures and models",
		Long: `coordinator runs a sweep: workers train every configuration of a grid, and the
coordinator writes tables, figures and models to an output folder.

Without --listen it starts local workers, one for each core. With --coordinator it
submits the sweep to another coordinator (see "coordinator serve") and follows it.
Run the same command again to resume, or name the output folder alone. An extended
grid runs only its new configurations. A grid that would replace another sweep in the
folder is refused without --replace.

With --until, tasks that could not end in time are left out, and those that run at
that time are handed back with a checkpoint: the same command goes on with them later.

Exit codes: 0 all configurations done; 1 a fault of the coordinator, or a file of the
output folder that could not be written in its place; 2 bad usage or input; 3 some
tasks failed or diverged; 75 tasks are left after --until; 130 interrupted.`,
		Example: `  coordinator
  coordinator --grid sweep.hcl --recording bint_fishmovie32_100.mat
  coordinator --out runs/figure-s1
  coordinator --grid sweep.hcl --until 6h --note "first try"
  coordinator --grid sweep.hcl --http 127.0.0.1:8080
  coordinator --grid sweep.hcl --listen 0.0.0.0:7473
  coordinator --grid sweep.hcl --coordinator runs/serve/operator.json`,
		Args: program.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			config, err := f.config(c, t)
			if err != nil {
				return err
			}
			ended := summary{Started: time.Now()}
			err = runSweep(c.Context(), config, t, &ended)
			if f.onEnd != "" {
				ended.conclude(c.Context(), err, time.Now())
				if err := runOnEnd(f.onEnd, ended, t, onEndTimeout); err != nil {
					t.say("--on-end %q: %v: the exit code of the sweep is not affected", f.onEnd, err)
				}
			}
			if err == nil {
				hint(c, "print the errors as a table", "results", "--out", ended.out)
			}
			return err
		},
	}
	f.inputFlags.add(c)
	f.hostFlags.add(c)
	f.coordinatorFlags.add(c)
	flags := c.Flags()
	flags.StringVar(&f.out, "out", "", "output `FOLDER` (default: runs/ and the name of the sweep)")
	flags.IntVar(&f.local, "local", 0, "number of local workers (default: one for each core, as far as memory goes; none with --listen or --coordinator)")
	flags.BoolVar(&f.replace, "replace", false, "let the grid replace another sweep in the output folder, or results whose store is missing")
	f.limitFlags.add(c)
	flags.StringVar(&f.onEnd, "on-end", "", "`COMMAND` for the shell to run once when the run ends, however it ends, with a summary in JSON on its standard input")
	flags.BoolVar(&f.recompute, "recompute", false, "delete the sweep of the folder and start a new one, for example with other numerics or another kernel class")
	return c
}

// config checks the flags, reads the grid, and returns the app.Config of the run.
func (f *sweepFlags) config(c *cobra.Command, t *terminal) (app.Config, error) {
	remote, err := f.findCredentials()
	if err != nil {
		return app.Config{}, err
	}
	submitted, byDefault := remote.Token != "", false
	if submitted {
		if err := ignored(c, "--coordinator", "the other coordinator does the work; give the flag to `coordinator serve`",
			"local", "listen", "store", "lease-term", "advertise", "ca-cert", "ca-key", "insecure", "http", "pprof"); err != nil {
			return app.Config{}, err
		}
	}
	switch {
	case !c.Flags().Changed("local") && f.Listen == "" && !submitted:
		f.local, byDefault = defaultLocal(), true
	case f.local == 0 && f.Listen == "" && !submitted:
		return app.Config{}, usage("--local 0 without --listen: no worker could do the work")
	}
	input, err := f.readInput()
	if err != nil {
		return app.Config{}, err
	}
	input.Planning = t.followPlanning(time.Now)
	hosting, err := f.hostOptions(input.Kernel, t)
	if err != nil {
		return app.Config{}, err
	}
	config := app.Config{
		Input: input, Coordinator: remote, Options: hosting, Out: f.out, Recompute: f.recompute, Replace: f.replace, Follow: t.follow,
		Memory: program.ReadMachine(os.DirFS("/")).Memory, LocalIsDefault: byDefault,
	}
	return config, f.set(c, &config, time.Now())
}

// defaultLocal returns the number of cores that this process may use. GOMAXPROCS
// can lower it, but not raise it: each local worker is a process.
func defaultLocal() int { return min(runtime.GOMAXPROCS(0), runtime.NumCPU()) }

// runSweep runs a sweep to its end, prints the outcome, and describes it in ended.
func runSweep(ctx context.Context, config app.Config, t *terminal, ended *summary) error {
	limitMemory()
	a, err := app.Open(ctx, config)
	if err != nil {
		return err
	}
	defer a.Close()
	ended.open(a)
	t.printStart(a)
	last, err := a.Run(ctx)
	ended.Tasks = app.CountTasks(last.Counts)
	t.close()
	switch {
	case err != nil && ctx.Err() != nil:
		t.printProblems(a.Problems())
		t.printInterrupted(a, last)
		return &endError{exitInterrupted}
	case err != nil:
		return err
	}
	if last.Counts.Finished() {
		t.cancelSlurmJobs(ctx, a.Folder())
	}
	if err := t.printOutcome(a, last); err != nil {
		return err
	}
	t.printIntegrityErrors(a.Folder(), a.IntegrityErrors())
	if t.printProblems(a.Problems()) {
		return &endError{exitFault}
	}
	if last.TimeUp && len(a.IntegrityErrors()) == 0 {
		return &endError{exitTimeUp}
	}
	if last.Counts.Done < last.Counts.Planned || len(a.IntegrityErrors()) > 0 {
		return &endError{exitIncomplete}
	}
	return nil
}

// printInterrupted prints how to resume.
func (t *terminal) printInterrupted(a *app.App, last app.Progress) {
	command := resumeCommand(os.Args[1:])
	if addresses := a.Remote(); len(addresses) > 0 {
		t.say("interrupted, but the sweep goes on at %s: to follow it again, run\n  %s\nto end it, run\n  %s",
			strings.Join(addresses, ", "), command, commandLine("coordinator", "delete", "--out", a.Folder()))
		return
	}
	t.say("interrupted with %d of %d tasks done; the tasks that were running have saved where they were: to resume, run again\n  %s",
		last.Counts.Done, last.Counts.Planned, command)
}
