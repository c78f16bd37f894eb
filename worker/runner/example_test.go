package runner_test

import (
	"context"
	"fmt"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
	"spiqsweep/worker/runner"
)

// discard is a Reporter that ignores progress and checkpoints.
type discard struct{}

func (discard) Progress(int)           {}
func (discard) Checkpoint(int, []byte) {}

func Example() {
	c := sweep.Default()
	c.Neurons, c.Timesteps = 2, 1
	c.Training.Steps = 10

	neurons := []int{10, 11}
	raster := recording.Surrogate(1).Raster(neurons)
	kernel := circuit.DefaultKernel()
	task := runner.Task{
		ID:            sweep.NewTaskID(c, raster.Digest(), sweep.Numerics, kernel.Class),
		Configuration: c,
		Raster:        raster,
	}
	outcome, err := runner.New(kernel, hclog.NewNullLogger()).Run(context.Background(), task, discard{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(outcome.Result.TrainableParameters, "angles,", len(outcome.Result.Samples), "windows generated")
	fmt.Println("valid:", outcome.Result.Validate(c) == nil)
	// Output:
	// 16 angles, 100 windows generated
	// valid: true
}
