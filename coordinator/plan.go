package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
	"spiqsweep/sweep/grid"
	"spiqsweep/sweep/plan"
	"spiqsweep/worker/program"
)

func planCommand(t *terminal) *cobra.Command {
	var input inputFlags
	var config app.Config
	var asJSON bool
	c := &cobra.Command{
		Use:         "plan",
		SuggestFor:  []string{"dry-run", "preview", "estimate", "check", "validate"},
		Short:       "Print what a sweep would run and how long it would take, and run nothing",
		Annotations: readOnly,
		Args:        program.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			in, err := input.readInput()
			if err != nil {
				return err
			}
			in.Planning = t.followPlanning(time.Now)
			config.Input = in
			prepared, estimate, err := app.Preview(c.Context(), config)
			if err != nil {
				return err
			}
			for _, notice := range prepared.Notices {
				fmt.Fprintln(c.ErrOrStderr(), notice)
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), newPlanReport(prepared, estimate))
			}
			return printPlan(c.OutOrStdout(), newPlanReport(prepared, estimate))
		},
	}
	input.add(c)
	c.Flags().StringVar(&config.Out, "out", "", "output `FOLDER` in which tasks may be finished (default: runs/ and the name of the sweep)")
	c.Flags().StringVar(&config.Store, "store", "", storeUsage)
	c.Flags().BoolVar(&config.Replace, "replace", false, "plan a run with --replace")
	c.Flags().BoolVar(&config.Recompute, "recompute", false, "plan a run with --recompute")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
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
	Configurations []configurationReport `json:"configurations"`
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

	label string
}

func newPlanReport(p *app.Prepared, e plan.Estimate) planReport {
	report := planReport{
		Name: p.Grid.Name, Data: p.Data(), KernelClass: p.Input.Kernel.Class,
		Rows: p.Grid.Rows(), Tasks: e.Tasks, Cached: e.Finished, CoreMinutes: e.Seconds / 60,
		MaxTasks: e.MaxTasks, MaxCoreMinutes: e.MaxSeconds / 60,
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
		MaxRows: e.MaxRows, MaxCoreMinutes: e.MaxSeconds / 60,
		label: strings.TrimSuffix(c.Label(g.Columns()...), " replicate 0"),
	}
}

func printPlan(out io.Writer, r planReport) error {
	fmt.Fprintf(out, "%s on %s, kernel class %s\n\n", r.Name, r.Data, r.KernelClass)
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', tabwriter.AlignRight)
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
	_, err := fmt.Fprintf(out, "\n%s, %s, %d of them finished; about %s core-minutes left\n",
		count(len(r.Configurations), "configuration"), tasks, r.Cached, fromTo(formatNumber(r.CoreMinutes), formatNumber(r.MaxCoreMinutes)))
	return err
}

// fromTo formats a range, or a number if both ends are the same.
func fromTo(from, to string) string {
	if from == to {
		return from
	}
	return from + "–" + to
}
