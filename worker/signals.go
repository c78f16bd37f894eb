package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/hashicorp/go-hclog"
)

// signals turns the first SIGTERM or SIGINT into a drain and the second into
// the end of the context.
func signals(log hclog.Logger) (ctx context.Context, drain <-chan struct{}, release func()) {
	ctx, cancel := context.WithCancel(context.Background())
	draining := make(chan struct{})
	received := make(chan os.Signal, 2)
	signal.Notify(received, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case s := <-received:
			log.Info("handing back and leaving; once more to leave at once", "signal", s)
			close(draining)
		case <-ctx.Done():
			return
		}
		select {
		case s := <-received:
			log.Warn("leaving at once", "signal", s)
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, draining, func() {
		signal.Stop(received)
		cancel()
	}
}
