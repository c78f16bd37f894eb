package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"spiqsweep/proto/credentials"
	"spiqsweep/simulator/circuit"
	"spiqsweep/sweep"
	"spiqsweep/worker/agent"
	"spiqsweep/worker/program"
	"spiqsweep/worker/runner"
)

const startHelp = `Runs the tasks of a coordinator until the sweep is done.

The coordinator writes the file worker.json into its output folder: give its
path, or an address and the file with --credentials. Several addresses (of
coordinators with one store) are tried in turn.

SIGTERM, SIGINT or SIGHUP: stops at the next step, hands the tasks back with a
checkpoint and leaves; SIGTERM or SIGINT a second later ends at once.

Exit codes: 0 done, or stopped with nothing in hand; 75 stopped with work in hand;
69 no coordinator for --connect-timeout; 1 internal fault, or refused by the
coordinator; 2 bad usage.`

// options are the flags of the root command.
type options struct {
	coordinators   []string
	credentials    string
	slots          int
	connectTimeout time.Duration
	stay           bool
	cache          string
	http           httpFlags
	log            program.LogFlags
}

func startCommand(stderr io.Writer, exitCode *int) *cobra.Command {
	var o options
	command := &cobra.Command{
		Use:   "worker --coordinator FILE_OR_ADDRESS",
		Short: "Run the tasks of a coordinator",
		Long:  startHelp,
		Example: `  worker --coordinator runs/serve/worker.json --stay
  worker --coordinator 127.0.0.1:7473 --credentials worker.json --slots 4`,
		Args: program.NoArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if command.Flags().Changed("slots") && (o.slots < 1 || o.slots > sweep.MaxSlots) {
				return fmt.Errorf("--slots %d: must be from 1 to %d", o.slots, sweep.MaxSlots)
			}
			if err := o.http.check(); err != nil {
				return err
			}
			config, err := o.config(stderr)
			if err != nil {
				return err
			}
			stop, err := o.http.serve(&config)
			if err != nil {
				return err
			}
			defer stop()
			ctx, drain, release := signals(config.Log)
			defer release()
			config.Drain = drain
			agent.UseCores(config.Slots)
			*exitCode = agent.Run(ctx, config)
			return nil
		},
	}
	flags := command.Flags()
	flags.StringSliceVar(&o.coordinators, "coordinator", nil, "`FILE_OR_ADDRESS` of the coordinator; may be given more than once")
	flags.StringVar(&o.credentials, "credentials", "", "`FILE` with the token for addresses: worker.json of the coordinator")
	flags.IntVar(&o.slots, "slots", 0, "tasks at a time, one core each (default: all cores that this process may use)")
	flags.DurationVar(&o.connectTimeout, "connect-timeout", agent.DefaultConnectTimeout, "leave after so long without a coordinator; 0: never")
	flags.BoolVar(&o.stay, "stay", false, "stay when all is done, for the next sweep that is submitted")
	flags.StringVar(&o.cache, "cache", "", "`FOLDER` that keeps recordings between runs (default: in memory only)")
	o.http.add(command)
	o.log.Add(command, "info")
	program.Require(command, "coordinator", "give worker.json of the coordinator's output folder, or an address with --credentials")
	return command
}

// config checks the flags and the files that they name.
func (o options) config(stderr io.Writer) (agent.Config, error) {
	log := o.log.Logger("worker", stderr, colour())
	kernel, err := circuit.NamedKernel(os.Getenv(circuit.KernelVariable))
	if err != nil {
		return agent.Config{}, fmt.Errorf("%s: %w", circuit.KernelVariable, err)
	}
	coordinator, err := credentials.Find(credentials.Worker, o.coordinators, o.credentials)
	if err != nil {
		return agent.Config{}, err
	}
	for _, path := range append(o.coordinators[:len(o.coordinators):len(o.coordinators)], o.credentials) {
		if why := credentials.Exposed(path); why != "" { // only a warning, since containers mount such files
			log.Warn(why)
		}
	}
	if o.slots == 0 {
		if o.slots, err = defaultSlots(os.Getenv); err != nil {
			return agent.Config{}, err
		}
	}
	if o.cache != "" {
		if err := os.MkdirAll(o.cache, 0o777); err != nil {
			if errors.Is(err, syscall.ENOTDIR) {
				return agent.Config{}, fmt.Errorf("--cache %q: it is a file, or in one: give a folder", o.cache)
			}
			return agent.Config{}, fmt.Errorf("--cache %q: %w: give a folder in which you may write", o.cache, err)
		}
	}
	config := agent.Config{
		Coordinator: coordinator, Slots: o.slots, ConnectTimeout: o.connectTimeout, Stays: o.stay,
		Cache: o.cache, Version: program.Version(version), Kernel: kernel,
		Runner: runner.New(kernel, log), Log: log,
	}
	return config, config.Validate()
}

// colour returns the colour option of the log: colours on a terminal, unless NO_COLOR is set.
func colour() hclog.ColorOption {
	if os.Getenv("NO_COLOR") != "" {
		return hclog.ColorOff
	}
	return hclog.AutoColor
}
