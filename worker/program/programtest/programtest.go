package programtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"spiqsweep/proto/protocol"
)

// blanks are values that count as empty.
var blanks = []string{"", " ", "\t", "\n", "\r\n", " \v\f ", "\u00a0", "\u2003\u3000"}

// Refuses runs every command of a program with each of its flags and arguments
// empty, blank, repeated and unexpanded, and wants exit code 2, one line that names
// the flag, and an empty working folder. root is the guarded tree of commands, in
// which new flags are found; run is the program.
func Refuses(t *testing.T, name string, root *cobra.Command, run func(arguments []string, stdout, stderr io.Writer) int) {
	t.Chdir(t.TempDir())
	flags := 0
	refused := func(named string, arguments ...string) {
		t.Helper()
		var out, talk bytes.Buffer
		code := run(arguments, &out, &talk)
		said := talk.String()
		if code != protocol.ExitUsage || out.Len() > 0 || strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, name+": ") || !strings.Contains(said, named) {
			t.Errorf("%q: exit code %d, want %d and a line with %q:\n%s%s", arguments, code, protocol.ExitUsage, named, said, out.String())
		}
		if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
			t.Fatalf("%q left %v, error %v", arguments, left, err)
		}
	}
	walk(root, func(c *cobra.Command) {
		if !c.Runnable() {
			return
		}
		words := strings.Fields(c.CommandPath())[1:]
		with := func(more ...string) []string { return append(words[:len(words):len(words)], more...) }
		for _, blank := range blanks {
			refused("is empty", with(blank)...)
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			flags++
			flag := "--" + f.Name
			for _, blank := range blanks {
				refused(flag+" is empty", with(flag+"="+blank)...)
			}
			value, repeatable := valueOf(f)
			if f.Value.Type() != "bool" {
				refused(flag+" is empty", with(flag, "")...)
				refused(flag+" has no value", with(flag)...)
				refused(flag+" has no value", with(flag, "--help")...)
				refused(flag+" ~/x: only a shell replaces ~", with(flag+"=~/x")...)
			}
			switch {
			case f.Value.Type() == "stringSlice":
				for _, list := range []string{",", "a,", ",a", "a, ,b"} {
					refused(fmt.Sprintf("%s %q has an empty value", flag, list), with(flag+"="+list)...)
				}
			case !repeatable:
				refused(flag+" is given twice", with(flag+"="+value, flag+"="+value)...)
			}
		})
	})
	if flags < 10 {
		t.Errorf("%d flags were found", flags)
	}
}

// FailsWithoutOutput runs a program while its standard output fails like a full disk, and wants
// exit code 1 and a message that says so. It runs the version, the help of every command both
// ways, the completion for every shell, and the given command lines.
func FailsWithoutOutput(t *testing.T, name string, root *cobra.Command, run func(arguments []string, stdout, stderr io.Writer) int, lines ...string) {
	lines = append(lines, "--version")
	walk(root, func(c *cobra.Command) {
		path := strings.TrimSpace(strings.TrimPrefix(c.CommandPath(), root.Name()))
		lines = append(lines, "help "+path, path+" --help")
		if strings.HasPrefix(path, "completion") {
			lines = append(lines, path)
		}
	})
	for _, line := range lines {
		var talk strings.Builder
		code := run(strings.Fields(line), brokenWriter{}, &talk)
		if want := name + ": print the answer: no space left on device\n"; code != protocol.ExitFault || !strings.HasSuffix(talk.String(), want) {
			t.Errorf("%q: exit code %d, want %d and %q: %q", line, code, protocol.ExitFault, want, talk.String())
		}
	}
}

// brokenWriter fails like a full disk.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func walk(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, child := range c.Commands() {
		walk(child, visit)
	}
}

// valueOf returns a value that a flag takes, and whether it takes several.
func valueOf(f *pflag.Flag) (value string, repeatable bool) {
	switch kind := f.Value.Type(); kind {
	case "bool":
		return "true", false
	case "int", "uint64", "float64":
		return "1", false
	case "duration":
		return "5s", false
	case "string":
		if f.DefValue != "" {
			return f.DefValue, false
		}
		return "x", false
	default:
		return "", true
	}
}
