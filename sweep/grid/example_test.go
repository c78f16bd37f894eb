package grid_test

import (
	"fmt"

	"spiqsweep/sweep/grid"
)

func ExampleParse() {
	g, _ := grid.Parse("sweep.hcl", []byte(`
sweep "small" {
  replicates = 2
  grid {
    neurons   = [2, 4]
    entangler = ["chain", "none"]
  }
  exclude {
    when = neurons > 2 && entangler == "none"
  }
}
`), nil)
	for _, c := range g.Configurations() {
		fmt.Println(c.Label(g.Columns()...))
	}
	fmt.Println(g.Rows(), "tasks")
	// Output:
	// n=2 t=1 k=0 entangler="chain" replicate 0
	// n=2 t=1 k=0 entangler="none" replicate 0
	// n=4 t=1 k=0 entangler="chain" replicate 0
	// 6 tasks
}

// All faults of a file are reported together, each with its line and a remedy.
func ExampleDiagnostics() {
	_, faults := grid.Parse("sweep.hcl", []byte(`
sweep "small" {
  timestep = 4
  circuit {
    entangler = "chian"
  }
}
`), nil)
	fmt.Println(faults.Error())
	// Output:
	// Error: Unknown name
	//   sweep.hcl:3:3
	//      3 |   timestep = 4
	//        |   ^^^^^^^^
	//   timestep: there is no such setting; did you mean "timesteps"?
	//
	// Error: Wrong value
	//   sweep.hcl:5:17
	//      5 |     entangler = "chian"
	//        |                 ^^^^^^^
	//   entangler = "chian": must be "chain", "ring", "brick" or "none"; did you mean "chain"?
}
