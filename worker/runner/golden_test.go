package runner

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/simulator/circuit"
	"spiqsweep/sweep"
)

var update = flag.Bool("update", false, "rewrite the golden files; only with a new sweep.Numerics")

// TestGoldenResults guards the numerics contract (DESIGN.md, section 3.3): a change
// of any bit of these results must raise sweep.Numerics. Kernels of one class share
// a file.
func TestGoldenResults(t *testing.T) {
	for _, kernel := range circuit.Kernels() {
		t.Run(kernel.Name, func(t *testing.T) {
			path := fmt.Sprintf("testdata/results-%s.golden", strings.ReplaceAll(kernel.Class, "/", "-"))
			tasks, runner := variants(t), New(kernel, hclog.NewNullLogger())
			var lines strings.Builder
			fmt.Fprintf(&lines, "numerics %d\n", sweep.Numerics)
			for _, name := range slices.Sorted(maps.Keys(tasks)) {
				fmt.Fprintf(&lines, "%s  %s\n", sweep.ResultDigest(mustRun(t, runner, tasks[name])), name)
			}
			if *update {
				if err := os.WriteFile(path, []byte(lines.String()), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if os.IsNotExist(err) {
				t.Skipf("skipped: there are no golden results of the class %s", kernel.Class)
			}
			if err != nil {
				t.Fatal(err)
			}
			if lines.String() != string(want) {
				t.Errorf("results have changed; if they must, raise sweep.Numerics and run with -update\ngot\n%swant\n%s", lines.String(), want)
			}
		})
	}
}
