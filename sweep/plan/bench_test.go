//go:build unix

package plan

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
	"spiqsweep/worker/runner"
)

// BenchmarkCost compares Cost with this machine: it extrapolates the time of a task
// from the processor time of a few steps. On the project's machine
// predicted/measured is 1 within a quarter for all tasks above one second. On
// another machine the ratios should all be about the same. The times of iterations
// serve to fit the rates.
func BenchmarkCost(b *testing.B) {
	kernel := circuit.DefaultKernel()
	source := recording.Surrogate(1)
	for _, n := range []int{2, 4, 6, 8, 10} {
		neurons, err := source.Select(recording.Selection{}, n, 1)
		if err != nil {
			b.Fatal(err)
		}
		raster := source.Raster(neurons)
		for _, t := range []int{1, 5, 30} {
			for name, change := range map[string]func(*sweep.Configuration){
				"k=0": func(*sweep.Configuration) {},
				"k=1": func(c *sweep.Configuration) { c.K = 1 },
				"rbm": rbm,
			} {
				c := configuration(n, t, change)
				b.Run(fmt.Sprintf("n=%d,t=%d,%s", n, t, name), func(b *testing.B) {
					r := timedRunner{runner.New(kernel, hclog.NewNullLogger()), raster}
					first := r.run(b, c, 1) // includes the statistics of the data, which later runs share
					once := r.run(b, c, 1)
					steps := 1 + int(300*time.Millisecond/max(once/10, 100*time.Microsecond))
					var several time.Duration
					for b.Loop() {
						several += r.run(b, c, 1+steps)
					}
					iteration := (several.Seconds()/float64(b.N) - once.Seconds()) / float64(steps)
					measured := first.Seconds() + iteration*float64(c.Training.Steps)
					b.ReportMetric(iteration*1e6, "µs/iteration")
					b.ReportMetric(measured, "s/task")
					b.ReportMetric(Cost(c, kernel.Class)/measured, "predicted/measured")
					b.ReportMetric(0, "ns/op")
				})
			}
		}
	}
}

// timedRunner measures the processor time of tasks.
type timedRunner struct {
	runner.Runner
	raster *recording.Raster
}

func (r timedRunner) run(b *testing.B, c sweep.Configuration, steps int) time.Duration {
	b.Helper()
	c.Training.Steps = steps
	began := processorTime(b)
	if _, err := r.Run(context.Background(), runner.Task{Configuration: c, Raster: r.raster}, quiet{}); err != nil {
		b.Fatal(err)
	}
	return processorTime(b) - began
}

// processorTime returns the processor time of this process so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// quiet is a reporter that discards everything.
type quiet struct{}

func (quiet) Progress(int)           {}
func (quiet) Checkpoint(int, []byte) {}
