package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
	"spiqsweep/worker/program"
)

// operation is a command that makes one request to a coordinator or a store, and
// prints the answer.
type operation struct {
	cobra.Command // without RunE
	// selectsTasks adds --sweep and --config; the arguments are then task IDs.
	selectsTasks bool
	// check returns what is wrong with the flags, if it is not nil.
	check func(*cobra.Command) error
	do    func(request) error
}

// request is what an operation acts on.
type request struct {
	*cobra.Command
	place     app.Place
	flags     *placeFlags // names the place in hints
	tasks     queue.Selection
	arguments []string
}

// print prints a line to standard output.
func (r request) print(format string, a ...any) error {
	_, err := fmt.Fprintf(r.OutOrStdout(), format+"\n", a...)
	return err
}

// operatorCommands returns the commands list, retry, cancel, pause, resume, drain and delete.
func operatorCommands() []*cobra.Command {
	var commands []*cobra.Command
	for _, o := range []*operation{listOperation(), retryOperation(), cancelOperation(), pauseOperation(true), pauseOperation(false), drainOperation(), deleteOperation()} {
		var place placeFlags
		var selected selectionFlags
		place.add(&o.Command)
		if o.selectsTasks {
			selected.add(&o.Command)
		}
		o.RunE = func(c *cobra.Command, arguments []string) (err error) {
			r := request{Command: c, flags: &place, arguments: arguments}
			if o.check != nil {
				if err := o.check(c); err != nil {
					return err
				}
			}
			if r.place, err = place.place(c); err != nil {
				return err
			}
			if o.selectsTasks {
				if r.tasks, err = selected.selection(arguments); err != nil {
					return err
				}
			}
			return o.do(r)
		}
		commands = append(commands, &o.Command)
	}
	return commands
}

func retryOperation() *operation {
	var failed, diverged bool
	o := &operation{
		Command: cobra.Command{
			Use:        "retry [TASK...]",
			SuggestFor: []string{"reopen", "rerun", "again"},
			Short:      "Reopen failed tasks, or run diverged tasks once more",
			Long: `Reopens tasks of a sweep that failed or were cancelled: the named tasks, those of
some configurations, or all. With --diverged, it runs tasks once more whose results
differ: the result that two of three runs agree on is accepted. A task may be named
by the beginning of its ID, if no other ID begins so. The history of a task is kept,
but its earlier failures no longer count. If no coordinator runs, the next one runs
the tasks.`,
			Example: `  coordinator retry --out runs/figure-s1
  coordinator retry --out runs/figure-s1 --config n=8,t=5 --config n=10
  coordinator retry --out runs/figure-s1 --diverged 3fa9c1`,
			Args: program.NamedArguments(0),
		},
		selectsTasks: true,
		check: func(*cobra.Command) error {
			if failed && diverged {
				return usage("--failed and --diverged: give one of them only")
			}
			return nil
		},
		do: func(r request) error {
			reopened, err := r.place.Retry(r.Context(), r.tasks, diverged)
			if err != nil {
				return err
			}
			if err := r.print("%s reopened", count(reopened, "task")); err != nil || reopened == 0 {
				return err
			}
			hintAt(r.Command, "see whether a coordinator trains them", r.flags.command("status"))
			return nil
		},
	}
	o.Flags().BoolVar(&failed, "failed", false, "failed tasks: the default without --diverged")
	o.Flags().BoolVar(&diverged, "diverged", false, "diverged tasks")
	return o
}

func cancelOperation() *operation {
	return &operation{
		Command: cobra.Command{
			Use:        "cancel [TASK...]",
			SuggestFor: []string{"stop", "kill", "abort", "end"},
			Short:      "Cancel unfinished tasks, and stop those that run",
			Long: `Cancels unfinished tasks of a sweep: the named tasks, those of some configurations,
or all. They count as failed. A worker learns of it with its next call, which it
makes every quarter of the lease term, and stops at the next training step. Tasks
that another sweep needs too go on. "coordinator retry" reopens cancelled tasks from
their newest checkpoints.`,
			Example: `  coordinator cancel --out runs/figure-s1
  coordinator cancel --out runs/figure-s1 --config n=10,t=30`,
			Args: program.NamedArguments(0),
		},
		selectsTasks: true,
		do: func(r request) error {
			cancelled, shared, err := r.place.Cancel(r.Context(), r.tasks)
			if err != nil {
				return err
			}
			text := count(cancelled, "task") + " cancelled"
			if shared > 0 {
				text += fmt.Sprintf("; %d go on, since another sweep needs them too", shared)
			}
			return r.print("%s", text)
		},
	}
}

