package main

import (
	"context"
	"os"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/worker/program"
)

// signals closes drain at the first signal, and cancels ctx at another one at least a second
// later.
func signals(log hclog.Logger) (ctx context.Context, drain <-chan struct{}, release func()) {
	ctx, cancel := context.WithCancel(context.Background())
	program.OutlivePipes()
	draining := make(chan struct{})
	stop := program.Signals(func(s os.Signal) {
		close(draining) // first, since the log may block on a terminal
		log.Info("handing back and leaving; once more to leave at once", "signal", s)
	}, func(s os.Signal) {
		cancel()
		log.Warn("leaving at once", "signal", s)
	})
	return ctx, draining, func() {
		stop()
		cancel()
	}
}
