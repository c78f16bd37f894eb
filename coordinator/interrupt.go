package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/spf13/cobra"

	"spiqsweep/worker/program"
)

// interrupter decides how signals end the program. The first signal cancels the
// context, so that a command can save its work; a signal one second later or more ends
// the program immediately. A read-only command ends immediately with the first signal.
type interrupter struct {
	cancel context.CancelFunc
	exit   func() // ends the program
	stop   func()

	mu        sync.Mutex // guards the fields below
	signalled bool       // a signal has arrived
	mayExit   bool       // the command has nothing to save
}

// newInterrupter returns a context that the first signal cancels.
func newInterrupter(stderr io.Writer) (context.Context, *interrupter) {
	ctx, cancel := context.WithCancel(context.Background())
	i := &interrupter{cancel: cancel, exit: func() {
		fmt.Fprintln(stderr, "coordinator: interrupted")
		os.Exit(exitInterrupted)
	}}
	stop := program.Signals(func(os.Signal) { i.first() }, func(os.Signal) { os.Exit(exitInterrupted) })
	i.stop = func() { stop(); cancel() }
	return ctx, i
}

func (i *interrupter) first() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.signalled = true
	if i.mayExit {
		i.exit()
		return
	}
	i.cancel()
}

// allowExit lets the first signal end the program immediately, also one that has
// already arrived.
func (i *interrupter) allowExit() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.mayExit = true
	if i.signalled {
		i.exit()
	}
}

// readOnly is the annotation of commands that only read and print.
var readOnly = map[string]string{"read-only": ""}

// isReadOnly reports whether c, or the command that it is a subcommand of, has the
// annotation readOnly or is one of cobra's, which only print.
func isReadOnly(c *cobra.Command) bool {
	for ; c != nil; c = c.Parent() {
		if _, marked := c.Annotations["read-only"]; marked || c.Name() == "help" || c.Name() == "completion" {
			return true
		}
	}
	return false
}
