package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
	"spiqsweep/worker/program"
	"spiqsweep/worker/runner"
)

// storedFlags name a sweep whose stored results a command reads.
type storedFlags struct {
	out       string
	recording string
	reading   readingFlags
}

func (f *storedFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.out, "out", defaultOut, "output `FOLDER` of the sweep")
	f.addRecording(c)
}

func (f *storedFlags) addRecording(c *cobra.Command) {
	c.Flags().StringVar(&f.recording, "recording", "", "recording `FILE`, if it is no longer where the sweep found it")
	f.reading.add(c)
}

// read calls do with the sweep of the folder.
func (f *storedFlags) read(c *cobra.Command, do func(context.Context, *app.Stored) error) error {
	in, err := f.reading.input(f.recording)
	if err == nil {
		err = checkOut(f.out)
	}
	if err != nil {
		return err
	}
	limitMemory()
	return app.ReadStored(c.Context(), f.out, in, do)
}

// oneTask wants one argument: a task.
func oneTask(c *cobra.Command, arguments []string) error {
	if len(arguments) == 0 {
		return fmt.Errorf("name a TASK by its ID or the beginning of it: the column task of results.csv lists them, as does `coordinator results`")
	}
	return program.NamedArguments(1)(c, arguments)
}

func whyCommand() *cobra.Command {
	var f storedFlags
	var asJSON bool
	c := &cobra.Command{
		Use:        "why TASK",
		SuggestFor: []string{"explain", "identity", "task", "reason"},
		Short:      "Print what decides the numbers of a task, and what became of it",
		Long: `Prints everything that the ID of a task is the SHA-256 of: the model, all settings that
decide its numbers, the replicate, the digest of the data, the version of the numerics
and the kernel class. If a run trains a task again that seemed to be done, one of these
has changed. It also prints the state of the task, its attempts, and how the
configuration of the grid that is most like it differs.

TASK is the beginning of an ID. The coordinator may be running.`,
		Example: `  coordinator why 3fa9c1 --out runs/figure-s1
  coordinator why 3fa9c1 --json`,
		Annotations: readOnly,
		Args:        oneTask,
		RunE: func(c *cobra.Command, arguments []string) error {
			return f.read(c, func(ctx context.Context, s *app.Stored) error {
				e, err := s.Explain(ctx, arguments[0])
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(c.OutOrStdout(), e)
				}
				if err := printExplanation(c.OutOrStdout(), e); err != nil {
					return err
				}
				if e.State == string(sweep.Done) {
					suggest(c, "run it here and compare the results", "repro", sweep.ShortID(e.Task), "--out", f.out)
				}
				return nil
			})
		},
	}
	f.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

// printExplanation prints tables whose first column is a name.
func printExplanation(out io.Writer, e app.Explanation) error {
	table := program.NewTable(out, 2, 0)
	line := func(cells ...any) {
		for i, cell := range cells {
			if i > 0 {
				fmt.Fprint(table, "\t")
			}
			fmt.Fprint(table, sweep.Printable(fmt.Sprint(cell)))
		}
		fmt.Fprintln(table)
	}
	state := e.State
	if e.Reason != "" {
		state += ": " + e.Reason
	}
	line("task", e.Task)
	line("label", e.Label)
	line("state", state)
	if e.ResultSHA256 != "" {
		line("result", e.ResultSHA256)
	}
	fmt.Fprintln(table, "\nthe ID is the SHA-256 of")
	line("model", e.Identity.Model)
	for _, s := range e.Identity.Settings {
		note := ""
		if s.IsDefault {
			note = "default"
		}
		line(s.Name, sweep.Format(s.Value), note)
	}
	line("replicate", e.Identity.Replicate)
	line("data", e.Identity.DataSHA256, fmt.Sprintf("neurons %s of %s", strings.Trim(fmt.Sprint(e.Identity.NeuronIDs), "[]"), e.Identity.Recording))
	line("numerics", e.Identity.Numerics)
	line("kernel class", e.Identity.KernelClass)
	if n := e.Nearest; n != nil {
		fmt.Fprintf(table, "\nmost like it in the grid: %s, task %s, which has\n", sweep.Printable(n.Label), sweep.ShortID(n.Task))
		for _, d := range n.Differences {
			line(d.Name, formatPart(d.Second), "instead of "+formatPart(d.First))
		}
	}
	if len(e.Attempts) > 0 {
		fmt.Fprintln(table)
		line("attempt", "outcome", "host", "kernel", "began", "took", "steps", "message")
	}
	for _, a := range e.Attempts {
		took := ""
		if a.EndedAt != nil {
			took = formatDuration(a.EndedAt.Sub(a.LeasedAt))
		}
		line(a.Number, a.Outcome, a.Host, a.Kernel, a.LeasedAt.Local().Format(time.DateTime), took, fmt.Sprintf("%d–%d", a.FirstStep, a.LastStep), a.Message)
	}
	for _, a := range e.Attempts {
		if a.Log != "" {
			fmt.Fprintf(table, "\nthe last lines of the log of attempt %d:\n%s\n", a.Number, sweep.PrintableLines(strings.TrimRight(a.Log, "\n")))
		}
	}
	return table.Flush()
}

// formatPart formats a value of a setting; nil is a setting that is not read.
func formatPart(value any) string {
	if value == nil {
		return "nothing"
	}
	return sweep.Format(value)
}

