package main

import (
	"context"
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

A worker with a --lifetime accepts no task that cannot end in time, by the cost
model and the times of finished tasks; the steps before a task's checkpoint do not
count. Before the end (15 s, or half of a shorter lifetime), it hands back and leaves.
It also leaves if tasks are pending and none can end in time. In a job of Slurm
(SLURM_JOB_ID), the default is the time that squeue says the job has left, less
SPIQSWEEP_END_BEFORE (such as 3m), and at least half of it; with --lifetime 0, a
worker trains longer tasks in parts, from checkpoint to checkpoint.

A task waits until it fits into the memory of the worker beside its other tasks; one that
does not fit alone fails: "coordinator plan" prints what the largest task takes.

SIGTERM, SIGINT, SIGHUP, SIGUSR1 or SIGUSR2: stops at the next step, hands the tasks
back with a checkpoint and leaves; SIGTERM or SIGINT a second later ends at once.

Exit codes: 0 done, or left with nothing in hand (stopped, --idle-timeout, --lifetime,
no task that can end in time); 75 stopped with work in hand; 69 no coordinator for
--connect-timeout; 1 internal fault, or refused by the coordinator; 2 bad usage.`

// options are the flags of the root command.
type options struct {
	coordinators   []string
	credentials    string
	slots          int
	connectTimeout time.Duration
	idleTimeout    time.Duration
	lifetime       time.Duration
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
			ctx, drain, release := signals(config.Log)
			defer release()
			config.Drain = drain
			if job := slurmJob(os.Getenv); job != "" && !command.Flags().Changed("lifetime") {
				before, err := endBefore(os.Getenv)
				if err != nil {
					return err
				}
				config.Lifetime = slurmLifetime(timeLeft(drain, job, config.Log), before)
			}
			stop, err := o.http.serve(&config)
			if err != nil {
				return err
			}
			defer stop()
			agent.UseCores(config.Slots)
			*exitCode = agent.Run(ctx, config)
			return nil
		},
	}
	flags := command.Flags()
	flags.StringSliceVar(&o.coordinators, "coordinator", nil, "`FILE_OR_ADDRESS` of the coordinator; may be given more than once")
	flags.StringVar(&o.credentials, "credentials", "", "`FILE` with the token for addresses: worker.json of the coordinator")
	flags.IntVar(&o.slots, "slots", 0, "tasks at a time, one core each (default: all cores that this process may use, and at most one for 128 MB of its memory)")
	flags.DurationVar(&o.connectTimeout, "connect-timeout", agent.DefaultConnectTimeout, "leave after so long without a coordinator; 0: never")
	flags.DurationVar(&o.idleTimeout, "idle-timeout", 0, "leave after so long without a task, which must be longer than the coordinator's lease (60s); 0: never")
	flags.DurationVar(&o.lifetime, "lifetime", 0, "hand back and leave before so long is over, and accept no task that cannot end in time; 0: never (default: what a job of Slurm has left)")
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
	own, err := shareOf(os.Getenv, os.DirFS("/"))
	if o.slots == 0 {
		if err != nil {
			return agent.Config{}, err
		}
		o.slots = own.slots(log)
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
		IdleTimeout: o.idleTimeout, Lifetime: o.lifetime,
		Cache: o.cache, Version: program.Version(version), Kernel: kernel, EngineJob: engineJob(os.Getenv),
		Runner: runner.WithMemory(own.memory, runner.New(kernel, log), log), Log: log,
	}
	return config, config.Validate()
}

// timeLeft returns the time that a job of Slurm has left; 0 if it has no limit, if Slurm does
// not say, or if drain is closed.
func timeLeft(drain <-chan struct{}, job string, log hclog.Logger) time.Duration {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-drain:
			cancel()
		case <-ctx.Done():
		}
	}()
	left, err := slurmTimeLeft(ctx, job)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		log.Warn("the time that this job of Slurm has left is unknown: tasks may be cut off at its end; give --lifetime", "error", err)
	case left > 0:
		log.Info("this job of Slurm ends, and the worker leaves before", "in", left.String())
	}
	return left
}

// colour returns the colour option of the log: colours on a terminal, unless NO_COLOR is set.
func colour() hclog.ColorOption {
	if os.Getenv("NO_COLOR") != "" {
		return hclog.ColorOff
	}
	return hclog.AutoColor
}
