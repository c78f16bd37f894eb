package program_test

import (
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"spiqsweep/worker/program"
)

// inGo matches what only a programmer would understand.
var inGo = regexp.MustCompile(`(?i)strconv|parse|parsing|syntax|pflag|goroutine|runtime error|%!`)

// FuzzFlagValues gives a flag of each kind a value, once and twice: a blank value is
// refused, and so is a second one, unless the flag is a list. A refusal is one line
// that begins with the flag's name and has no words of Go but those of the value.
func FuzzFlagValues(f *testing.F) {
	for _, value := range []string{"", " ", "\u2003", "x", "1", "-1", "1e400", "99999999999999999999", "0x10", "5m", "5", "true", "--out", "--\n", "~/x", "~/a\nb", "$A\x1b/x", "a,b", ",", `"`, "a=b", "=b", "a\n=b", "file:///x\ny", "\xff"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, flag := range []string{"text", "whole", "seed", "share", "time", "json", "list", "word", "pair"} {
			blank := strings.TrimSpace(value) == ""
			arguments := []string{"--" + flag + "=" + value}
			for times, err := range map[int]error{1: set(arguments...), 2: set(append(arguments, arguments...)...)} {
				if err == nil {
					if blank || times == 2 && flag != "list" {
						t.Errorf("--%s, %d times %q: no error", flag, times, value)
					}
					continue
				}
				said := err.Error()
				if strings.ContainsAny(said, "\n\r") || !strings.HasPrefix(said, "--"+flag+" ") || blank && !strings.Contains(said, " is empty") {
					t.Errorf("--%s, %d times %q: %q", flag, times, value, said)
				}
				if word := inGo.FindString(said); word != "" && !strings.Contains(strings.ToLower(value), strings.ToLower(word)) {
					t.Errorf("--%s %q: %q stands in %q", flag, value, word, said)
				}
			}
		}
	})
}

// set runs a command with one flag of each kind.
func set(arguments ...string) error {
	var word string
	pairs := program.Pairs{}
	c := &cobra.Command{Use: "test", SilenceErrors: true, SilenceUsage: true, Run: func(*cobra.Command, []string) {}}
	flags := c.Flags()
	flags.String("text", "", "")
	flags.Int("whole", 0, "")
	flags.Uint64("seed", 0, "")
	flags.Float64("share", 0, "")
	flags.Duration("time", time.Second, "")
	flags.Bool("json", false, "")
	flags.StringSlice("list", nil, "")
	flags.Var(&program.Choice{Target: &word, Allowed: []string{"warn", "error"}}, "word", "")
	flags.Var(&pairs, "pair", "")
	c.SetArgs(arguments)
	c.SetOut(io.Discard)
	c.SetErr(io.Discard)
	program.Guard(c, nil)
	return c.Execute()
}

// TestListOfSeveralLines checks that a list is refused of which pflag would drop all lines
// but the first.
func TestListOfSeveralLines(t *testing.T) {
	for _, value := range []string{"a\nb", "a,b\n", "a\r\nb"} {
		if err := set("--list=" + value); err == nil || !strings.Contains(err.Error(), "has several lines: separate values by commas") {
			t.Errorf("%q: %v", value, err)
		}
	}
}
