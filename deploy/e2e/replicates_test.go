//go:build unix

package e2e

import (
	"bytes"
	"strings"
	"syscall"
	"testing"
)

// adaptive is a sweep whose results decide on the number of replicates: more than min in
// some configurations, and fewer than max in some.
var adaptive = &sweepSpec{
	grid: `
sweep "adaptive" {
  replicates {
    min   = 3
    max   = 8
    until = { mse_k_probability = 2 }
  }
  grid {
    neurons   = [2, 3]
    timesteps = [1, 2]
  }
  training {
    steps = 1000
  }
}
`,
}

// TestResultsDecideOnReplicates checks that the replicates that results demand depend
// neither on the number of workers nor on processes that are killed.
func TestResultsDecideOnReplicates(t *testing.T) {
	t.Parallel()
	for name, scenario := range map[string]func(*run){
		"two workers": func(r *run) { r.coordinator("", "--local", "2").expect(0) },
		"coordinator and worker are killed": func(r *run) {
			c, w := r.listening(""), r.worker("worker.trained@5")
			w.expect(killed)
			c.signal(syscall.SIGKILL)
			c.expect(killed)
			r.coordinator("", "--local", "2").expect(0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRun(t, adaptive)
			scenario(r)
			r.checkComplete()
		})
	}
	rows := bytes.Count(adaptive.results(t), []byte("\n")) - 1
	if fewest, most := 4*3, 4*8; rows <= fewest || rows >= most || strings.Count(string(adaptive.undisturbed), ",done,") != rows {
		t.Errorf("there are %d rows, want more than %d and fewer than %d, all of them done", rows, fewest, most)
	}
}
