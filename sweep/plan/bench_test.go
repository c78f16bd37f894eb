package plan

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
	"spiqsweep/worker/runner"
)

// BenchmarkCost shows what the cost model is worth on this machine: tasks of all
// steps are estimated from the processor time of runs of a few, and compared with Cost. On the
// project's machine predicted/measured is 1 within a quarter for all that take
// more than a second; on another, the same factor everywhere is as good. To fit
// the rates again, take the iterations' times from here.
func BenchmarkCost(b *testing.B) {
	kernel := circuit.DefaultKernel()
	source := recording.Surrogate(1)
	for _, n := range []int{2, 4, 6, 8, 10} {
		cells, err := source.Select(recording.Selection{}, n, 1)
		if err != nil {
			b.Fatal(err)
		}
		raster := source.Raster(cells)
		for _, t := range []int{1, 5, 30} {
			for _, k := range []float64{0, 1} {
				c := configuration(n, t, func(c *sweep.Configuration) { c.K = k })
				b.Run(fmt.Sprintf("n=%d,t=%d,k=%v", n, t, k), func(b *testing.B) {
					r := timedRunner{runner.New(kernel, hclog.NewNullLogger()), raster}
					first := r.run(b, c, 1) // with the data, which later runs share
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

// timedRunner runs tasks on a raster, for the time they take.
type timedRunner struct {
	runner.Runner
	raster *recording.Raster
}

func (r timedRunner) run(b *testing.B, c sweep.Configuration, steps int) time.Duration {
	b.Helper()
	c.Training.Steps = steps
	began := processorTime()
	if _, err := r.Run(context.Background(), runner.Task{Configuration: c, Raster: r.raster}, quiet{}); err != nil {
		b.Fatal(err)
	}
	return processorTime() - began
}

// quiet is a reporter that nobody hears.
type quiet struct{}

func (quiet) Progress(int)           {}
func (quiet) Checkpoint(int, []byte) {}
