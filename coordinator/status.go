package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
	"spiqsweep/worker/program"
)

func statusCommand() *cobra.Command {
	var flags placeFlags
	var asJSON bool
	c := &cobra.Command{
		Use:        "status [SWEEP]",
		SuggestFor: []string{"progress", "state", "info", "watch", "follow", "ps"},
		Short:      "Say how a sweep gets on, whether its coordinator runs or not",
		Long: `Says how a sweep gets on: the one of the output folder, or the one that is named,
by its ID or by its name, where a coordinator or a store has several.`,
		Args: program.NamedArguments(1),
		RunE: func(c *cobra.Command, arguments []string) error {
			place, err := flags.place(c)
			if err != nil {
				return err
			}
			flags.named = strings.Join(arguments, "")
			status, running, err := place.Status(c.Context(), flags.named)
			if err != nil {
				return err
			}
			report := newStatusReport(status)
			report.Coordinator = running
			if !running {
				if report.Beside, err = place.Beside(c.Context(), flags.named); err != nil {
					return err
				}
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), report)
			}
			return printStatus(c.OutOrStdout(), report, &flags)
		},
	}
	flags.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

// statusReport is a status in JSON.
type statusReport struct {
	Sweep       string         `json:"sweep"`
	Name        string         `json:"name"`
	Revision    uint32         `json:"revision"`
	KernelClass string         `json:"kernel_class"`
	AsOf        time.Time      `json:"as_of"`
	Coordinator bool           `json:"coordinator_running"` // the one that is asked, or that of the folder
	Beside      bool           `json:"served_by_another"`   // if that does not run
	Tasks       taskCounts     `json:"tasks"`
	Warnings    []string       `json:"warnings"` // what is wrong with the store
	TimeLeft    float64        `json:"seconds_left"`
	Workforce   int            `json:"workers_present"` // the first hundred are listed
	Workers     []workerReport `json:"workers"`
	Failed      []taskReport   `json:"failed"`
	Diverged    []taskReport   `json:"diverged"`
}

type taskCounts struct {
	Planned  uint64 `json:"planned"`
	Done     uint64 `json:"done"`
	Running  uint64 `json:"running"`
	Pending  uint64 `json:"pending"`
	Failed   uint64 `json:"failed"`
	Diverged uint64 `json:"diverged"`
	// Verifying are those of the done ones that run once more.
	Verifying uint64 `json:"verifying"`
}

type workerReport struct {
	Process  string          `json:"process"`
	Host     string          `json:"host"`
	Kernel   string          `json:"kernel"`
	Slots    uint32          `json:"slots"`
	LastSeen time.Time       `json:"last_seen"`
	Draining bool            `json:"draining"` // it was asked to leave
	Running  []runningReport `json:"running"`
}

type runningReport struct {
	Task    string `json:"task"`
	Attempt uint64 `json:"attempt"`
	Step    uint64 `json:"step"`
	Steps   uint64 `json:"steps"`
}

type taskReport struct {
	Task   string `json:"task"`
	Label  string `json:"label"`
	Reason string `json:"reason"`
}

func newStatusReport(s *spiqsweepv1.GetStatusResponse) statusReport {
	counts := s.GetCounts()
	report := statusReport{
		Sweep: s.GetSweep(), Name: s.GetName(), Revision: s.GetRevision(), KernelClass: s.GetKernelClass(), AsOf: s.GetAsOf().AsTime(),
		Tasks: taskCounts{
			Planned: counts.GetPlanned(), Done: counts.GetDone(), Running: counts.GetLeased(),
			Pending: counts.GetPending(), Failed: counts.GetFailed(), Diverged: counts.GetDiverged(),
			Verifying: counts.GetVerifying(),
		},
		TimeLeft: s.GetTimeLeft().AsDuration().Seconds(),
		Warnings: append([]string{}, s.GetWarnings()...), Workforce: int(s.GetWorkforce().GetProcesses()),
		Workers: []workerReport{}, Failed: taskReports(s.GetFailed()), Diverged: taskReports(s.GetDiverged()),
	}
	for _, w := range s.GetWorkers() {
		worker := workerReport{
			Process: w.GetProcess(), Host: w.GetHost(), Kernel: w.GetKernel(), Slots: w.GetSlots(),
			LastSeen: w.GetLastSeen().AsTime(), Draining: w.GetDraining(), Running: []runningReport{},
		}
		for _, r := range w.GetRunning() {
			worker.Running = append(worker.Running, runningReport{r.GetTask(), r.GetAttempt(), r.GetStep(), r.GetSteps()})
		}
		report.Workers = append(report.Workers, worker)
	}
	return report
}

