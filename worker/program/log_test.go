package program_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"spiqsweep/worker/program"
)

// TestLogsHaveColoursOnlyOnATerminal writes a line in each format to a writer that is no
// terminal, and has colours forced as a program on a terminal does.
func TestLogsHaveColoursOnlyOnATerminal(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		format   string
		colour   hclog.ColorOption
		coloured bool
	}{
		{"text", hclog.AutoColor, false},
		{"text", hclog.ForceColor, true},
		{"text", hclog.ColorOff, false},
		{"json", hclog.AutoColor, false},
		{"json", hclog.ForceColor, false},
	} {
		var f program.LogFlags
		c := &cobra.Command{Run: func(*cobra.Command, []string) {}}
		f.Add(c, "info")
		if err := c.ParseFlags([]string{"--log-format", test.format}); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		f.Logger("worker", &out, test.colour).Warn("a line", "task", "1")
		if coloured := strings.Contains(out.String(), "\x1b") || strings.Contains(out.String(), `\u001b`); coloured != test.coloured {
			t.Errorf("%s with colour %d: %q, want colours: %v", test.format, test.colour, &out, test.coloured)
		}
		if test.format == "json" && !json.Valid(out.Bytes()) {
			t.Errorf("no JSON: %q", &out)
		}
	}
}
