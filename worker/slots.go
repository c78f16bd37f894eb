package main

import (
	"fmt"
	"runtime"
	"strconv"
)

// defaultSlots returns the number of cores that this process may use: those that Slurm granted to
// the task, or to the job on this node; otherwise those that Go detects from the affinity mask and
// the container's limit, which GOMAXPROCS can lower but not raise.
func defaultSlots(environment func(string) string) (int, error) {
	for _, name := range []string{"SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE"} {
		text := environment(name)
		if text == "" {
			continue
		}
		slots, err := strconv.Atoi(text)
		if err != nil || slots < 1 {
			return 0, fmt.Errorf("%s is %q: must be a number of cores; or give --slots", name, text)
		}
		return slots, nil
	}
	return min(runtime.GOMAXPROCS(0), runtime.NumCPU()), nil
}
