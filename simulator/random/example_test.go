package random_test

import (
	"fmt"

	"spiqsweep/simulator/random"
)

// The example shows that equal addresses give equal numbers, independently of the
// numbers drawn before.
func Example() {
	training := random.Training{Seed: 1, Neurons: 4, Timesteps: 5, Replicate: 0}
	noise := training.Stream("noise")
	undisturbed := noise.At(1200, 0)
	resumed := noise.At(1200, 0)
	fmt.Println(undisturbed.Float64() == resumed.Float64())

	neighbour := noise.At(1201, 0)
	fmt.Println(undisturbed.Float64() == neighbour.Float64())
	// Output:
	// true
	// false
}
