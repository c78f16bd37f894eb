package plan

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"spiqsweep/sweep"
)

const adaptive = `sweep "a" {
	replicates {
		max   = 12
		until = { mse_firing_rate_hz2 = 0.5, mse_k_probability = 0.5 }
	}
	grid {
		neurons = [1, 2, 3]
		k       = [0, 1]
	}
	evaluation {
		baselines = ["independent", "mixture"]
	}
}`

// results are the outcomes of the tasks that have run.
type results map[sweep.TaskID]Outcome

func (r results) outcome(id sweep.TaskID) Outcome { return r[id] }

func extend(t testing.TB, p *Plan, r results) (*Plan, Precision) {
	t.Helper()
	extended, total, err := p.Extend(t.Context(), r.outcome)
	if err != nil {
		t.Fatal(err)
	}
	return extended, total
}

// run runs all tasks of a plan and its extensions, replicate by replicate.
func run(t testing.TB, p *Plan, result func(sweep.Task) Outcome) (*Plan, Precision) {
	t.Helper()
	done := results{}
	for {
		for _, row := range p.Rows() {
			done[row.ID] = result(row)
		}
		extended, total := extend(t, p, done)
		if extended == p {
			return p, total
		}
		p = extended
	}
}

// counts returns the replicates of the trained configurations.
func counts(p *Plan) []int {
	n := make([]int, p.Grid().Trained())
	for i := range n {
		n[i] = p.Grid().ReplicatesOf(i)
	}
	return n
}

// spread returns errors whose logarithms alternate between ±deviation.
func spread(replicate int, deviation float64) Outcome {
	v := math.Exp(deviation * float64(replicate%2*2-1))
	return Outcome{Finished: true, Errors: []float64{v, v}}
}

