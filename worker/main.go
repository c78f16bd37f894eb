// Command worker runs the tasks of a coordinator.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"spiqsweep/proto/protocol"
	"spiqsweep/sweep"
	"spiqsweep/worker/program"
	_ "spiqsweep/worker/program/limits" // checks them before main
)

// version is set by the linker; see the Makefile.
var version = ""

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run runs the program. It writes data to stdout and messages to stderr; an error is one line
// that begins with the program's name.
func run(arguments []string, stdout, stderr io.Writer) (exitCode int) {
	stdout, stderr = program.EscapeArguments(stdout, arguments), program.EscapeArguments(stderr, arguments)
	root := newRoot(stderr, &exitCode)
	root.SetArgs(arguments)
	out := &program.Output{Writer: stdout}
	root.SetOut(out)
	root.SetErr(stderr)
	program.Guard(root, nil)
	err := root.Execute()
	if failure := out.Failure(); failure != nil {
		err = &faultError{failure}
	}
	if err == nil {
		return exitCode
	}
	fmt.Fprintln(stderr, "worker: "+sweep.PrintableLines(err.Error()))
	if fault := (*faultError)(nil); errors.As(err, &fault) {
		return protocol.ExitFault
	}
	return protocol.ExitUsage
}

// newRoot returns the root command.
func newRoot(stderr io.Writer, exitCode *int) *cobra.Command {
	root := startCommand(stderr, exitCode)
	root.AddCommand(selftestCommand(), program.VersionCommand("worker", version))
	root.Version = program.Version(version)
	root.SilenceErrors, root.SilenceUsage = true, true
	return root
}

// faultError marks an error that the user did not cause. All others are errors of usage.
type faultError struct{ error }

func (e *faultError) Unwrap() error { return e.error }
