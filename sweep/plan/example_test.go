package plan_test

import (
	"context"
	"fmt"
	"slices"

	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
	"spiqsweep/sweep/plan"
)

func Example() {
	g, _ := grid.Parse("sweep.hcl", []byte(`
sweep "small" {
  replicates = 2
  grid {
    neurons = [2, 4]
  }
}
`), nil)
	digest := func(c sweep.Configuration) (string, error) {
		return fmt.Sprintf("digest of the raster of %d neurons", c.Neurons), nil
	}
	p, err := plan.New(context.Background(), g, digest, sweep.Numerics, "portable/amd64", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	inOrder := func(a, b plan.Task) int { return a.Order - b.Order }
	for _, task := range slices.SortedFunc(p.Tasks(), inOrder) {
		fmt.Printf("%s, row %d\n", task.Configuration.Label(), task.Row)
	}
	// Output:
	// n=4 t=1 k=0 replicate 0, row 2
	// n=2 t=1 k=0 replicate 0, row 0
	// n=4 t=1 k=0 replicate 1, row 3
	// n=2 t=1 k=0 replicate 1, row 1
}
