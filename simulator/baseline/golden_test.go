package baseline

import (
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/recording"
)

var update = flag.Bool("update", false, "rewrite the golden digests of this architecture")

// TestGolden guards the numerics contract (DESIGN.md, section 3.3). It fails if a
// bit of a fitted model changes; such a change must raise the numerics version.
// Each line of the golden file has an architecture, which all its kernel classes
// share, a model, and the SHA-256 of its values for the surrogate.
func TestGolden(t *testing.T) {
	const golden = "testdata/fitted.txt"
	kernels := circuit.Kernels()
	architecture := strings.TrimPrefix(kernels[len(kernels)-1].Class, "portable/")
	file, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	want, others := map[string]string{}, ""
	for line := range strings.Lines(string(file)) {
		var of, model, digest string
		if _, err := fmt.Sscan(line, &of, &model, &digest); err != nil {
			t.Fatalf("%s has the line %q: %v", golden, line, err)
		}
		if of == architecture {
			want[model] = digest
		} else {
			others += line
		}
	}
	w, err := recording.Surrogate(1).Raster([]int{0, 1, 2, 3, 4, 5}).Windows(2)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, name := range Names() {
		got[name] = digest(fitted(t, name, w).Values())
	}
	switch {
	case *update:
		for _, name := range slices.Sorted(maps.Keys(got)) {
			others += fmt.Sprintln(architecture, name, got[name])
		}
		if err := os.WriteFile(golden, []byte(others), 0o644); err != nil {
			t.Fatal(err)
		}
	case len(want) == 0:
		t.Skipf("skipped: %s has no digests of %s; -update writes them", golden, architecture)
	default:
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("on %s (-golden +now):\n%s", architecture, diff)
		}
	}
}

// digest returns the SHA-256 of values, in the order of their names.
func digest(values map[string][]float64) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintln(h, name, len(values[name]))
		for _, v := range values[name] {
			h.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)))
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}