func drainOperation() *operation {
	var workers queue.DrainRequest
	var all bool
	o := &operation{
		Command: cobra.Command{
			Use:   "drain --host HOST | --worker PROCESS | --all",
			Short: "Ask workers to hand back their tasks and to leave",
			Long: `Asks workers of a running coordinator to leave: all, those of some hosts, or single
ones by the beginning of their ID, as "coordinator status" prints it. Workers learn
of it with their next call, hand back their tasks with a checkpoint, and end with
exit code 75 if they held a task, else with 0. The coordinator does not replace a
local worker that was drained: if no worker is left, the sweep waits for one. Workers
that start later are not affected.`,
			Example: `  coordinator drain --out runs/figure-s1 --host node17
  coordinator drain --out runs/figure-s1 --all`,
			Args: program.NoArguments,
		},
		check: func(c *cobra.Command) error {
			if err := ignored(c, "drain", "a coordinator asks its workers: give --out or --coordinator", "store"); err != nil {
				return err
			}
			switch some := len(workers.Processes)+len(workers.Hosts) > 0; {
			case some && all:
				return usage("--all means every worker: give it, or --host and --worker, but not both")
			case !some && !all:
				return usage("say which workers are to leave: --host, --worker, or --all")
			}
			return nil
		},
		do: func(r request) error {
			draining, err := r.place.Drain(r.Context(), workers)
			if errors.Is(err, queue.ErrUnknown) {
				return usage("%w: `%s` lists the workers", err, r.flags.command("status"))
			}
			if err != nil {
				return err
			}
			return r.print("%s asked to leave", count(draining, "worker"))
		},
	}
	o.Flags().StringSliceVar(&workers.Hosts, "host", nil, "workers on this `HOST`; may be given more than once")
	o.Flags().StringSliceVar(&workers.Processes, "worker", nil, "the worker `PROCESS` whose ID begins so; may be given more than once")
	o.Flags().BoolVar(&all, "all", false, "every worker that is present now")
	return o
}

func deleteOperation() *operation {
	return &operation{
		Command: cobra.Command{
			Use:        "delete [SWEEP]",
			SuggestFor: []string{"forget", "remove", "rm", "drop", "erase"},
			Short:      "Delete a sweep of a coordinator or a store, but not its results",
			Long: `Deletes the sweep with that ID, or with that name if only one has it; without an
argument, the sweep of the output folder. Workers stop tasks that no other sweep
needs. Results stay in the store: a later sweep with the same tasks finds them done.
The output folder of the sweep is not changed.`,
			Example: `  coordinator delete --out runs/figure-s1
  coordinator delete figure-s1 --coordinator runs/serve/operator.json`,
			Args: program.NamedArguments(1),
		},
		do: func(r request) error {
			deleted, err := r.place.Delete(r.Context(), strings.Join(r.arguments, ""))
			switch {
			case errors.Is(err, app.ErrNoName):
				return usage("%w: `%s` names them", err, r.flags.command("list"))
			case errors.Is(err, queue.ErrUnknown):
				return usage("%w: `%s` lists those that exist", err, r.flags.command("list"))
			case err != nil:
				return err
			}
			return r.print("sweep %s, ID %s, is deleted", deleted.Name, deleted.ID)
		},
	}
}

func listOperation() *operation {
	var asJSON bool
	o := &operation{
		Command: cobra.Command{
			Use:        "list",
			SuggestFor: []string{"ls", "sweeps", "show"},
			Short:      "List the sweeps of a coordinator or a store",
			Example: `  coordinator list --out runs/serve
  coordinator list --coordinator operator.json
  coordinator list --store postgres://host/spiqsweep`,
			Annotations: readOnly,
			Args:        program.NoArguments,
		},
		do: func(r request) error {
			sweeps, err := r.place.List(r.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(r.OutOrStdout(), sweeps)
			}
			return printSweeps(r.OutOrStdout(), sweeps)
		},
	}
	o.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	return o
}

// printSweeps prints a table with a line for each sweep.
func printSweeps(out io.Writer, sweeps []app.SweepSummary) error {
	table := program.NewTable(out, 2, 0)
	fmt.Fprintln(table, "name\tID\tdone\tat workers\tpending\tfailed\tdiverged\tcreated\tkernel class\tlimits\tnote")
	for _, s := range sweeps {
		fmt.Fprintf(table, "%s\t%s\t%d of %d\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t%s\n", sweep.Printable(s.Name), sweep.Printable(s.ID), s.Tasks.Done, s.Tasks.Planned,
			s.Tasks.Running+s.Tasks.Queued, s.Tasks.Pending, s.Tasks.Failed, s.Tasks.Diverged,
			s.CreatedAt.Local().Format(time.DateTime), sweep.Printable(s.KernelClass),
			limitsText(s.Limits), sweep.Printable(s.Note))
	}
	return table.Flush()
}