func TestReplicatesUntilPrecise(t *testing.T) {
	nan := math.NaN()
	for _, test := range []struct {
		name   string
		result func(sweep.Task) Outcome
		want   []int // of n=1 k=0, n=1 k=1, n=2 k=0, …, then the mixtures
		total  Precision
	}{
		{
			"equal results", func(sweep.Task) Outcome { return spread(0, 1) },
			slices.Repeat([]int{3}, 12),
			Precision{Reached: 12},
		},
		{
			"wide results of one neuron", func(t sweep.Task) Outcome {
				if t.Configuration.Neurons == 1 && t.Configuration.K == 1 && !t.Configuration.IsBaseline() {
					return spread(t.Configuration.Replicate, 2)
				}
				return spread(0, 1)
			},
			[]int{12, 12, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3},
			Precision{Reached: 11, AtMax: 1},
		},
		{
			// t(5)·s/√6 = 1.15·s ≤ ln 1.5 from six replicates on, with s = 1.095·0.32
			"moderate results", func(t sweep.Task) Outcome { return spread(t.Configuration.Replicate, 0.32) },
			slices.Repeat([]int{6}, 12),
			Precision{Reached: 12},
		},
		{
			"an error of 0", func(t sweep.Task) Outcome {
				return Outcome{Finished: true, Errors: []float64{float64(t.Configuration.Replicate), 1}}
			},
			slices.Repeat([]int{3}, 12),
			Precision{NoInterval: 12},
		},
		{
			"an undefined error", func(sweep.Task) Outcome { return Outcome{Finished: true, Errors: []float64{nan, 1}} },
			slices.Repeat([]int{3}, 12),
			Precision{NoInterval: 12},
		},
		{
			"failures in every attempt", func(sweep.Task) Outcome { return Outcome{Finished: true} },
			slices.Repeat([]int{3}, 12),
			Precision{NoInterval: 12},
		},
		{
			"one failure in every attempt", func(t sweep.Task) Outcome {
				if t.Configuration.Replicate == 1 {
					return Outcome{Finished: true}
				}
				return spread(0, 1)
			},
			slices.Repeat([]int{4}, 12),
			Precision{Reached: 12},
		},
		{
			"a failure that a retry may repair", func(t sweep.Task) Outcome {
				if t.Configuration.Neurons == 2 && t.Configuration.Replicate == 1 {
					return Outcome{}
				}
				return spread(0, 1)
			},
			slices.Repeat([]int{3}, 12),
			Precision{Reached: 8, Open: 4},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, total := run(t, plan(t, adaptive), test.result)
			if diff := cmp.Diff(test.want, counts(p)); diff != "" {
				t.Errorf("replicates (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.total, total); diff != "" {
				t.Errorf("precision (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFixedReplicatesAreNotExtended(t *testing.T) {
	p := plan(t, `sweep "a" { replicates = 3 }`)
	if extended, total := run(t, p, func(sweep.Task) Outcome { return spread(0, 1) }); extended != p || total != (Precision{}) {
		t.Errorf("extended to %d rows, %+v", extended.Len(), total)
	}
}

// TestExtensionDependsOnResultsAlone checks that the last plan is the same in whatever
// order tasks run, after whichever of them the plan is extended, and if the sweep begins
// again from the grid, as after a crash.
func TestExtensionDependsOnResultsAlone(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		deviations := rapid.SliceOfN(rapid.Float64Range(0, 1.5), 8, 8).Draw(rt, "deviations")
		broken := rapid.IntRange(0, 40).Draw(rt, "broken")
		result := func(task sweep.Task) Outcome {
			c := task.Configuration
			if (c.Replicate*7+c.Neurons)%41 == broken {
				return Outcome{Finished: broken%2 == 0}
			}
			return spread(c.Replicate+c.Neurons, deviations[c.Neurons*2+int(c.K)-2+len(c.Model)%2])
		}
		start := plan(t, adaptive)
		want, total := run(t, start, result)

		p, done := start, results{}
		for steps := 0; ; steps++ {
			var left []sweep.Task
			for _, row := range p.Rows() {
				if _, ran := done[row.ID]; !ran {
					left = append(left, row)
				}
			}
			if len(left) == 0 {
				extended, _ := extend(t, p, done)
				if extended == p {
					break
				}
				p = extended
				continue
			}
			for range rapid.IntRange(1, 8).Draw(rt, "finished") {
				row := left[rapid.IntRange(0, len(left)-1).Draw(rt, "task")]
				done[row.ID] = result(row)
			}
			switch rapid.IntRange(0, 3).Draw(rt, "then") {
			case 0:
				p, _ = extend(t, p, done)
			case 1: // after a crash
				p, _ = extend(t, start, done)
			}
		}
		if diff := cmp.Diff(rowsOf(want), rowsOf(p)); diff != "" {
			rt.Errorf("rows (-want +got):\n%s", diff)
		}
		if _, got := extend(t, p, done); got != total {
			rt.Errorf("precision %+v, want %+v", got, total)
		}
	})
}

// TestExtendedPlanIsThatOfItsGrid checks an extended plan against one made from the grid
// with the same numbers of replicates.
func TestExtendedPlanIsThatOfItsGrid(t *testing.T) {
	p, _ := run(t, plan(t, adaptive), func(task sweep.Task) Outcome {
		return spread(task.Configuration.Replicate, float64(task.Configuration.Neurons)/3)
	})
	if slices.Min(counts(p)) == slices.Max(counts(p)) {
		t.Fatalf("all configurations have %d replicates", counts(p)[0])
	}
	anew, err := New(t.Context(), p.Grid(), digest, sweep.Numerics, "portable/amd64", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, diff := range []string{cmp.Diff(rowsOf(anew), rowsOf(p)), cmp.Diff(tasksOf(anew), tasksOf(p))} {
		if diff != "" {
			t.Error(diff)
		}
	}
}

// TestReplicateIdentity checks that a replicate is the same task whatever the largest
// number of replicates is.
func TestReplicateIdentity(t *testing.T) {
	ids := map[int]sweep.TaskID{}
	for _, most := range []int{4, 7} {
		p, _ := run(t, plan(t, fmt.Sprintf("sweep \"a\" {\nreplicates {\nmax = %d\nuntil = { js_bits = 0.1 }\n}\n}", most)),
			func(task sweep.Task) Outcome {
				return Outcome{Finished: true, Errors: []float64{math.Exp2(float64(task.Configuration.Replicate))}}
			})
		if p.Len() != most {
			t.Errorf("%d rows, want %d", p.Len(), most)
		}
		for i, row := range p.Rows() {
			if before, known := ids[i]; known && before != row.ID {
				t.Errorf("replicate %d is %s with max = %d, before %s", i, row.ID, most, before)
			}
			ids[i] = row.ID
		}
	}
}

func TestExtendStops(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	cancel(cause)
	if _, _, err := plan(t, adaptive).Extend(ctx, results{}.outcome); !errors.Is(err, cause) {
		t.Errorf("got %v, want %v", err, cause)
	}
}
