package figure_test

import (
	"fmt"

	"spiqsweep/sweep"
	"spiqsweep/sweep/figure"
	"spiqsweep/sweep/table"
)

func ExampleS1() {
	c := sweep.Default()
	m := sweep.Measures{Errors: map[string]float64{"k_probability": 1, "firing_rate_hz2": 0.5}}
	rows := func(yield func(table.Row, error) bool) { yield(table.Row{Configuration: c, Measures: &m}, nil) }
	figures, _, err := figure.S1(table.Shape{}, rows)
	if err != nil {
		panic(err)
	}
	fmt.Println(figures[0].Name, figures[0].Numbers[1])
	// Output: S1 [against_n k_probability spiqgan 0 2  1 1 1 1   ]
}

// results is a figure.Source.
type results map[sweep.TaskID]sweep.Result

func (r results) Result(row table.Row) (result sweep.Result, found bool, err error) {
	result, found = r[row.Task]
	return result, found, nil
}

func (results) Excerpt(sweep.Configuration) (windows [][]uint32, binMS float64, err error) {
	return [][]uint32{{0b01}, {0b10}}, 20, nil
}

func ExampleGather() {
	law := map[string][]float64{"state": {0.7, 0.1, 0.1, 0.1}}
	source := results{"task": {Data: law, Model: law}}
	rows := func(yield func(table.Row, error) bool) {
		finished := table.Row{Task: "task", Configuration: sweep.Default(), Measures: &sweep.Measures{}}
		unfinished := table.Row{Task: "other", Configuration: sweep.Default()}
		unfinished.Configuration.Neurons = 4
		_ = yield(finished, nil) && yield(unfinished, nil)
	}
	paper, err := figure.Gather(table.Shape{}, rows)
	if err != nil {
		panic(err)
	}
	figures, err := paper.Draw(source, []string{"2"})
	if err != nil {
		panic(err)
	}
	fmt.Println(figures[0].Name, figures[0].Numbers[1], figures[0].Missing)
	// Output: 2 [state 2 1  00 0 0.7   ] [n=4 t=1 k=0]
}
