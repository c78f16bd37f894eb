package program

import (
	"io"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"
)

// LogFlags choose how much is logged, and in which form.
type LogFlags struct{ level, format string }

// Add adds the flags to a command.
func (f *LogFlags) Add(c *cobra.Command, level string) {
	f.level, f.format = level, "text"
	c.Flags().Var(&Choice{&f.level, []string{"trace", "debug", "info", "warn", "error", "off"}}, "log-level", "trace, debug, info, warn, error or off")
	c.Flags().Var(&Choice{&f.format, []string{"text", "json"}}, "log-format", "text or json")
}

// Arguments returns the flags as a command line, for a child process.
func (f *LogFlags) Arguments() []string {
	return []string{"--log-level", f.level, "--log-format", f.format}
}

// Logger returns a logger that writes to out.
func (f *LogFlags) Logger(name string, out io.Writer, colour hclog.ColorOption) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{
		Name: name, Level: hclog.LevelFromString(f.level), JSONFormat: f.format == "json", Output: out, Color: colour,
	})
}