func reproCommand(t *terminal) *cobra.Command {
	var f storedFlags
	var kernelName string
	var asJSON bool
	var log program.LogFlags
	c := &cobra.Command{
		Use:        "repro TASK",
		SuggestFor: []string{"reproduce", "replay", "check-task"},
		Short:      "Run one finished task here and compare its result with the stored one",
		Long: `Runs one finished task of a sweep on this machine, on one core, and prints whether its
result equals the stored one bit for bit, or else the first value that differs. It
changes nothing in the sweep, whose coordinator may be running; "coordinator verify"
has workers run tasks once more, and marks those that differ.

TASK is the beginning of an ID. The kernel must be of the sweep's class.

Exit codes: 0 equal; 1 a fault; 2 bad usage or input; 3 the results differ, or the
stored one was altered; 130 interrupted.`,
		Example: `  coordinator repro 3fa9c1 --out runs/figure-s1
  coordinator repro 3fa9c1 --kernel avx2 --json`,
		Annotations: readOnly,
		Args:        oneTask,
		RunE: func(c *cobra.Command, arguments []string) error {
			return f.read(c, func(ctx context.Context, s *app.Stored) error {
				kernel, err := kernelOf(s, kernelName)
				if err != nil {
					return err
				}
				r, err := s.Reproduce(ctx, arguments[0], runHere(kernel, t, log.Logger("coordinator", t, t.colour())))
				if err != nil {
					return err
				}
				if asJSON {
					err = printJSON(c.OutOrStdout(), r)
				} else {
					err = printReproduction(c.OutOrStdout(), r, kernel)
				}
				if err == nil && !r.Equal {
					suggest(c, "have workers run it once more and mark it if it differs", "verify", sweep.ShortID(r.Task), "--out", f.out)
					err = &endError{exitIncomplete}
				}
				return err
			})
		},
	}
	f.add(c)
	c.Flags().StringVar(&kernelName, "kernel", "", "kernel of this machine by `NAME` (default: that of SPIQSWEEP_KERNEL, else the fastest of the sweep's class)")
	log.Add(c, "warn")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

// kernelOf returns a kernel of this machine that computes what the sweep does: the one with
// that name, or the first.
func kernelOf(s *app.Stored, name string) (circuit.Kernel, error) {
	kernel, err := chooseKernel(name)
	if err != nil || kernel.Class == s.Sweep.KernelClass && kernel.Name != "" {
		return kernel, err
	}
	suited := s.Kernels()
	if len(suited) == 0 {
		return kernel, usage("the sweep has kernel class %s, which this machine cannot compute: run the command on another machine", s.Sweep.KernelClass)
	}
	if name != "" {
		return kernel, usage("--kernel %q is of class %s, and the sweep of %s: give --kernel %s", name, kernel.Class, s.Sweep.KernelClass, suited[0].Name)
	}
	return suited[0], nil
}

// runHere returns the function that runs a task in this process.
func runHere(kernel circuit.Kernel, t *terminal, log hclog.Logger) app.RunTask {
	run := runner.New(kernel, log)
	return func(ctx context.Context, task sweep.Task, raster *recording.Raster) (sweep.Result, error) {
		outcome, err := run.Run(ctx, runner.Task{ID: task.ID, Configuration: task.Configuration, Raster: raster}, &stepLines{
			t: t, steps: task.Configuration.Training.Steps, next: time.Now().Add(stepLinesEvery),
		})
		if ctx.Err() != nil {
			return sweep.Result{}, context.Cause(ctx)
		}
		return outcome.Result, err
	}
}

// stepLinesEvery is the interval of the lines of stepLines.
const stepLinesEvery = 5 * time.Second

// stepLines prints now and then how far a task is.
type stepLines struct {
	t     *terminal
	steps int
	next  time.Time
}

// Progress implements runner.Reporter.
func (s *stepLines) Progress(step int) {
	if now := time.Now(); !now.Before(s.next) {
		s.t.say("step %d of %d", step, s.steps)
		s.next = now.Add(stepLinesEvery)
	}
}

// Checkpoint implements runner.Reporter.
func (s *stepLines) Checkpoint(int, []byte) {}

func printReproduction(out io.Writer, r app.Reproduction, kernel circuit.Kernel) error {
	here := fmt.Sprintf("here (%s) in %s", kernel.Name, formatDuration(time.Duration(r.Seconds*float64(time.Second))))
	by := "stored"
	if r.Stored != nil {
		by = fmt.Sprintf("by attempt %d on %s (%s)", r.Stored.Number, r.Stored.Host, r.Stored.Kernel)
	}
	verdict := fmt.Sprintf("equal: %s, run %s, has the result stored %s, SHA-256 %s", r.Label, here, by, r.StoredSHA256)
	switch {
	case r.Altered && r.Difference == nil:
		verdict = fmt.Sprintf("altered: the stored result of %s equals that of the run %s, but not the digest under which it was accepted", r.Label, here)
	case r.Altered:
		verdict = fmt.Sprintf("altered: the stored result of %s was altered since it was accepted: %s is %s, and %s %s", r.Label, r.Difference.Path, r.Difference.Stored, r.Difference.Here, here)
	case r.Difference != nil:
		verdict = fmt.Sprintf("different: %s: %s is %s %s, and %s %s", r.Label, r.Difference.Path, r.Difference.Stored, by, r.Difference.Here, here)
	}
	_, err := fmt.Fprintln(out, sweep.Printable(verdict))
	return err
}
