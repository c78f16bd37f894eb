package program

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"spiqsweep/sweep"
)

// synonyms are words that other programs use for flags of these, the likeliest
// first.
var synonyms = map[string][]string{
	"config": {"grid"}, "file": {"grid"}, "hcl": {"grid"}, "sweep-file": {"grid"},
	"data": {"recording"}, "dataset": {"recording"}, "input": {"recording"}, "mat": {"recording"},
	"output": {"out"}, "output-dir": {"out"}, "outdir": {"out"}, "dir": {"out"}, "folder": {"out"}, "o": {"out"},
	"local": {"workers", "slots"}, "workers": {"local", "slots"}, "jobs": {"local", "slots", "workers"}, "threads": {"local", "slots", "workers"},
	"cores": {"local", "slots", "workers"}, "cpus": {"local", "slots", "workers"}, "parallel": {"local", "slots", "workers"},
	"j": {"local", "slots", "workers"}, "n": {"local", "slots", "workers"},
	"server": {"coordinator"}, "host": {"coordinator"}, "url": {"coordinator"}, "address": {"listen", "coordinator"},
	"port": {"listen"}, "bind": {"listen"}, "token": {"credentials"}, "key": {"credentials"},
	"db": {"store"}, "database": {"store"}, "verbose": {"log-level"}, "quiet": {"log-level"}, "debug": {"log-level"},
	"v": {"log-level"}, "q": {"log-level"}, "timeout": {"connect-timeout", "lease-term"}, "keep": {"stay"},
	"id": {"sweep"}, "name": {"sweep"},
}

