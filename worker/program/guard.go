package program

import (
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"spiqsweep/simulator/inputfile"
	"spiqsweep/sweep"
)

// Guard makes root and all its commands check their flags and arguments before they run. It
// must be called once, when all commands and the output are set. Its errors are one line.
// hint, unless nil, explains a flag that no command has, or returns "".
func Guard(root *cobra.Command, hint func(flag string) string) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil && completion != root {
		for _, shell := range completion.Commands() {
			shell.Example = fmt.Sprintf("  %s completion %s > completion.%[2]s", root.Name(), shell.Name())
			completion.Example += shell.Example + "\n"
		}
		completion.Example = strings.TrimSuffix(completion.Example, "\n")
	}
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return explain(c, err, hint) })
	var guard func(*cobra.Command)
	guard = func(c *cobra.Command) {
		c.InitDefaultHelpFlag()
		c.InitDefaultVersionFlag()
		wrap := func(f *pflag.Flag) {
			if _, twice := f.Value.(*value); !twice {
				f.Value = &value{f.Value, f}
			}
			if f.DefValue == "[]" || f.DefValue == "0s" || f.DefValue == "0" {
				f.DefValue = "" // pflag knows the zero values of its built-in types alone
			}
		}
		c.PersistentFlags().VisitAll(wrap)
		c.Flags().VisitAll(wrap)
		c.Args = arguments(c.Args)
		if c.Name() == "help" && c.Parent() == root {
			c.Args = arguments(helpTopic)
		}
		for _, child := range c.Commands() {
			guard(child)
		}
	}
	guard(root)
}

// requiredFlag annotates a flag that a command needs with what to give for it.
const requiredFlag = "spiqsweep_required"

// Require makes Guard refuse a command without the flag. give says what its value must be, as
// in "give the address".
func Require(c *cobra.Command, flag, give string) {
	c.Flags().Lookup(flag).Annotations = map[string][]string{requiredFlag: {give}}
}

// missing returns an error for a required flag that is not given.
func missing(c *cobra.Command) (err error) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if give := f.Annotations[requiredFlag]; give != nil && !f.Changed && err == nil {
			err = fmt.Errorf("--%s is missing: %s", f.Name, give[0])
		}
	})
	return err
}

// value is a flag value that must not be empty, and may be given once unless it is a list.
type value struct {
	pflag.Value
	flag *pflag.Flag
}

// Set implements pflag.Value.
func (v *value) Set(text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		remedy := "leave the flag out"
		if give := v.flag.Annotations[requiredFlag]; give != nil {
			remedy = give[0]
		}
		return fmt.Errorf("is empty: %s, or set the shell variable that was to give its value", remedy)
	case len(text) > 2 && strings.HasPrefix(text, "--"):
		return fmt.Errorf("has no value: %s follows, which is another flag", text)
	case v.Type() == "stringSlice" && strings.ContainsAny(text, "\r\n"): // of which pflag reads the first line
		return fmt.Errorf("%q has several lines: separate values by commas, or give the flag once for each", text)
	case v.flag.Changed && !repeatable(v.Type()) && !isCompletion():
		return fmt.Errorf("is given twice, the second time as %q: give it once", text)
	}
	if err := unexpanded(text); err != nil {
		return err
	}
	if err := v.Value.Set(text); err != nil {
		return v.mistake(text, err)
	}
	if list, ok := v.Value.(pflag.SliceValue); ok {
		for _, element := range list.GetSlice() {
			if strings.TrimSpace(element) == "" {
				return fmt.Errorf("%q has an empty value: remove the extra comma", text)
			}
		}
	}
	return nil
}

// isCompletion reports whether a shell has started the program to complete a command line, whose
// flags Cobra then parses twice.
func isCompletion() bool {
	return len(os.Args) > 1 && (os.Args[1] == cobra.ShellCompRequestCmd || os.Args[1] == cobra.ShellCompNoDescRequestCmd)
}

