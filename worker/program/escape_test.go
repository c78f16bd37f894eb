package program_test

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"spiqsweep/sweep"
	"spiqsweep/worker/program"
)

func TestEscapeArguments(t *testing.T) {
	for _, c := range []struct {
		arguments  []string
		text, want string
	}{
		{[]string{"--out", "a/n\nx"}, "tables: a/n\nx/results.csv\nnext\n", "tables: a/n\\nx/results.csv\nnext\n"},
		{[]string{"--out=b/../n\nx"}, "open n\nx/sweep.id: no\n", "open n\\nx/sweep.id: no\n"},
		{[]string{"a\x1b[1m\nb.npy"}, "open a\\x1b[1m\nb.npy: no\n", "open a\\x1b[1m\\nb.npy: no\n"},
		{[]string{"a\tb"}, "open a\tb\n\tnext\n", "open a\\tb\n\tnext\n"},
		{[]string{"\x1b/\x1b\n"}, "open \\x1b/\\x1b\n/sweep.id: no\n", "open \\x1b/\\x1b\\n/sweep.id: no\n"},
		{[]string{"\nb\n/ \nb"}, "open \nb\n/ \nb/sweep.id: no\n", "open \\nb\\n/ \\nb/sweep.id: no\n"},
		{[]string{"--out", "o", "/\n/"}, "one\ntwo\n", "one\ntwo\n"},
	} {
		var out strings.Builder
		fmt.Fprint(program.EscapeArguments(&out, c.arguments), c.text)
		if out.String() != c.want {
			t.Errorf("%q: printed %q, want %q", c.arguments, out.String(), c.want)
		}
	}
	if out := io.Writer(&strings.Builder{}); program.EscapeArguments(out, []string{"--out", "runs/é x"}) != out {
		t.Error("printable arguments do not return the writer itself")
	}
}

// TestEscapedPathsAreOneLine checks that a message which quotes any path of the command line
// stays one line.
func TestEscapedPathsAreOneLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		element := rapid.StringOfN(rapid.SampledFrom([]rune("ab\n\t\r\x1b é")), 1, 6, -1).Filter(func(s string) bool { return strings.TrimSpace(s) != "" })
		path := filepath.Join(rapid.SliceOfN(element, 1, 3).Draw(t, "elements")...)
		var out strings.Builder
		message := sweep.PrintableLines("open " + filepath.Join(path, "sweep.id") + ": no such file")
		fmt.Fprintln(program.EscapeArguments(&out, []string{"--out", path}), message)
		if line, rest, _ := strings.Cut(out.String(), "\n"); rest != "" || strings.Contains(line, "\t") || !strings.HasSuffix(line, "/sweep.id: no such file") {
			t.Fatalf("%q is printed as %q", path, out.String())
		}
	})
}
