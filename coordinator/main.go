// Command coordinator runs a sweep: it plans a grid, hands the tasks to workers
// of its own or elsewhere, and collects tables, figures and models.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
	"spiqsweep/sweep"
	"spiqsweep/worker/program"
)

// The exit codes (DESIGN.md, section 5.5).
const (
	exitDone        = 0
	exitFault       = 1   // the coordinator's own, or a file of the output folder that could not be written
	exitUsage       = 2   // bad usage or bad input
	exitIncomplete  = 3   // some cells failed, diverged, or reopened at the end
	exitInterrupted = 130 // by a signal
)

// version is set by the linker; see the Makefile.
var version = ""

func main() {
	program.RequireLimits("coordinator", os.Stderr)
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program.
func run(arguments []string, stdin io.Reader, stdout, stderr io.Writer) int {
	defer profile(stderr)()
	ctx, interrupts := newInterrupter(stderr)
	defer interrupts.stop()
	root, began := newRoot(stdin, stderr)
	root.PersistentPreRun = func(c *cobra.Command, _ []string) {
		*began = true
		if keepsNothing(c) {
			interrupts.allowAtOnce()
		} else {
			program.OutlivePipes()
		}
	}
	root.SetArgs(arguments)
	root.SetOut(stdout)
	root.SetErr(stderr)
	program.Guard(root, settingHint)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	var ended *endError
	if errors.As(err, &ended) {
		return ended.code // everything was said
	}
	var input *app.InputError
	switch {
	case ctx.Err() != nil: // by a signal, whatever the command made of it
		complain(stderr, "%s", interruption(err))
		return exitInterrupted
	case !*began, errors.As(err, &input):
		complain(stderr, "%v", err)
		return exitUsage
	default:
		complain(stderr, "%v", err)
		return exitFault
	}
}

// complain prints an error. It may quote files, workers and coordinators: it holds
// nothing that a terminal would obey.
func complain(stderr io.Writer, format string, a ...any) {
	fmt.Fprintln(stderr, "coordinator: "+sweep.PrintableLines(fmt.Sprintf(format, a...)))
}

// interruption describes the error of a command that a signal has ended.
func interruption(err error) string {
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	return fmt.Sprintf("interrupted: %v", err)
}

// settingHint explains a flag that is the name of a setting.
func settingHint(flag string) string {
	name := strings.ReplaceAll(flag, "-", "_")
	if setting, known := sweep.Lookup(name); known {
		return fmt.Sprintf("%s is a setting, which stands in the grid file: `coordinator settings` lists them", setting.Name)
	}
	return ""
}

// endError ends the program with a code after a command has said why.
type endError struct{ code int }

func (e *endError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// newRoot builds the tree of commands. Once a command's own code runs, began is
// true: an error before is one of usage.
func newRoot(stdin io.Reader, stderr io.Writer) (root *cobra.Command, began *bool) {
	began = new(bool)
	t := newTerminal(stderr)
	root = sweepCommand(t)
	root.Version = programVersion()
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		planCommand(), describeCommand(), statusCommand(), listCommand(), retryCommand(), cancelCommand(), drainCommand(), verifyCommand(t),
		deleteCommand(), settingsCommand(), serveCommand(t), localWorkerCommand(stdin, stderr),
	)
	return root, began
}

// programVersion is what the linker was told, or what Go knows of the module.
func programVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