// unknownFlag answers a flag that a command does not have.
func unknownFlag(c *cobra.Command, unknown *pflag.NotExistError, explain func(string) string) error {
	name, written := unknown.GetSpecifiedName(), "--"+unknown.GetSpecifiedName()
	if short := unknown.GetSpecifiedShortnames(); short != "" {
		name, _, _ = strings.Cut(short, "=")
		written = "-" + name
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	word := strings.ToLower(name)
	meant, isSynonym := Nearest(word, names), false
	if i := slices.IndexFunc(synonyms[word], func(s string) bool { return slices.Contains(names, s) }); i >= 0 {
		meant, isSynonym = synonyms[word][i], true
	}
	hint := ""
	if explain != nil && commandWithFlag(c, name) == nil {
		hint = explain(word)
	}
	switch other := commandWithFlag(c, name); {
	case other != nil && meant != name && !isSynonym: // one with a single hyphen is the command's own
		hint = fmt.Sprintf("`%s` has it, `%s` has not", other.CommandPath(), c.CommandPath())
	case meant != "" && hint == "":
		hint = "did you mean --" + meant + "?"
	case hint == "":
		hint = help(c)
	}
	return fmt.Errorf("unknown flag %s: %s", written, hint)
}

// commandWithFlag finds another command that has a flag.
func commandWithFlag(c *cobra.Command, flag string) *cobra.Command {
	for _, other := range append([]*cobra.Command{c.Root()}, c.Root().Commands()...) {
		if other != c && !other.Hidden && other.Flags().Lookup(flag) != nil {
			return other
		}
	}
	return nil
}

// NoArguments refuses arguments, and says which flag or command may have been meant.
func NoArguments(c *cobra.Command, words []string) error {
	if len(words) == 0 {
		return nil
	}
	word := words[0]
	if err := urlMistake(c, word); err != nil {
		return err
	}
	if flag := flagFor(c, word); flag != "" {
		return fmt.Errorf("unknown argument %q: did you mean --%s %s?", word, flag, word)
	}
	if !c.HasParent() {
		if slices.Contains(starting, strings.ToLower(word)) {
			return fmt.Errorf("unknown command %q: `%s` does it without one: give flags alone, see `%s --help`", word, c.CommandPath(), c.CommandPath())
		}
		if names := c.SuggestionsFor(word); len(names) > 0 {
			return fmt.Errorf("unknown command %q: did you mean `%s %s`?", word, c.CommandPath(), names[0])
		}
		return fmt.Errorf("unknown command %q: %s", word, help(c))
	}
	return fmt.Errorf("unknown argument %q: %s", word, help(c))
}

// starting are words for what both programs do without a command.
var starting = []string{"run", "start", "train", "fit", "go", "launch", "begin", "exec", "execute", "resume", "continue", "work", "sweep", "submit"}

// NamedArguments allows any number of names, up to a limit unless that is 0, and
// refuses paths: those belong to a flag.
func NamedArguments(limit int) cobra.PositionalArgs {
	return func(c *cobra.Command, words []string) error {
		for _, word := range words {
			if err := urlMistake(c, word); err != nil {
				return err
			}
			if flag := flagFor(c, word); flag != "" && strings.ContainsAny(word, `/\.:`) {
				return fmt.Errorf("%q is a path, not a %s: did you mean --%s %s?", word, argument(c), flag, word)
			}
		}
		if limit > 0 && len(words) > limit {
			return fmt.Errorf("unknown argument %q: `%s` takes one %s", words[limit], c.CommandPath(), argument(c))
		}
		return nil
	}
}

// urlMistake refuses the URL of a coordinator, whose address has no scheme.
func urlMistake(c *cobra.Command, word string) error {
	scheme, _, found := strings.Cut(word, "://")
	if !found || c.Flags().Lookup("coordinator") == nil || !slices.Contains([]string{"http", "https", "grpc", "grpcs", "tcp"}, strings.ToLower(scheme)) {
		return nil
	}
	return fmt.Errorf("%q is a URL: write the address of a coordinator without %s://, as --coordinator HOST:PORT", word, scheme)
}

// helpTopic checks the argument of the command help, which cobra does not.
func helpTopic(c *cobra.Command, words []string) error {
	for at := c.Root(); len(words) > 0; words = words[1:] {
		i := slices.IndexFunc(at.Commands(), func(child *cobra.Command) bool { return child.Name() == words[0] })
		if i < 0 {
			return NoArguments(c.Root(), words)
		}
		at = at.Commands()[i]
	}
	return nil
}

// flagFor returns the flag of a command to which a word belongs by its form: a
// grid, a recording, a folder and so on. "": none.
func flagFor(c *cobra.Command, word string) string {
	flag := ""
	switch strings.ToLower(filepath.Ext(word)) {
	case ".hcl", ".tf":
		flag = "grid"
	case ".mat", ".npy", ".csv", ".nwb", ".h5":
		flag = "recording"
	case ".json":
		flag = "coordinator"
	case ".db", ".sqlite":
		flag = "store"
	default:
		if info, err := os.Stat(word); err == nil && info.IsDir() || strings.ContainsAny(word, `/\`) {
			flag = "out"
		}
		if host, port, err := net.SplitHostPort(word); err == nil && host != "" && port != "" {
			flag = "coordinator"
		}
		if strings.Contains(word, "://") {
			flag = "store"
		}
	}
	if c.Flags().Lookup(flag) == nil {
		return ""
	}
	return flag
}

// Nearest returns the candidate that a misspelt word may mean: the nearest by
// [sweep.Nearest], else one that begins with the word or that the word begins with.
// It returns "" if there is none.
func Nearest(word string, candidates []string) string {
	word = strings.ToLower(strings.ReplaceAll(word, "_", "-"))
	if nearest := sweep.Nearest(word, candidates); nearest != "" || len(word) < 3 {
		return nearest
	}
	begun := slices.DeleteFunc(slices.Clone(candidates), func(candidate string) bool {
		shorter := len(candidate) > 2 && strings.HasPrefix(word, candidate)
		return !shorter && !strings.HasPrefix(candidate, word)
	})
	slices.SortFunc(begun, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
	if len(begun) == 0 {
		return ""
	}
	return begun[0]
}
