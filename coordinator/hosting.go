package main

import (
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/local"
	"spiqsweep/coordinator/queue"
	"spiqsweep/proto/credentials"
	"spiqsweep/simulator/circuit"
	"spiqsweep/worker/program"
)

// hostFlags say how a store is served.
type hostFlags struct {
	reachFlags
	log       program.LogFlags
	store     string
	local     int
	leaseTerm time.Duration
}

const storeUsage = "`FILE` or URL of the store (default: the one that the output folder was run with, or sweep.db in it); a password belongs in PGPASSWORD or ~/.pgpass, for others can list command lines"

func (f *hostFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.store, "store", "", storeUsage)
	flags.DurationVar(&f.leaseTerm, "lease-term", defaultLeaseTerm, "how long a worker may stay silent before others get its tasks")
	f.reachFlags.add(c)
	f.log.Add(c, "warn")
}

// Bounds of what the flags may say.
const (
	minLeaseTerm     = time.Second // enough for a few calls
	defaultLeaseTerm = time.Minute
	maxLeaseTerm     = 24 * time.Hour
	maxLocalPerCore  = 8 // a worker keeps a core busy, and a thousand stop a machine
)

// hosting checks the flags. Local workers are of a kernel, and have further arguments.
func (f *hostFlags) hosting(kernel circuit.Kernel, t *terminal, arguments ...string) (app.Hosting, error) {
	switch {
	case f.local < 0:
		return app.Hosting{}, usage("--local %d: must be 0 or more", f.local)
	case f.local > maxLocalPerCore*runtime.NumCPU():
		return app.Hosting{}, usage("--local %d: must be at most %d, as this machine has %s and a worker keeps one busy: start workers on other machines with --listen",
			f.local, maxLocalPerCore*runtime.NumCPU(), count(runtime.NumCPU(), "core"))
	case f.local > 0 && kernel.Name == "":
		return app.Hosting{}, errNoKernel(kernel.Class)
	case f.leaseTerm < minLeaseTerm:
		return app.Hosting{}, usage("--lease-term %v: must be at least %v", f.leaseTerm, minLeaseTerm)
	case f.leaseTerm > maxLeaseTerm:
		return app.Hosting{}, usage("--lease-term %v: must be at most %v: for so long the tasks of a lost worker wait", f.leaseTerm, maxLeaseTerm)
	}
	return app.Hosting{
		Reach: f.Reach, Store: f.store, Local: f.local, Policy: policy(f.leaseTerm), Log: f.log.Logger("coordinator", t, t.colour()),
		Launch: func(file credentials.File, identity string) local.Launch {
			command := f.localWorker(kernel, t, arguments...)
			// Not an argument, which everybody on the machine could list.
			command.Environment = append(command.Environment, identityVariable+"="+identity)
			return command.Launch(file)
		},
	}, nil
}

// policy lets workers call several times within a lease term.
func policy(leaseTerm time.Duration) queue.Policy {
	return queue.Policy{LeaseTerm: leaseTerm, CallAgainBusy: leaseTerm / 4, CallAgainHungry: leaseTerm / 12}
}

// localWorker starts this program again, as a worker, with further arguments.
func (f *hostFlags) localWorker(kernel circuit.Kernel, t *terminal, arguments ...string) local.Command {
	return local.Command{
		Path:        local.Self(),
		Arguments:   slices.Concat([]string{localWorkerName}, f.log.Arguments(), arguments),
		Environment: []string{circuit.KernelVariable + "=" + kernel.Name},
		Output:      t,
	}
}
