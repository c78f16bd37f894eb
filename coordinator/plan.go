package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/store"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
	"spiqsweep/sweep/plan"
	"spiqsweep/worker/program"
	"spiqsweep/worker/runner"
)

func planCommand(t *terminal) *cobra.Command {
	var input inputFlags
	var config app.Config
	var workers int
	var asJSON, detailed bool
	c := &cobra.Command{
		Use:        "plan",
		SuggestFor: []string{"dry-run", "preview", "estimate", "check", "validate"},
		Short:      "Print what a sweep would run and how long it would take, and run nothing",
		Long: `Prints the configurations of a grid and their tasks: those that are finished, those of
the folder's last run that would run again, with what has changed, and how long the
others take on one core, on some workers, and on disk; also the memory of a worker, where
it is more than usual. The time is that of this machine, as far as it could measure training
steps, otherwise that of the project's. What it measured is kept for a day, in
spiqsweep/steps.json of the user's cache folder, for the next plans.

Exit codes: 0 the plan is valid; 2 bad usage or input. With --detailed-exitcode, 4 if
tasks are left to run.`,
		Example: `  coordinator plan
  coordinator plan --grid sweep.hcl --recording bint_fishmovie32_100.mat --workers 16
  coordinator plan --out runs/figure-s1 --detailed-exitcode --json`,
		Annotations: readOnly,
		Args:        program.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if workers < 1 {
				return usage("--workers %d: must be 1 or more", workers)
			}
			in, err := input.readInput()
			if err != nil {
				return err
			}
			in.Planning = t.followPlanning(time.Now)
			config.Input, config.Version = in, programVersion()
			prepared, estimate, err := app.Preview(c.Context(), config, runner.StepSeconds)
			if err != nil {
				return err
			}
			for _, notice := range prepared.Notices {
				fmt.Fprintln(c.ErrOrStderr(), notice)
			}
			report := newPlanReport(prepared, estimate, workers)
			if asJSON {
				err = printJSON(c.OutOrStdout(), report)
			} else if err = printPlan(c.OutOrStdout(), report); err == nil && report.Left > 0 {
				suggest(c, "run it", runLine(c, input.variables)...)
			}
			if err == nil && detailed && report.Left > 0 {
				err = &endError{exitWorkLeft}
			}
			return err
		},
	}
	input.add(c)
	c.Flags().StringVar(&config.Out, "out", "", "output `FOLDER` in which tasks may be finished (default: runs/ and the name of the sweep)")
	c.Flags().StringVar(&config.Store, "store", "", storeUsage)
	c.Flags().BoolVar(&config.Replace, "replace", false, "plan a run with --replace")
	c.Flags().BoolVar(&config.Recompute, "recompute", false, "plan a run with --recompute")
	c.Flags().IntVar(&workers, "workers", defaultLocal(), "number of workers, each with a core, for the estimate of the time")
	c.Flags().BoolVar(&detailed, "detailed-exitcode", false, "exit with 4 if tasks are left to run")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

// runLine returns the command line that runs what a command has planned.
func runLine(c *cobra.Command, variables map[string]string) (line []string) {
	c.Flags().Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "workers", "detailed-exitcode", "json":
			return
		case "var":
			for _, name := range slices.Sorted(maps.Keys(variables)) {
				line = append(line, "--var", name+"="+variables[name])
			}
			return
		case "store":
			line = append(line, "--store", store.WithoutPassword(f.Value.String()))
			return
		}
		if f.Value.Type() == "bool" {
			line = append(line, "--"+f.Name)
			return
		}
		line = append(line, "--"+f.Name, f.Value.String())
	})
	return line
}

// planReport is a plan, for the terminal and as JSON.
type planReport struct {
	Name           string                `json:"name"`
	Data           string                `json:"data"`
	KernelClass    string                `json:"kernel_class"`
	Rows           int                   `json:"rows"`
	Tasks          int                   `json:"tasks"`
	Cached         int                   `json:"cached"`
	CoreMinutes    float64               `json:"core_minutes"`
	MaxTasks       int                   `json:"max_tasks"` // larger than tasks if results decide on replicates
	MaxCoreMinutes float64               `json:"max_core_minutes"`
	Left           int                   `json:"left"` // of tasks: not finished
	Redone         []app.Redone          `json:"redone"`
	Workers        int                   `json:"workers"`
	WallMinutes    float64               `json:"wall_minutes"` // of the workers
	DiskBytes      int64                 `json:"disk_bytes"`   // of the tasks left
	MemoryBytes    int64                 `json:"memory_bytes"` // of the task left that takes the most
	Configurations []configurationReport `json:"configurations"`

	largest string // label of that task's configuration
}

type configurationReport struct {
	Settings            map[string]any `json:"settings"`
	TrainableParameters *int           `json:"trainable_parameters"` // null for a fitted model, whose data decide
	Rows                int            `json:"rows"`
	Cached              int            `json:"cached"`
	Shared              int            `json:"shared"`
	CoreMinutes         float64        `json:"core_minutes"`
	MaxRows             int            `json:"max_rows"`
	MaxCoreMinutes      float64        `json:"max_core_minutes"`
	MemoryBytes         int64          `json:"memory_bytes"` // of a task

	label string
}

