package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"text/tabwriter"
	"time"

	"spiqsweep/simulator/circuit"
)

// settings are the flags.
type settings struct {
	tasks, workers, connections int
	replicates, steps           int
	offered                     float64
	offeredFor                  time.Duration
	store, coordinator          string
	batch, bare                 int
	keep                        string
}

func main() {
	s := settings{}
	flag.IntVar(&s.tasks, "tasks", 100_000, "tasks of the sweep")
	flag.IntVar(&s.workers, "workers", 1000, "simulated workers, of one slot each")
	flag.IntVar(&s.connections, "connections", 0, "connections that they share; 0: one each")
	flag.IntVar(&s.replicates, "replicates", 1000, "tasks of a cell")
	flag.IntVar(&s.steps, "steps", 6000, "steps of a task: decides, by the cost model, how many make a batch worth a second")
	flag.Float64Var(&s.offered, "offered", 1000, "tasks a second in the phase that measures latency; 0: no such phase")
	flag.DurationVar(&s.offeredFor, "offered-for", 20*time.Second, "length of that phase")
	flag.StringVar(&s.store, "store", "", "URL of the store (default: SQLite in the output folder)")
	flag.StringVar(&s.coordinator, "coordinator", filepath.Join("bin", "coordinator"), "the program to measure")
	flag.IntVar(&s.batch, "batch", 100, "tasks in a commit of the bare writer")
	flag.IntVar(&s.bare, "bare", 20_000, "tasks that the bare writer writes at most; 0: no bare writer")
	flag.StringVar(&s.keep, "keep", "", "run in this folder, which must not exist, and keep it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := measure(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// report prints a line of the table as soon as it is known.
type report struct{ *tabwriter.Writer }

func newReport() report { return report{tabwriter.NewWriter(os.Stdout, 28, 0, 2, ' ', 0)} }

func (r report) line(name, format string, a ...any) {
	fmt.Fprintf(r, "%s\t%s\n", name, fmt.Sprintf(format, a...))
	_ = r.Flush()
}

// measure is the whole run.
func measure(ctx context.Context, s settings) (err error) {
	if s.replicates < 1 || s.tasks < s.replicates || s.tasks%s.replicates != 0 {
		return fmt.Errorf("-tasks %d must be a multiple of -replicates %d", s.tasks, s.replicates)
	}
	folder := s.keep
	if folder == "" {
		if folder, err = os.MkdirTemp("", "spiqsweep-load"); err != nil {
			return err
		}
		defer os.RemoveAll(folder)
	} else if err := os.Mkdir(folder, 0o777); err != nil {
		return err
	}
	kernel, err := circuit.NamedKernel(os.Getenv(circuit.KernelVariable))
	if err != nil {
		return err
	}
	r := newReport()
	run := &run{settings: s, folder: folder, kernel: kernel, report: r}
	return errors.Join(run.measure(ctx), ctx.Err())
}
