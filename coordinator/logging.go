package main

import (
	"io"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"
)

// logFlags say how much is logged, and in which form.
type logFlags struct{ level, format string }

func (f *logFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.level, "log-level", "warn", "trace, debug, info, warn or error")
	c.Flags().StringVar(&f.format, "log-format", "text", "text or json")
}

// arguments are the flags as a command line, for a child.
func (f *logFlags) arguments() []string {
	return []string{"--log-level", f.level, "--log-format", f.format}
}

func (f *logFlags) logger(name string, out io.Writer, colour hclog.ColorOption) (hclog.Logger, error) {
	level := hclog.LevelFromString(f.level)
	if level == hclog.NoLevel || level == hclog.Off {
		return nil, usage("--log-level %q: must be trace, debug, info, warn or error", f.level)
	}
	if f.format != "text" && f.format != "json" {
		return nil, usage("--log-format %q: must be text or json", f.format)
	}
	return hclog.New(&hclog.LoggerOptions{
		Name: name, Level: level, JSONFormat: f.format == "json", Output: out, Color: colour,
	}), nil
}
