package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
	"spiqsweep/sweep"
	"spiqsweep/worker/program"
)

// hostileText is what a worker may call itself, or say of a failure.
const hostileText = "\x1b]0;owned\a\x1b[2J\r\nsweep done\x00\x7f\u009b1m\u202e\u2028\U000e0041"

// TestTheTerminalObeysNobody: whatever is said, logged or printed holds no control
// character but line feeds and tabs, and forges no line.
func TestTheTerminalObeysNobody(t *testing.T) {
	logged := func(format string) func(*bytes.Buffer) {
		return func(out *bytes.Buffer) {
			var flags program.LogFlags
			c := &cobra.Command{}
			flags.Add(c, "info")
			if err := c.ParseFlags([]string{"--log-format", format}); err != nil {
				t.Fatal(err)
			}
			flags.Logger("test", out, hclog.ColorOff).Warn("failed", "why", hostileText)
		}
	}
	report := app.Status{
		Name: hostileText, KernelClass: hostileText,
		Workers:  []app.Worker{{Process: hostileText, Host: hostileText, EngineJob: hostileText, Kernel: hostileText, Running: []app.RunningTask{{Task: hostileText}}}},
		Failed:   []app.TaskReason{{Task: hostileText, Label: hostileText, Reason: hostileText}},
		Diverged: []app.TaskReason{{Task: hostileText, Label: hostileText, Reason: hostileText}},
	}
	for name, write := range map[string]func(*bytes.Buffer){
		"say":      func(out *bytes.Buffer) { newTerminal(out).say("worker %s", hostileText) },
		"complain": func(out *bytes.Buffer) { complain(out, "worker %s", hostileText) },
		"log":      logged("text"),
		"JSON log": logged("json"),
		"JSON":     func(out *bytes.Buffer) { _ = printJSON(out, report) },
		"status":   func(out *bytes.Buffer) { _ = printStatus(out, report, &placeFlags{}) },
		"list": func(out *bytes.Buffer) {
			_ = printSweeps(out, []app.SweepSummary{{Name: hostileText, ID: hostileText, KernelClass: hostileText}})
		},
	} {
		var out bytes.Buffer
		write(&out)
		text := out.String()
		if text != sweep.PrintableLines(text) || !strings.Contains(text, "owned") {
			t.Errorf("%s: %q", name, text)
		}
		keepsLines := name == "say" || name == "complain" // their callers escape line feeds
		if !keepsLines && strings.Contains(text, "\nsweep done") {
			t.Errorf("%s has a forged line: %q", name, text)
		}
	}
}

func TestEscapedJSONIsTheSameValue(t *testing.T) {
	var out bytes.Buffer
	want := "plain Größe – " + hostileText
	if err := printJSON(&out, want); err != nil {
		t.Fatal(err)
	}
	var got string
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got != want {
		t.Errorf("%q became %q, %v", want, got, err)
	}
}
