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
)

var update = flag.Bool("update", false, "rewrite the golden digests of this machine's kernel class")

// TestTrainedTasksKeepTheirBits guards the numerics contract (DESIGN.md,
// section 3.3): whoever changes a bit of any result sees it here, and raises
// the numerics version. Each line of the golden file is a kernel class, a
// variant, and the SHA-256 of the checkpoint after its last step.
func TestTrainedTasksKeepTheirBits(t *testing.T) {
	const golden = "testdata/trained.txt"
	class := defaults(1, 1, 1).Kernel.Class
	file, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{} // of this class, by variant
	var others []string
	for line := range strings.Lines(string(file)) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			t.Fatalf("%s has the line %q", golden, line)
		}
		if fields[0] == class {
			want[fields[1]] = fields[2]
		} else {
			others = append(others, line)
		}
	}
	got := map[string]string{}
	for name, s := range variants(12) {
		trainer := newTestTrainer(t, s)
		run(t, trainer, -1)
		// The identity is no number: it may change with the text of a setting.
		got[name] = fmt.Sprintf("%x", sha256.Sum256(checkpoint(t, trainer)[len(checkpointFormat)+sha256.Size:]))
	}
	if *update {
		for _, name := range slices.Sorted(maps.Keys(got)) {
			others = append(others, fmt.Sprintf("%s %s %s\n", class, name, got[name]))
		}
		if err := os.WriteFile(golden, []byte(strings.Join(others, "")), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if len(want) == 0 {
		t.Skipf("skipped: %s has no digests of kernel class %s; -update on such a machine writes them", golden, class)
	}
	for name := range maps.Keys(got) {
		if got[name] != want[name] {
			t.Errorf("%s on %s ends with %.12s, the golden digest is %.12s", name, class, got[name], want[name])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d variants, %d golden digests", len(got), len(want))
	}
}
