package gan

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/simulator/circuit"
)

var update = flag.Bool("update", false, "rewrite the golden digests of this machine's kernel classes")

// TestTrainingGolden guards the numerics contract (DESIGN.md, section 3.3). It
// fails if a bit of a result changes; such a change must raise the numerics
// version. Each line of the golden file has a kernel class, a variant, and the
// SHA-256 of the checkpoint after the last step.
func TestTrainingGolden(t *testing.T) {
	const golden = "testdata/trained.txt"
	file, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]string{} // [class][variant]
	for line := range strings.Lines(string(file)) {
		var class, variant, digest string
		if _, err := fmt.Sscan(line, &class, &variant, &digest); err != nil {
			t.Fatalf("%s has the line %q: %v", golden, line, err)
		}
		if want[class] == nil {
			want[class] = map[string]string{}
		}
		want[class][variant] = digest
	}
	for _, kernel := range circuit.Kernels() {
		t.Run(kernel.Name, func(t *testing.T) {
			got := trainedDigests(t, kernel)
			if *update {
				want[kernel.Class] = got
			}
			if want[kernel.Class] == nil {
				t.Skipf("skipped: %s has no digests of kernel class %s; -update writes them", golden, kernel.Class)
			}
			if diff := cmp.Diff(want[kernel.Class], got); diff != "" {
				t.Errorf("on %s (-golden +now):\n%s", kernel.Class, diff)
			}
		})
	}
	if *update {
		var b strings.Builder
		for _, class := range slices.Sorted(maps.Keys(want)) {
			for _, variant := range slices.Sorted(maps.Keys(want[class])) {
				fmt.Fprintln(&b, class, variant, want[class][variant])
			}
		}
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// trainedDigests trains every variant for a few steps. The digests cover the state and,
// through the digest that ends a checkpoint, its identity: if they move, checkpoints
// that sweeps have stored are no longer accepted.
func trainedDigests(t *testing.T, kernel circuit.Kernel) map[string]string {
	t.Helper()
	digests := map[string]string{}
	for name, s := range variants(12) {
		s.Kernel = kernel
		trainer := newTestTrainer(t, s)
		run(t, trainer, -1)
		digests[name] = fmt.Sprintf("%x", sha256.Sum256(checkpoint(t, trainer)[len(checkpointFormat)+sha256.Size:]))
	}
	return digests
}