func newPlanReport(p *app.Prepared, e plan.Estimate, workers int) planReport {
	report := planReport{
		Name: p.Grid.Name, Data: p.Data(), KernelClass: p.Input.Kernel.Class,
		Rows: p.Grid.Rows(), Tasks: e.Tasks, Cached: e.Finished, CoreMinutes: e.Seconds / 60,
		MaxTasks: e.MaxTasks, MaxCoreMinutes: e.MaxSeconds / 60,
		Left: e.Tasks - e.Finished, Redone: append([]app.Redone{}, p.Redone...),
		Workers: workers, WallMinutes: e.WallSeconds(workers) / 60, DiskBytes: int64(e.Bytes),
		MemoryBytes: int64(e.Memory), largest: e.Largest.LabelOfReplicates(p.Grid.Columns()...),
	}
	for _, c := range e.Configurations {
		report.Configurations = append(report.Configurations, newConfigurationReport(p.Grid, c))
	}
	return report
}

func newConfigurationReport(g *grid.Grid, e plan.ConfigurationEstimate) configurationReport {
	c := e.Configuration
	settings := map[string]any{"model": c.Model, "neurons": c.Neurons, "timesteps": c.Timesteps}
	var parameters *int
	if !c.IsFitted() {
		n := c.TrainableParameters()
		parameters = &n
		settings["k"], settings["steps"] = c.K, c.Training.Steps
	}
	for _, column := range g.Columns() {
		if column.ReadByModel(c.Model) {
			settings[column.Name] = column.Value(c)
		}
	}
	return configurationReport{
		Settings: settings, TrainableParameters: parameters,
		Rows: e.Rows, Cached: e.Finished, Shared: e.Shared, CoreMinutes: e.Seconds / 60,
		MaxRows: e.MaxRows, MaxCoreMinutes: e.MaxSeconds / 60, MemoryBytes: int64(c.MemoryBytes()),
		label: c.LabelOfReplicates(g.Columns()...),
	}
}

func printPlan(out io.Writer, r planReport) error {
	fmt.Fprintf(out, "%s on %s, kernel class %s\n\n", r.Name, r.Data, r.KernelClass)
	table := program.NewTable(out, 3, tabwriter.AlignRight)
	fmt.Fprintln(table, "configuration\tparameters\ttasks\tfinished\tcore-minutes left\t")
	for _, c := range r.Configurations {
		parameters := ""
		if c.TrainableParameters != nil {
			parameters = strconv.Itoa(*c.TrainableParameters)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t\n", c.label, parameters, fromTo(strconv.Itoa(c.Rows), strconv.Itoa(c.MaxRows)), c.Cached,
			fromTo(formatNumber(c.CoreMinutes), formatNumber(c.MaxCoreMinutes)))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	tasks := count(r.Tasks, "task")
	if r.MaxTasks > r.Tasks {
		tasks = fmt.Sprintf("%d to %d tasks (results decide on the replicates)", r.Tasks, r.MaxTasks)
	}
	fmt.Fprintf(out, "\n%s, %s, %d of them finished; about %s core-minutes left\n",
		count(len(r.Configurations), "configuration"), tasks, r.Cached, fromTo(formatNumber(r.CoreMinutes), formatNumber(r.MaxCoreMinutes)))
	for _, again := range r.Redone {
		var parts []string
		for _, d := range again.Changed {
			parts = append(parts, fmt.Sprintf("%s is %s instead of %s", d.Name, formatPart(d.Second), formatPart(d.First)))
		}
		fmt.Fprintf(out, "%s of the last run to be trained again, since %s\n", count(again.Tasks, "finished task"), sweep.Printable(strings.Join(parts, ", ")))
	}
	if r.Left == 0 {
		return nil
	}
	_, err := fmt.Fprintf(out, "about %s with %s of one core, and %s on disk\n",
		formatDuration(time.Duration(r.WallMinutes*float64(time.Minute))), count(r.Workers, "worker"), formatBytes(float64(r.DiskBytes)))
	if err == nil && r.MemoryBytes > sweep.SlotBytes {
		_, err = fmt.Fprintf(out, "a worker takes up to about %s of memory, for %s\n", sweep.FormatMemory(float64(r.MemoryBytes)), r.largest)
	}
	return err
}

// formatBytes formats a size with two or three digits, with its unit.
func formatBytes(n float64) string {
	switch {
	case n < 1e6:
		return formatNumber(n/1e3) + " kB"
	case n < 1e9:
		return formatNumber(n/1e6) + " MB"
	default:
		return formatNumber(n/1e9) + " GB"
	}
}

// fromTo formats a range, or a number if both ends are the same.
func fromTo(from, to string) string {
	if from == to {
		return from
	}
	return from + "–" + to
}
