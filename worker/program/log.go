package program

import (
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"
)

// LogFlags are the flags --log-level and --log-format.
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

// Logger returns a logger that writes to out. JSON has no colours, and text has none if they
// depend on a terminal and out is not a file.
func (f *LogFlags) Logger(name string, out io.Writer, colour hclog.ColorOption) hclog.Logger {
	if _, isFile := out.(interface{ Fd() uintptr }); f.format == "json" || !isFile && colour == hclog.AutoColor {
		colour = hclog.ColorOff // hclog takes every other writer for a terminal
	}
	if f.format == "json" {
		out = JSONWriter{out}
	}
	return hclog.New(&hclog.LoggerOptions{
		Name: name, Level: hclog.LevelFromString(f.level), JSONFormat: f.format == "json", Output: out, Color: colour,
	})
}

// JSONWriter escapes, in JSON that is written to it, unprintable runes that encoding/json does
// not escape. The values stay the same. In text logs, hclog does this.
type JSONWriter struct{ io.Writer }

// Write writes whole runes.
func (w JSONWriter) Write(p []byte) (int, error) {
	escaped := make([]byte, 0, len(p))
	for _, r := range string(p) {
		if r == '\n' || unicode.IsPrint(r) {
			escaped = utf8.AppendRune(escaped, r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			escaped = fmt.Appendf(escaped, `\u%04x`, unit)
		}
	}
	if _, err := w.Writer.Write(escaped); err != nil {
		return 0, err
	}
	return len(p), nil
}
