package main

import (
	"context"
	"os"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/worker/program"
)

// signals turns the first signal to end into a drain and one that comes a second
// later into the end of the context.
func signals(log hclog.Logger) (ctx context.Context, drain <-chan struct{}, release func()) {
	ctx, cancel := context.WithCancel(context.Background())
	program.OutlivePipes()
	draining := make(chan struct{})
	stop := program.Signals(func(s os.Signal) {
		close(draining) // before the log, which may wait for a terminal
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
