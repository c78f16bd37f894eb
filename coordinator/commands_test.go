package main

import (
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"spiqsweep/worker/program"
)

// TestEveryCommand checks that each command has an example of itself in its help, and each
// that only reads has --json.
func TestEveryCommand(t *testing.T) {
	root, _ := newRoot(strings.NewReader(""), io.Discard)
	program.Guard(root, nil)
	commands := 0
	var check func(c *cobra.Command)
	check = func(c *cobra.Command) {
		for _, child := range c.Commands() {
			check(child)
		}
		if c.Hidden || c.Name() == "help" || c.Name() == "completion" || c.HasParent() && c.Parent().Name() == "completion" {
			return
		}
		commands++
		for line := range strings.SplitSeq(c.Example, "\n") {
			if !strings.HasPrefix(line, "  "+c.CommandPath()) {
				t.Errorf("%s: the example %q does not show the command", c.CommandPath(), line)
			}
		}
		if _, reads := c.Annotations["read-only"]; reads && c.Flags().Lookup("json") == nil {
			t.Errorf("%s has no --json", c.CommandPath())
		}
	}
	check(root)
	if commands < 18 {
		t.Errorf("%d commands were found", commands)
	}
}
