package main

import (
	"context"
	"io"
	"os"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"spiqsweep/simulator/circuit"
	"spiqsweep/worker/agent"
	"spiqsweep/worker/program"
	"spiqsweep/worker/runner"
)

const (
	localWorkerName = "local-worker"
	stayFlag        = "stay"
	// identityVariable names the environment variable with the worker's identity, ""
	// for a random one.
	identityVariable = "SPIQSWEEP_LOCAL_WORKER_ID"
)

// localWorkerCommand is what the coordinator starts itself as, to work
// (coordinator/local). Its kernel comes through the environment.
func localWorkerCommand(stdin io.Reader, stderr io.Writer) *cobra.Command {
	var f program.LogFlags
	var stay bool
	c := &cobra.Command{
		Use:    localWorkerName,
		Short:  "Work for the coordinator at the other end of standard input",
		Hidden: true,
		Args:   program.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			log := f.Logger("worker", stderr, hclog.ColorOff)
			kernel, err := circuit.NamedKernel(os.Getenv(circuit.KernelVariable))
			if err != nil {
				return usage("%s: %w", circuit.KernelVariable, err)
			}
			program.IgnoreSignals() // only the coordinator's wish and its end count
			return ending(agent.RunChild(context.WithoutCancel(c.Context()), stdin, agent.Config{
				Slots: 1, Stays: stay, Identity: os.Getenv(identityVariable), Version: programVersion(), Kernel: kernel, Runner: runner.New(kernel, log), Log: log,
			}))
		},
	}
	f.Add(c, "warn")
	c.Flags().BoolVar(&stay, stayFlag, false, "stay when all is done, for the next sweep")
	return c
}

// ending turns an exit code into what a command returns.
func ending(code int) error {
	if code == exitDone {
		return nil
	}
	return &endError{code}
}
