package slurm

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"spiqsweep/coordinator/folder"
)

func TestCheckOptions(t *testing.T) {
	for _, test := range []struct {
		options []string
		oneJob  bool
		want    string // in the error; "": none
	}{
		{nil, false, ""},
		{[]string{"--time=1:00:00", "-p", "short", "--mem-per-cpu", "500M", "--exclusive"}, false, ""},
		{[]string{"--ntasks-per-node=4"}, true, ""},
		{[]string{"--nodes=2"}, true, ""},
		{[]string{"-N2"}, true, ""},
		{[]string{"--export=ALL", "--export", "HOME,PATH"}, false, ""},
		{[]string{"--signal=B:TERM@300"}, false, ""},
		{[]string{"--account=me", "--wckey=x", "--partition=x"}, false, ""},
		{[]string{"short"}, false, `"short" is no option of sbatch`},
		{[]string{"--array=1-4"}, false, "--workers and --parallel"},
		{[]string{"--arr", "1-4"}, false, "--workers and --parallel"},
		{[]string{"-a1-4"}, false, "--workers and --parallel"},
		{[]string{"-n", "4"}, false, "--workers gives the number"},
		{[]string{"--ntasks=4"}, true, "--workers gives the number"},
		{[]string{"--nodes=2"}, false, "one worker on one node"},
		{[]string{"-N", "2"}, false, "one worker on one node"},
		{[]string{"--wrap=true"}, false, "the script runs the worker"},
		{[]string{"--wait"}, false, "add it to the sbatch command"},
		{[]string{"--signal=TERM@60"}, false, "must be B:TERM@SECONDS"},
		{[]string{"--signal", "B:USR1@60"}, false, "must be B:TERM@SECONDS"},
		{[]string{"--export=TOKEN=secret"}, false, "may show the value to others"},
		{[]string{"--export", "ALL,TOKEN=secret"}, false, "may show the value to others"},
		{[]string{"--comment=a\n#SBATCH --uid=0"}, false, "control characters"},
	} {
		err := CheckOptions(test.options, test.oneJob)
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%q: %v", test.options, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%q: error %v, want %q", test.options, err, test.want)
		case err != nil && !errors.As(err, new(*folder.InputError)):
			t.Errorf("%q: %v is not bad input", test.options, err)
		}
	}
}

func TestSignalBefore(t *testing.T) {
	for options, want := range map[string]time.Duration{
		"":                      2 * time.Minute,
		"--time=1:00:00":        2 * time.Minute,
		"--signal=B:TERM@300":   5 * time.Minute,
		"--signal B:SIGTERM@65": 65 * time.Second,
		"--sig=B:TERM@0":        0,
		"--signal=B:TERM":       time.Minute,
		"--signal=B:TERM@1 --signal=B:TERM@7 -p x": 7 * time.Second,
	} {
		fields := strings.Fields(options)
		if err := CheckOptions(fields, false); err != nil {
			t.Errorf("%q: %v", options, err)
		}
		if got := signalBefore(fields); got != want {
			t.Errorf("%q: %v, want %v", options, got, want)
		}
	}
}

// readDirective reads the words of a directive as sbatch does.
func readDirective(line string) (words []string) {
	var word strings.Builder
	quote, escaped, began := rune(0), false, false
	for _, c := range line {
		switch {
		case escaped:
			word.WriteRune(c)
			escaped = false
		case c == '\\':
			escaped = true
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, began = c, true
		case quote == 0 && (c == ' ' || c == '\t'):
			if began {
				words = append(words, word.String())
			}
			word.Reset()
			began = false
		case quote == 0 && c == '#' && !began:
			return words
		default:
			word.WriteRune(c)
			began = true
		}
	}
	if began {
		words = append(words, word.String())
	}
	return words
}

func TestDirectivesKeepOptions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		options := rapid.SliceOf(rapid.OneOf(
			rapid.StringMatching(`--[a-z]{1,9}(=[ -~äß]{0,12})?`),
			rapid.StringMatching(`[!-,.-~][ -~]{0,12}`),
		)).Draw(t, "options")
		var read []string
		for _, line := range directives(options) {
			read = append(read, readDirective(line)...)
		}
		if !slices.Equal(read, options) {
			t.Errorf("sbatch reads %q, want %q", read, options)
		}
	})
}

func TestArrays(t *testing.T) {
	for _, test := range []struct {
		tasks, parallel, size int
		want                  string
	}{
		{32, 0, 1001, "[1-32]"},
		{32, 8, 1001, "[1-32%8]"},
		{32, 32, 1001, "[1-32]"},
		{1000, 0, 1001, "[1-1000]"},
		{1001, 0, 1001, "[1-501 1-500]"},
		{2500, 100, 1001, "[1-834%34 1-833%33 1-833%33]"},
	} {
		got, err := Arrays(test.tasks, test.parallel, test.size)
		if err != nil || fmt.Sprint(got) != test.want {
			t.Errorf("%d tasks, %d at a time, MaxArraySize %d: %v, %v, want %s", test.tasks, test.parallel, test.size, got, err, test.want)
		}
	}
	for _, refused := range [][3]int{{10, 0, 1}, {10, 0, 0}, {2001, 2, 1001}} {
		if got, err := Arrays(refused[0], refused[1], refused[2]); err == nil || !errors.As(err, new(*folder.InputError)) {
			t.Errorf("%v: %v, %v, want bad input", refused, got, err)
		}
	}
}

func TestArraysAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tasks, size := rapid.IntRange(1, 5000).Draw(t, "tasks"), rapid.IntRange(2, 1500).Draw(t, "size")
		parallel := rapid.IntRange(0, 5000).Draw(t, "parallel")
		arrays, err := Arrays(tasks, parallel, size)
		if err != nil {
			if parallel*(size-1) >= tasks {
				t.Fatalf("refused although each array can run one task: %v", err)
			}
			return
		}
		all, running := 0, 0
		for _, array := range arrays {
			last, limit := 0, 0
			if n, _ := fmt.Sscanf(array, "1-%d%%%d", &last, &limit); n < 2 {
				limit = last
			}
			if last < 1 || last >= size || limit < 1 || limit > last {
				t.Errorf("array %s for MaxArraySize %d", array, size)
			}
			all, running = all+last, running+limit
		}
		want := tasks
		if parallel > 0 {
			want = min(parallel, tasks)
		}
		if all != tasks || running != want {
			t.Errorf("%v have %d tasks, of which %d run at a time, want %d and %d", arrays, all, running, tasks, want)
		}
	})
}

func TestCheckArgument(t *testing.T) {
	for value, ok := range map[string]bool{"it's 100 %": true, `a\b`: true, "": true, "a\nb": false, "a\x1bb": false, "\xff": false} {
		if err := CheckArgument("--var", value); (err == nil) != ok {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestCheckPath(t *testing.T) {
	for path, ok := range map[string]bool{"/home/me/it's 100 %": true, "": true, "/a\nb": false, `/a\b`: false} {
		if err := CheckPath("--out", path); (err == nil) != ok {
			t.Errorf("%q: %v", path, err)
		}
	}
}