// repeatable reports whether a flag of a type may be given more than once.
func repeatable(kind string) bool {
	return strings.HasSuffix(kind, "Slice") || strings.HasSuffix(kind, "Array") || strings.HasPrefix(kind, "stringTo")
}

// hasUnits matches a duration whose parser can only refuse its length.
var hasUnits = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$`)

// mistake replaces a parser's error by one that names the expected kind of value.
func (v *value) mistake(text string, err error) error {
	var wanted string
	switch kind := v.Type(); {
	case errors.Is(err, strconv.ErrRange):
		wanted = "a number closer to 0"
	case kind == "bool":
		wanted = "true or false"
	case kind == "int":
		wanted = "a whole number"
	case kind == "uint64":
		wanted = "a whole number, 0 or more"
	case kind == "float64":
		wanted = "a number"
	case kind == "duration":
		wanted = "a time with its unit, such as 90s, 5m or 1h30m"
		if hasUnits.MatchString(text) {
			wanted = fmt.Sprintf("at most %.0fh", time.Duration(math.MaxInt64).Truncate(time.Hour).Hours())
		}
	case kind == "stringSlice":
		wanted = "values separated by commas; quote one that contains a comma or a quote"
	default:
		return err
	}
	return fmt.Errorf("%q: must be %s", text, wanted)
}

// explain rewrites an error of pflag.
func explain(c *cobra.Command, err error, hint func(string) string) error {
	var (
		invalid *pflag.InvalidValueError
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
	)
	switch {
	case errors.As(err, &invalid):
		return fmt.Errorf("--%s %w", invalid.GetFlag().Name, oneLine(invalid.Unwrap()))
	case errors.As(err, &missing):
		return fmt.Errorf("--%s has no value: it is the last word of the command", missing.GetFlag().Name)
	case errors.As(err, &unknown):
		if words := c.Flags().Args(); !c.HasParent() && len(words) > 0 {
			return c.ValidateArgs(words) // a misspelt command, before a flag of the one that was meant
		}
		return unknownFlag(c, unknown, hint)
	default:
		return fmt.Errorf("%w: %s", err, help(c))
	}
}

// help returns a reference to a command's help.
func help(c *cobra.Command) string {
	listed := "commands and flags"
	if c.HasParent() {
		listed = "its flags"
	}
	return fmt.Sprintf("`%s --help` lists %s", c.CommandPath(), listed)
}

// arguments checks the arguments of a command before its own check, and the required flags after
// it.
func arguments(next cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, words []string) error {
		for _, word := range words {
			if err := checkArgument(c, word); err != nil {
				return oneLine(err)
			}
		}
		if next != nil {
			if err := next(c, words); err != nil {
				return oneLine(err)
			}
		}
		return missing(c)
	}
}

// oneLine escapes line feeds and control characters that an error quotes.
func oneLine(err error) error {
	if err == nil || err.Error() == sweep.Printable(err.Error()) {
		return err
	}
	return errors.New(sweep.Printable(err.Error()))
}

func checkArgument(c *cobra.Command, word string) error {
	const dashes = "–—−" // which typesetting makes of hyphens
	switch {
	case strings.TrimSpace(word) == "":
		return fmt.Errorf("%s of `%s` is empty: leave it out, or set the shell variable that was to give its value", argument(c), c.CommandPath())
	case strings.IndexAny(word, dashes) == 0:
		return fmt.Errorf("%q begins with a dash that is not a hyphen: write --%s", word, strings.TrimLeft(word, dashes+"-"))
	}
	return unexpanded(word)
}

// argument returns the name of a command's arguments in its usage line.
func argument(c *cobra.Command) string {
	if words := strings.Fields(c.Use); len(words) == 2 {
		return strings.Trim(words[1], "[].")
	}
	return "an argument"
}

// unexpanded returns an error for a path that the shell should have expanded, unless a file of
// that name exists.
func unexpanded(text string) error {
	if _, err := os.Lstat(text); err == nil {
		return nil
	}
	return inputfile.Unexpanded(text)
}
