package slurm

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"spiqsweep/coordinator/folder"
	"spiqsweep/sweep"
)

// refused are options of sbatch that would contradict a script, by their long and, if there
// is one, their short name, with the reason.
var refused = []struct{ long, short, why string }{
	{"array", "a", "--workers and --parallel decide on the array"},
	{"ntasks", "n", "--workers gives the number of workers"},
	{"nodes", "N", onlyOneJob},
	{"wrap", "", "the script runs the worker"},
	{"wait", "W", "add it to the sbatch command"},
	{"parsable", "", "add it to the sbatch command"},
	{"test-only", "", "add it to the sbatch command"},
}

// onlyOneJob is why an option is refused without --one-job.
const onlyOneJob = "each task of the array is one worker on one node: --cpus-per-task gives its cores"

// signals matches the values of --signal that reach the worker, or the script of a OneJob.
var signals = regexp.MustCompile(`^B:(?:SIG)?TERM(?:@([0-9]{1,5}))?$`) // Slurm allows 0 to 65535

// CheckOptions returns an *folder.InputError if an option of sbatch contradicts a script, or
// would show a secret. isOneJob is for a OneJob.
func CheckOptions(options []string, isOneJob bool) error {
	for i, option := range options {
		if sweep.Printable(option) != option {
			return folder.BadInput("option %q of sbatch has control characters: leave them out", option)
		}
		name, value, hasValue := strings.Cut(option, "=")
		switch {
		case !strings.HasPrefix(option, "-") && i == 0:
			return folder.BadInput("%q is no option of sbatch: after -- give options such as --time=12:00:00", option)
		case !strings.HasPrefix(option, "-"):
			continue // the value of the option before
		case !hasValue && i+1 < len(options) && !strings.HasPrefix(options[i+1], "-"):
			value = options[i+1]
		}
		for _, r := range refused {
			if isOneJob && r.why == onlyOneJob {
				continue
			}
			if isNamed(name, r.long) || r.short != "" && strings.HasPrefix(option, "-"+r.short) {
				return folder.BadInput("option %s of sbatch cannot be given here: %s", option, r.why)
			}
		}
		switch {
		case isNamed(name, "signal") && !signals.MatchString(value):
			return folder.BadInput("option %s of sbatch: must be B:TERM@SECONDS, since the worker takes the place of the batch script", option)
		case isNamed(name, "export") && strings.Contains(value, "="):
			return folder.BadInput("option %s of sbatch: `scontrol show job` may show the value to others: set the variable in the environment of sbatch, and give its name alone", option)
		}
	}
	return nil
}

// signalBefore returns the time before the walltime at which Slurm sends TERM to a job with
// options of sbatch that CheckOptions accepts: that of the last --signal.
func signalBefore(options []string) time.Duration {
	before := defaultSignalBefore
	for i, option := range options {
		name, value, hasValue := strings.Cut(option, "=")
		if !isNamed(name, "signal") {
			continue
		}
		if !hasValue && i+1 < len(options) {
			value = options[i+1]
		}
		if match := signals.FindStringSubmatch(value); match != nil {
			before = time.Minute // Slurm's default
			if seconds, err := strconv.Atoi(match[1]); err == nil {
				before = time.Duration(seconds) * time.Second
			}
		}
	}
	return before
}

// isNamed reports whether the name of an option is a long name, or an abbreviation of it by
// which sbatch recognises it.
func isNamed(option, long string) bool {
	name, found := strings.CutPrefix(option, "--")
	return found && (name == long || len(name) >= 3 && strings.HasPrefix(long, name))
}

// directives returns the options of sbatch as they follow #SBATCH: an option with its value in each line.
// sbatch reads double quotes, in which a backslash escapes the next character.
func directives(options []string) (lines []string) {
	for _, option := range options {
		word := option
		if option == "" || strings.ContainsAny(option, " \t\"'\\#") {
			word = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(option) + `"`
		}
		if strings.HasPrefix(option, "-") || len(lines) == 0 {
			lines = append(lines, word)
			continue
		}
		lines[len(lines)-1] += " " + word
	}
	return lines
}

// CheckPath returns an *folder.InputError for a path that cannot stand in a script: Slurm
// replaces nothing in the name of a log with a backslash.
func CheckPath(what, path string) error {
	if sweep.Printable(path) != path || strings.Contains(path, `\`) {
		return folder.BadInput("%s %q: a path in a script for Slurm must have neither control characters nor backslashes: move or link it", what, path)
	}
	return nil
}

// CheckArgument returns an *folder.InputError for the value of a flag that sh could not read in
// a script.
func CheckArgument(flag, value string) error {
	if sweep.Printable(value) != value {
		return folder.BadInput("%s %q: a value in a script for Slurm must have no control characters: leave them out, or rename the file", flag, value)
	}
	return nil
}

// DefaultMaxArraySize is Slurm's default of the site's setting MaxArraySize. The largest
// index of an array is one less.
const DefaultMaxArraySize = 1001

// Arrays returns values of sbatch's --array whose arrays together have a number of tasks, of
// which a number may run at a time; 0: all. They are as equal as possible.
func Arrays(tasks, parallel, maxArraySize int) ([]string, error) {
	if maxArraySize < 2 {
		return nil, folder.BadInput("MaxArraySize is %d: the site allows no job arrays: use --one-job", maxArraySize)
	}
	arrays := (tasks + maxArraySize - 2) / (maxArraySize - 1)
	isLimited := parallel > 0 && parallel < tasks
	if isLimited && parallel < arrays {
		return nil, folder.BadInput("%d workers need %d arrays, since an array has at most %d tasks here, and each array runs at least one: with --parallel %d, ask for at most %d workers",
			tasks, arrays, maxArraySize-1, parallel, parallel*(maxArraySize-1))
	}
	var values []string
	for i := range arrays {
		value := fmt.Sprintf("1-%d", share(tasks, arrays, i))
		if isLimited {
			value += fmt.Sprintf("%%%d", share(parallel, arrays, i))
		}
		values = append(values, value)
	}
	return slices.Clip(values), nil
}

// share returns part i of n in a number of parts that differ by one at most.
func share(n, parts, i int) int {
	if i < n%parts {
		return n/parts + 1
	}
	return n / parts
}