func taskReports(tasks []*spiqsweepv1.TaskStatus) []taskReport {
	reports := []taskReport{}
	for _, t := range tasks {
		reports = append(reports, taskReport{t.GetTask(), t.GetLabel(), t.GetReason()})
	}
	return reports
}

// printStatus prints a status for people, with the commands that they may want.
func printStatus(out io.Writer, s statusReport, place *placeFlags) error {
	fmt.Fprintf(out, "sweep %s, revision %d, kernel class %s, as of %s\n", sweep.Printable(s.Name), s.Revision, sweep.Printable(s.KernelClass), s.AsOf.Local().Format(time.DateTime))
	fmt.Fprintf(out, "%d of %d tasks done, %d running, %d pending, %d failed, %d diverged\n",
		s.Tasks.Done, s.Tasks.Planned, s.Tasks.Running, s.Tasks.Pending, s.Tasks.Failed, s.Tasks.Diverged)
	if s.Tasks.Verifying > 0 {
		fmt.Fprintf(out, "%d of the done ones are being verified\n", s.Tasks.Verifying)
	}
	for _, warning := range s.Warnings {
		fmt.Fprintf(out, "warning: %s\n", sweep.Printable(warning))
	}
	fmt.Fprint(out, outlook(s, place))
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, w := range s.Workers {
		fmt.Fprintf(table, "\nworker %s\t%s\t%s\t%s\theard of %s ago%s\n",
			sweep.Printable(short(w.Process)), sweep.Printable(w.Host), sweep.Printable(w.Kernel), count(int(w.Slots), "slot"), spell(s.AsOf.Sub(w.LastSeen)), leaving(w))
		for _, r := range w.Running {
			fmt.Fprintf(table, "  task %s\tattempt %d\tstep %d of %d\n", sweep.Printable(short(r.Task)), r.Attempt, r.Step, r.Steps)
		}
	}
	if more := s.Workforce - len(s.Workers); more > 0 {
		fmt.Fprintf(table, "\nand %s more\n", count(more, "worker"))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	printTasks(out, "failed (`"+place.command("retry")+"` reopens them)", s.Failed)
	printTasks(out, "diverged (`"+place.command("retry", "--diverged")+"` runs them once more)", s.Diverged)
	return nil
}

// outlook is a line on how a sweep will go on, and on what a person may do for it.
func outlook(s statusReport, place *placeFlags) string {
	switch left := s.Tasks.Running + s.Tasks.Pending + s.Tasks.Verifying; {
	case s.Beside:
		return "the folder's own coordinator is not running, but another one serves the store: its workers are within their lease term\n"
	case !s.Coordinator && left == 0:
		return "no coordinator is running: this is what the last one stored\n"
	case !s.Coordinator:
		return "no coordinator is running: this is what the last one stored; to go on, start it again\n"
	case left > 0 && len(s.Workers) == 0:
		if file := place.workerFile(); file != "" {
			return "no worker is there: start one with the worker.json of the coordinator\n  " + commandLine("worker", "--coordinator", file) + "\n"
		}
		return "no worker is there: start one with `worker --coordinator FILE`, where FILE is worker.json in the output folder of the machine that serves\n"
	case s.TimeLeft > 0:
		return fmt.Sprintf("about %s left\n", spell(time.Duration(s.TimeLeft*float64(time.Second))))
	default:
		return ""
	}
}

func leaving(w workerReport) string {
	if w.Draining {
		return ", leaving"
	}
	return ""
}

func printTasks(out io.Writer, title string, tasks []taskReport) {
	if len(tasks) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s:\n", title)
	for _, t := range tasks {
		fmt.Fprintf(out, "  %s  %s: %s\n", sweep.Printable(t.Task), sweep.Printable(t.Label), sweep.Printable(t.Reason))
	}
}

// short is the beginning of an identity, enough to tell it from others.
func short(identity string) string { return identity[:min(len(identity), 12)] }
