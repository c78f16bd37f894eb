package main

import (
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/local"
	"spiqsweep/coordinator/queue"
	"spiqsweep/proto/credentials"
	"spiqsweep/simulator/circuit"
)

// hostFlags say how a store is served.
type hostFlags struct {
	reachFlags
	logFlags
	store     string
	local     int
	leaseTerm time.Duration
}

func (f *hostFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.store, "store", "", "`FILE` or URL of the store (default: the one of before, or sweep.db in the output folder); a password belongs in PGPASSWORD or ~/.pgpass, for others can list command lines")
	flags.DurationVar(&f.leaseTerm, "lease-term", 0, "how long a worker may stay silent before others get its tasks (default: 1m)")
	f.reachFlags.add(c)
	f.logFlags.add(c)
}

// minLeaseTerm is enough for a few calls.
const minLeaseTerm = time.Second

// hosting checks the flags. Local workers are of a kernel, and have further arguments.
func (f *hostFlags) hosting(kernel circuit.Kernel, t *terminal, arguments ...string) (app.Hosting, error) {
	log, err := f.logger("coordinator", t, t.colour())
	switch {
	case err != nil:
		return app.Hosting{}, err
	case f.local < 0:
		return app.Hosting{}, usage("--local %d: must be 0 or more", f.local)
	case f.local > 0 && kernel.Name == "":
		return app.Hosting{}, errNoKernel(kernel.Class)
	case f.leaseTerm != 0 && f.leaseTerm < minLeaseTerm:
		return app.Hosting{}, usage("--lease-term %v: must be at least %v", f.leaseTerm, minLeaseTerm)
	}
	return app.Hosting{
		Reach: f.Reach, Store: f.store, Local: f.local, Policy: policy(f.leaseTerm), Log: log,
		Launch: func(file credentials.File, identity string) local.Launch {
			return f.localWorker(kernel, t, slices.Concat(arguments, []string{"--" + identityFlag, identity})...).Launch(file)
		},
	}, nil
}

// policy lets workers call several times within a lease term.
func policy(leaseTerm time.Duration) queue.Policy {
	return queue.Policy{LeaseTerm: leaseTerm, CallAgainBusy: leaseTerm / 4, CallAgainHungry: leaseTerm / 12}
}

// localWorker starts this program again, as a worker, with further arguments.
func (f *hostFlags) localWorker(kernel circuit.Kernel, t *terminal, arguments ...string) local.Command {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	return local.Command{
		Path:        self,
		Arguments:   slices.Concat([]string{localWorkerName}, f.arguments(), arguments),
		Environment: []string{circuit.KernelVariable + "=" + kernel.Name},
		Output:      t,
	}
}
