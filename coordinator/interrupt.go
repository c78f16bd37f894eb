package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"spiqsweep/worker/program"
)

// interrupter decides how signals end the program. The first ends the context, so
// that a command can write down what it has; one a second later ends the program
// at once. A command that has nothing to write down ends at once with the first.
type interrupter struct {
	cancel context.CancelFunc
	exit   func() // ends the program
	stop   func()

	mu     sync.Mutex // guards what follows
	asked  bool       // a signal came
	atOnce bool       // there is nothing to write down
}

// newInterrupter returns a context that ends with the first signal.
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
	i.asked = true
	if i.atOnce {
		i.exit()
		return
	}
	i.cancel()
}

// allowAtOnce says that nothing is lost if the program ends with the first
// signal, whether that came already or not.
func (i *interrupter) allowAtOnce() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.atOnce = true
	if i.asked {
		i.exit()
	}
}

// keepsNothing reports whether a command, or the one that it belongs to, only
// reads and prints.
func keepsNothing(c *cobra.Command) bool {
	if c.Parent() != nil && c.Parent().HasParent() {
		c = c.Parent()
	}
	return slices.Contains([]string{"plan", "describe", "settings", "list", "status", "help", "completion"}, c.Name())
}
