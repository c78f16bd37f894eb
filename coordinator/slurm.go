package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/slurm"
	"spiqsweep/worker/program"
)

// slurmFlags are the flags of the command slurm.
type slurmFlags struct {
	workerFlags
	out          string
	input        inputFlags // of --one-job
	workers      int
	parallel     int
	maxArraySize int
	idle         time.Duration
	connect      time.Duration
	split        bool
	submit       bool
	oneJob       bool
}

func slurmCommand() *cobra.Command {
	var f slurmFlags
	c := &cobra.Command{
		Use:        "slurm --workers N [-- SBATCH_OPTION...]",
		SuggestFor: []string{"sbatch", "srun", "batch", "cluster", "queue"},
		Short:      "Write a batch script that starts workers with Slurm, and submit it",
		Long: `Writes a script for sbatch into the folder slurm of the output folder, and prints it with
the command that submits it. The job is an array, each task of which is a worker of the
folder's coordinator. Options of sbatch, such as partition, account, memory, cores and
time, follow after --. No more workers are asked for than tasks are left.

Shortly before the walltime, and when a job is cancelled, requeued or preempted, its
worker hands back its tasks with a checkpoint, and another worker goes on from there.

With --submit the command submits the script, and notes the job in the output folder.
The coordinator cancels what is pending of such jobs when all tasks are finished. A
server, to which sweeps are submitted, cancels none: more sweeps may follow.

With --one-job the script runs the coordinator too, on the first node of one
allocation: give the flags of the sweep, such as --grid. The job ends with the exit code
of the coordinator. Submit the same script again to resume.

The output folder, the programs and the grid must be on a file system that all nodes
share. Scripts hold no secret: workers read worker.json in the output folder.`,
		Example: `  coordinator slurm --workers 32 -- --time=12:00:00 --cpus-per-task=4 --mem-per-cpu=500M
  coordinator slurm --workers 200 --parallel 50 --submit -- --partition=short --time=2:00:00
  coordinator slurm --one-job --workers 16 --grid sweep.hcl -- --time=12:00:00`,
		Args: func(c *cobra.Command, arguments []string) error {
			if before := c.ArgsLenAtDash(); before > 0 || before < 0 && len(arguments) > 0 {
				return fmt.Errorf("%q: options of sbatch follow after --, as in `coordinator slurm --workers 8 -- --time=1:00:00`", arguments[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, options []string) error {
			if err := f.check(c, options); err != nil {
				return err
			}
			if f.oneJob {
				return f.writeOneJob(c, options)
			}
			return f.writeWorkers(c, options)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.out, "out", "", "output `FOLDER` of the sweep, or folder of a coordinator that serves (default: "+defaultOut+", or with --one-job runs/ and the name of the sweep)")
	flags.IntVar(&f.workers, "workers", 0, "`NUMBER` of workers to start")
	flags.IntVar(&f.parallel, "parallel", 0, "`NUMBER` of workers that run at a time (default: all)")
	flags.DurationVar(&f.idle, "idle-timeout", 5*time.Minute, "workers leave after so long without a task; must be longer than the coordinator's lease term")
	flags.DurationVar(&f.connect, "connect-timeout", 10*time.Minute, "workers leave after so long without a coordinator")
	flags.BoolVar(&f.split, "split-tasks", false, "let workers begin tasks that cannot end before the walltime: the next worker goes on from the checkpoint")
	flags.IntVar(&f.maxArraySize, "max-array-size", 0, "the site's `MaxArraySize` (default: that of `scontrol show config`)")
	flags.BoolVar(&f.submit, "submit", false, "submit the script, and have what is pending cancelled when the sweep ends (not by a server)")
	flags.BoolVar(&f.oneJob, "one-job", false, "run coordinator and workers in one allocation")
	f.add(c)
	f.input.add(c)
	program.Require(c, "workers", "give the number of workers to start")
	return c
}

// check checks the flags and the options of sbatch.
func (f *slurmFlags) check(c *cobra.Command, options []string) error {
	switch {
	case f.workers < 1:
		return usage("--workers %d: must be 1 or more", f.workers)
	case c.Flags().Changed("parallel") && f.parallel < 1:
		return usage("--parallel %d: must be 1 or more", f.parallel)
	case c.Flags().Changed("max-array-size") && f.maxArraySize < 2:
		return usage("--max-array-size %d: must be 2 or more", f.maxArraySize)
	case f.idle <= 0:
		return usage("--idle-timeout %v: must be longer than 0", f.idle)
	case f.connect <= 0:
		return usage("--connect-timeout %v: must be longer than 0", f.connect)
	}
	if f.oneJob {
		if err := ignored(c, "--one-job", "all workers are in one allocation, with the coordinator, until the sweep ends", "parallel", "max-array-size", "worker-file", "idle-timeout"); err != nil {
			return err
		}
	} else if err := ignored(c, "workers", "the coordinator has the sweep: give it to `coordinator`, or add --one-job", sweepInputs...); err != nil {
		return err
	}
	return slurm.CheckOptions(options, f.oneJob)
}

// sweepInputs are the flags of inputFlags.
var sweepInputs = []string{"grid", "recording", "variable", "max-recording", "var", "kernel"}

// writeWorkers writes, and perhaps submits, the script of an array of workers.
func (f *slurmFlags) writeWorkers(c *cobra.Command, options []string) error {
	if f.out == "" {
		f.out = defaultOut
	}
	if err := checkOut(f.out); err != nil {
		return err
	}
	tasks, err := f.tasksToStart(c)
	if err != nil {
		return err
	}
	file, err := f.findWorkerFile(c, f.out)
	if err != nil {
		return err
	}
	out, worker, err := f.paths()
	if err != nil {
		return err
	}
	if err := slurm.CheckPath("--worker-file", file); err != nil {
		return err
	}
	worker.Credentials, worker.IdleTimeout, worker.ConnectTimeout = file, f.idle, f.connect
	script := slurm.Workers{Worker: worker, Name: filepath.Base(out), Out: out, Options: options}
	arrays, err := slurm.Arrays(tasks, f.parallel, f.arraySize(c))
	if err != nil {
		return err
	}
	for i, array := range arrays {
		arrays[i] = "--array=" + array
	}
	return f.submitOrPrint(c, script.Path(), script.Text(), arrays...)
}

// isServer reports whether the output folder is that of a server, to which sweeps are submitted.
func (f *slurmFlags) isServer() bool {
	return folder.Folder(f.out).Serves() && !folder.Folder(f.out).HasRun()
}

// tasksToStart returns the number of workers to ask for: no more than tasks that are left,
// unless more may follow or the workers run in turn.
func (f *slurmFlags) tasksToStart(c *cobra.Command) (int, error) {
	if f.isServer() {
		return f.workers, nil
	}
	status, err := app.Place{Out: f.out}.Status(c.Context(), "")
	if err != nil {
		return 0, err
	}
	left := int(status.Tasks.Left())
	switch {
	case left == 0 && !status.MoreExpected:
		return 0, usage("no task of the sweep in %s is left for workers: `%s` shows its state", f.out, commandLine("coordinator", "status", "--out", f.out))
	case !status.Running && !status.ServedByAnother:
		f.say(c, "no coordinator is running: start it before the workers, which leave after %v without one", f.connect)
	}
	if status.MoreExpected || f.parallel > 0 || f.workers <= left {
		return f.workers, nil
	}
	f.say(c, "%s left: no more workers are asked for", isLeft(left))
	return left, nil
}

// isLeft returns the subject and verb of a sentence on tasks that are left.
func isLeft(n int) string {
	if n == 1 {
		return "1 task is"
	}
	return fmt.Sprintf("%d tasks are", n)
}

// paths returns the absolute paths of the output folder and of the program worker.
func (f *slurmFlags) paths() (out string, worker slurm.Worker, err error) {
	if out, err = filepath.Abs(f.out); err != nil {
		return "", worker, err
	}
	if worker.Program, err = f.findProgram(); err != nil {
		return "", worker, err
	}
	worker.Splits = f.split
	for what, path := range map[string]string{"--out": out, "--program": worker.Program} {
		if err := slurm.CheckPath(what, path); err != nil {
			return "", worker, err
		}
	}
	return out, worker, nil
}

// arraySize returns the site's MaxArraySize.
func (f *slurmFlags) arraySize(c *cobra.Command) int {
	if f.maxArraySize > 0 {
		return f.maxArraySize
	}
	size, err := slurm.MaxArraySize(c.Context())
	if err != nil {
		f.say(c, "the site's MaxArraySize is unknown (%v): %d is assumed, Slurm's default; --max-array-size gives another one", err, slurm.DefaultMaxArraySize)
		return slurm.DefaultMaxArraySize
	}
	return size
}

// writeOneJob writes, and perhaps submits, the script of a sweep in one allocation.
func (f *slurmFlags) writeOneJob(c *cobra.Command, options []string) error {
	in, err := f.input.readInput()
	if err != nil {
		return err
	}
	prepared, err := app.Prepare(c.Context(), in)
	if err != nil {
		return err
	}
	if f.out == "" {
		f.out = filepath.Join("runs", prepared.Grid.Name)
	}
	out, worker, err := f.paths()
	if err != nil {
		return err
	}
	directory, err := os.Getwd()
	if err != nil {
		return err
	}
	coordinator, err := os.Executable()
	if err != nil {
		return err
	}
	inputs := f.inputs(c)
	for i := 0; i < len(inputs); i += 2 {
		if err := slurm.CheckArgument(inputs[i], inputs[i+1]); err != nil {
			return err
		}
	}
	worker.Credentials, worker.ConnectTimeout = app.Place{Out: out}.WorkerFile(), f.connect
	script := slurm.OneJob{
		Worker: worker, Workers: f.workers, Coordinator: append([]string{coordinator}, inputs...),
		Name: filepath.Base(out), Out: out, Directory: directory, Options: options,
	}
	for what, path := range map[string]string{"the working directory": directory, "the path of coordinator": coordinator} {
		if err := slurm.CheckPath(what, path); err != nil {
			return err
		}
	}
	return f.submitOrPrint(c, script.Path(), script.Text())
}

// inputs returns the given flags of the sweep, each with its value after it.
func (f *slurmFlags) inputs(c *cobra.Command) (line []string) {
	c.Flags().Visit(func(flag *pflag.Flag) {
		switch {
		case flag.Name == "var":
			for _, name := range slices.Sorted(maps.Keys(f.input.variables)) {
				line = append(line, "--var", name+"="+f.input.variables[name])
			}
		case slices.Contains(sweepInputs, flag.Name):
			line = append(line, "--"+flag.Name, flag.Value.String())
		}
	})
	return line
}

// submitOrPrint writes a script, and submits or prints it, once for each set of arguments.
func (f *slurmFlags) submitOrPrint(c *cobra.Command, path, text string, arrays ...string) error {
	if err := slurm.Write(path, text); err != nil {
		return err
	}
	var submissions [][]string
	for _, array := range arrays {
		submissions = append(submissions, []string{array})
	}
	if len(arrays) == 0 {
		submissions = [][]string{nil}
	}
	if !f.submit {
		if _, err := fmt.Fprint(c.OutOrStdout(), text); err != nil {
			return err
		}
		f.say(c, "to submit it, run")
		for _, arguments := range submissions {
			f.say(c, "  %s", commandLine("sbatch", append(arguments, path)...))
		}
		return nil
	}
	// A server ends no sweep at which it could cancel jobs, and a one-job makes the folder a sweep's.
	isCancelled := f.oneJob || !f.isServer()
	for _, arguments := range submissions {
		id, err := slurm.Submit(c.Context(), path, arguments...)
		if err != nil {
			return err
		}
		if isCancelled {
			if err := slurm.Record(f.out, id); err != nil {
				return err
			}
		} else {
			f.say(c, "the server in %s cancels no pending jobs: when your sweeps have ended, run\n  %s", f.out, strings.Join(slurm.CancelCommands(id), "\n  "))
		}
		if _, err := fmt.Fprintf(c.OutOrStdout(), "submitted job %s: %s\n", id, commandLine("sbatch", append(arguments, path)...)); err != nil {
			return err
		}
	}
	return nil
}

// say prints a message.
func (f *slurmFlags) say(c *cobra.Command, format string, a ...any) {
	newTerminal(c.ErrOrStderr()).say(format, a...)
}

// cancelSlurmJobs cancels what is pending of the jobs that were submitted for a sweep, all
// of whose tasks are finished. A failure is a message: the sweep has ended.
func (t *terminal) cancelSlurmJobs(ctx context.Context, out string) {
	ids, err := slurm.CancelPending(context.WithoutCancel(ctx), out)
	switch {
	case err != nil && len(ids) > 0:
		t.say("what is pending of %s could not be cancelled: %v: run\n  %s", jobsText(ids), err, strings.Join(slurm.CancelCommands(ids...), "\n  "))
	case err != nil:
		t.say("%v", err)
	case len(ids) > 0:
		t.say("cancelled what was pending of %s", jobsText(ids))
	}
}

// jobsText names jobs.
func jobsText(ids []string) string {
	noun := "job"
	if len(ids) > 1 {
		noun = "jobs"
	}
	return "Slurm's " + noun + " " + strings.Join(ids, ", ")
}
