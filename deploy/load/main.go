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
	offeredFor, fullFor         time.Duration
	timeLeft                    time.Duration
	store, coordinator          string
	batch, bare                 int
	keep                        string
}

func main() {
	s := settings{}
	flag.IntVar(&s.tasks, "tasks", 100_000, "tasks of the sweep")
	flag.IntVar(&s.workers, "workers", 1000, "simulated workers, of one slot each")
	flag.IntVar(&s.connections, "connections", 0, "connections that the workers share; 0: one for each worker")
	flag.IntVar(&s.replicates, "replicates", 1000, "tasks of a configuration")
	flag.IntVar(&s.steps, "steps", 6000, "training steps of a task; with the cost model they decide how many tasks the coordinator grants in one call")
	flag.Float64Var(&s.offered, "offered", 1000, "tasks a second in the phase that measures latency; 0: skip this phase")
	flag.DurationVar(&s.offeredFor, "offered-for", 20*time.Second, "length of that phase")
	flag.DurationVar(&s.fullFor, "full-for", 0, "length of the phase at full speed, after which the run ends; 0: until all tasks are completed")
	flag.DurationVar(&s.timeLeft, "time-left", 0, "workers ask with so much time left (as with worker --lifetime), and half of the configurations cost 2048 times as much; 0: neither")
	flag.StringVar(&s.store, "store", "", "URL of the store (default: SQLite in the output folder)")
	flag.StringVar(&s.coordinator, "coordinator", filepath.Join("bin", "coordinator"), "path of the program to measure")
	flag.IntVar(&s.batch, "batch", 100, "tasks in each commit of the bare writer")
	flag.IntVar(&s.bare, "bare", 20_000, "largest number of tasks for the bare writer; 0: skip it")
	flag.StringVar(&s.keep, "keep", "", "run in this new folder, and keep it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := measure(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// report prints each line of the table immediately.
type report struct{ *tabwriter.Writer }

func newReport() report { return report{tabwriter.NewWriter(os.Stdout, 28, 0, 2, ' ', 0)} }

func (r report) line(name, format string, a ...any) {
	fmt.Fprintf(r, "%s\t%s\n", name, fmt.Sprintf(format, a...))
	_ = r.Flush()
}

// measure runs all phases.
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
