package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"spiqsweep/coordinator/host"
	"spiqsweep/coordinator/local"
	"spiqsweep/coordinator/queue"
	"spiqsweep/proto/credentials"
	"spiqsweep/simulator/circuit"
	"spiqsweep/worker/agent"
	"spiqsweep/worker/program"
	"spiqsweep/worker/runner"
)

// hostFlags are the flags of commands that serve a store.
type hostFlags struct {
	endpointFlags
	log       program.LogFlags
	store     string
	local     int
	leaseTerm time.Duration
	pprof     bool
}

const storeUsage = "`FILE` or URL of the store (default: the one that the output folder was run with, or sweep.db in it); put a password in PGPASSWORD or ~/.pgpass, since command lines are visible to other users"

func (f *hostFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.store, "store", "", storeUsage)
	flags.DurationVar(&f.leaseTerm, "lease-term", defaultLeaseTerm, "how long a worker may be silent before others get its tasks")
	f.endpointFlags.add(c)
	flags.BoolVar(&f.pprof, "pprof", false, "serve profiles of the program at /debug/pprof/ of --http")
	f.log.Add(c, "warn")
}

// Bounds of the flags.
const (
	minLeaseTerm     = time.Second // enough for a few calls
	defaultLeaseTerm = time.Minute
	maxLeaseTerm     = 24 * time.Hour
	maxLocalPerCore  = 8 // a worker keeps a core busy
)

// hostOptions checks the flags and returns the options of a host. Local workers use the
// kernel and get the extra arguments.
func (f *hostFlags) hostOptions(kernel circuit.Kernel, t *terminal, arguments ...string) (host.Options, error) {
	switch {
	case f.local < 0:
		return host.Options{}, usage("--local %d: must be 0 or more", f.local)
	case f.local > maxLocalPerCore*runtime.NumCPU():
		return host.Options{}, usage("--local %d: must be at most %d, as this machine has %s and a worker keeps one busy: start workers on other machines with --listen",
			f.local, maxLocalPerCore*runtime.NumCPU(), count(runtime.NumCPU(), "core"))
	case f.local > 0 && kernel.Name == "":
		return host.Options{}, errNoKernel(kernel.Class)
	case f.leaseTerm < minLeaseTerm:
		return host.Options{}, usage("--lease-term %v: must be at least %v", f.leaseTerm, minLeaseTerm)
	case f.pprof && f.HTTP == "":
		return host.Options{}, usage("--pprof has no effect without --http: give the address too, such as --http 127.0.0.1:8080")
	case f.leaseTerm > maxLeaseTerm:
		return host.Options{}, usage("--lease-term %v: must be at most %v: the tasks of a lost worker wait for so long", f.leaseTerm, maxLeaseTerm)
	}
	var profiles http.Handler
	if f.pprof {
		profiles = program.Profiles()
	}
	return host.Options{
		Endpoint: f.Endpoint, Store: f.store, Local: f.local, Policy: policy(f.leaseTerm),
		Version: programVersion(), Profiles: profiles, Log: f.log.Logger("coordinator", t, t.colour()),
		Launch: func(file credentials.File, id string) local.Launch {
			command := f.localWorker(kernel, t, arguments...)
			// Not an argument: command lines are visible to other users.
			command.Environment = append(command.Environment, identityVariable+"="+id)
			return command.Launch(file)
		},
	}, nil
}

// policy returns the rules for a lease term, within which workers call several times.
func policy(leaseTerm time.Duration) queue.Policy {
	return queue.Policy{LeaseTerm: leaseTerm, CallAgainBusy: leaseTerm / 4, CallAgainFree: leaseTerm / 12}
}

// localWorker returns the command that starts this program as a local worker.
func (f *hostFlags) localWorker(kernel circuit.Kernel, t *terminal, arguments ...string) local.Command {
	return local.Command{
		Path:        local.Self(),
		Arguments:   slices.Concat([]string{localWorkerName}, f.log.Arguments(), arguments),
		Environment: []string{circuit.KernelVariable + "=" + kernel.Name},
		Output:      t,
	}
}

// endpointFlags are the flags of the addresses and the encryption of a coordinator.
type endpointFlags struct{ host.Endpoint }

func (f *endpointFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.Listen, "listen", "", "`ADDRESS` for workers that you start: 127.0.0.1:7473, or 0.0.0.0:7473 for other machines, with TLS")
	flags.StringSliceVar(&f.Advertise, "advertise", nil, "`HOST:PORT` at which workers reach it (default: this machine's name); may be given more than once")
	flags.StringVar(&f.CACert, "ca-cert", "", "PEM `FILE` of a certificate authority that several coordinators share (default: one in the output folder)")
	flags.StringVar(&f.CAKey, "ca-key", "", "PEM `FILE` of its private key")
	flags.StringVar(&f.Keys, "keys", "", "`FOLDER` of \"coordinator keys\" with the tokens and the authority of several coordinators, such as a mounted secret; it is only read (default: those of the output folder)")
	flags.StringVar(&f.HTTP, "http", "", "`ADDRESS` of a page that shows the sweeps in a browser, and of /metrics for Prometheus: 127.0.0.1:8080, or 0.0.0.0:8080 for other machines, with TLS and the operator's token")
	flags.BoolVar(&f.Insecure, "insecure", false, "plain text to other machines too: others on the network can read the tokens")
}

const (
	localWorkerName = "local-worker"
	stayFlag        = "stay"
	memoryFlag      = "memory"
	// identityVariable is the environment variable with the worker's process ID; if it
	// is empty, the ID is random.
	identityVariable = "SPIQSWEEP_LOCAL_WORKER_ID"
)

// localWorkerCommand returns the hidden command with which the coordinator starts local
// workers (coordinator/local). The kernel is passed through the environment.
func localWorkerCommand(stdin io.Reader, stderr io.Writer) *cobra.Command {
	var f program.LogFlags
	var stay bool
	var memory uint64
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
			program.IgnoreSignals() // the coordinator decides when its worker ends
			return ending(agent.RunChild(context.WithoutCancel(c.Context()), stdin, agent.Config{
				Slots: 1, Stays: stay, Identity: os.Getenv(identityVariable), Version: programVersion(), Kernel: kernel, Runner: runner.WithMemory(memory, runner.New(kernel, log), log), Log: log,
			}))
		},
	}
	f.Add(c, "warn")
	c.Flags().BoolVar(&stay, stayFlag, false, "stay for the next sweep when all tasks are done")
	c.Flags().Uint64Var(&memory, memoryFlag, 0, "memory that the worker may use, `BYTES`; 0: unknown")
	return c
}

// ending returns the error that ends the program with an exit code.
func ending(code int) error {
	if code == exitDone {
		return nil
	}
	return &endError{code}
}
