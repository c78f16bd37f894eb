// Command coordinator runs a sweep: it plans a grid, hands the tasks to local and
// remote workers, and writes tables, figures and models.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"runtime/pprof"
	"strings"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/folder"
	"spiqsweep/proto/protocol"
	"spiqsweep/sweep"
	"spiqsweep/worker/program"
	_ "spiqsweep/worker/program/limits" // checks them before main
)

// The exit codes (DESIGN.md, section 5.5).
const (
	exitDone        = protocol.ExitDone
	exitFault       = protocol.ExitFault    // a fault of the coordinator, or a file of the output folder that could not be written
	exitUsage       = protocol.ExitUsage    // bad usage or bad input
	exitIncomplete  = 3                     // some tasks failed, diverged, or were reopened at the end
	exitWorkLeft    = 4                     // plan --detailed-exitcode: tasks are left to run
	exitTimeUp      = protocol.ExitWorkLeft // tasks are left after --until
	exitInterrupted = 130                   // by a signal
)

// version is set by the linker; see the Makefile.
var version = ""

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run executes the command line and returns the exit code.
func run(arguments []string, stdin io.Reader, stdout, stderr io.Writer) int {
	readable := isRead(stdout)
	stdout, stderr = program.EscapeArguments(stdout, arguments), program.EscapeArguments(stderr, arguments)
	defer profile(stderr)()
	ctx, interrupts := newInterrupter(stderr)
	defer interrupts.stop()
	root, began := newRoot(stdin, stderr)
	root.PersistentPreRun = func(c *cobra.Command, _ []string) {
		*began = true
		if isReadOnly(c) && !watchesScreen(c) {
			interrupts.allowExit()
		} else {
			program.OutlivePipes()
		}
	}
	root.SetArgs(arguments)
	out := &program.Output{Writer: stdout, IsTerminal: readable}
	root.SetOut(out)
	root.SetErr(stderr)
	program.Guard(root, settingHint)
	err := root.ExecuteContext(ctx)
	if failure := out.Failure(); failure != nil && ctx.Err() == nil {
		complain(stderr, "%v", failure)
		return exitFault
	}
	if err == nil {
		return exitDone
	}
	var ended *endError
	if errors.As(err, &ended) {
		return ended.code // the command has printed why
	}
	var input *folder.InputError
	switch {
	case ctx.Err() != nil: // a signal ended the command, whatever error it returned
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

// complain prints an error. It escapes control characters, since the error may quote
// files, workers and coordinators.
func complain(stderr io.Writer, format string, a ...any) {
	fmt.Fprintln(stderr, "coordinator: "+sweep.PrintableLines(fmt.Sprintf(format, a...)))
}

// interruption describes the error of a command that a signal ended.
func interruption(err error) string {
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	return fmt.Sprintf("interrupted: %v", err)
}

// settingHint explains an unknown flag that has the name of a setting; it returns ""
// for any other flag.
func settingHint(flag string) string {
	name := strings.ReplaceAll(flag, "-", "_")
	if setting, known := sweep.Lookup(name); known {
		return fmt.Sprintf("%s is a setting, which stands in the grid file: `coordinator settings` lists them", setting.Name)
	}
	return ""
}

// endError ends the program with an exit code, after the command has printed why.
type endError struct{ code int }

func (e *endError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// newRoot builds the tree of commands. It sets *began when a command's own code
// begins: an error before that is a usage error.
func newRoot(stdin io.Reader, stderr io.Writer) (root *cobra.Command, began *bool) {
	began = new(bool)
	t := newTerminal(stderr)
	root = sweepCommand(t)
	root.Version = programVersion()
	root.SilenceErrors, root.SilenceUsage = true, true
	root.AddCommand(
		initCommand(),
		planCommand(t),
		statusCommand(),
		logsCommand(),
		whyCommand(),
		reproCommand(t),
		verifyCommand(t),
		describeCommand(),
		figuresCommand(t),
		sampleCommand(t),
		exportCommand(t),
		resultsCommand(),
		compareCommand(),
		settingsCommand(),
		program.VersionCommand("coordinator", version),
		doctorCommand(),
		serveCommand(t),
		keysCommand(t),
		healthCommand(),
		hostsCommand(),
		slurmCommand(),
		localWorkerCommand(stdin, stderr),
	)
	root.AddCommand(operatorCommands()...)
	completeFlags(root)
	return root, began
}

// programVersion returns the version that the linker set, else that of the module.
func programVersion() string { return program.Version(version) }

// memoryLimit is the heap size that the garbage collector tries to stay below. SQLite
// uses about 100 MB outside of it. A sweep of a million tasks keeps about 160 MB and a
// thousand connections 100 MB: with half of this limit, the collector then took as much
// time as all else.
const memoryLimit = 640 << 20

// limitMemory sets memoryLimit, unless the environment sets GOMEMLIMIT. The limit is
// soft: a larger sweep gets more memory.
func limitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}

// profileVariable is the environment variable with the path of a file to write a CPU
// profile to, for `go tool pprof`.
const profileVariable = "SPIQSWEEP_PROFILE"

// profile starts a CPU profile if the environment asks for one, and returns the
// function that ends it.
func profile(stderr io.Writer) (end func()) {
	path := os.Getenv(profileVariable)
	if path == "" {
		return func() {}
	}
	file, err := os.Create(path)
	if err == nil {
		err = pprof.StartCPUProfile(file)
	}
	if err != nil {
		fmt.Fprintf(stderr, "coordinator: no profile is written: %v\n", err)
		return func() {}
	}
	return func() {
		pprof.StopCPUProfile()
		if err := file.Close(); err != nil {
			fmt.Fprintf(stderr, "coordinator: write the profile: %v\n", err)
		}
	}
}
