package main

import (
	"fmt"
	"io/fs"
	"runtime"
	"strconv"
)

// slotMemory is the memory that a slot may take: the largest training of a sweep, with 10 neurons
// and 30 time steps, takes a third of it.
const slotMemory = 128 << 20

// defaultSlots returns the number of tasks that this process can run: one for each core that it
// may use, and no more than its memory holds. In a job of Slurm, the cores are those granted to
// the task, or to the job on this node; otherwise those of the affinity mask, and no more than
// the quota of the control group, of which Go itself counts at least two. GOMAXPROCS can lower
// their number but not raise it. root is the root of the file system.
func defaultSlots(environment func(string) string, root fs.FS) (int, error) {
	limits := cgroupLimits(root)
	slots := min(runtime.GOMAXPROCS(0), runtime.NumCPU())
	if limits.cores > 0 {
		slots = min(slots, max(1, int(limits.cores)))
	}
	for _, name := range []string{"SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE"} {
		granted, err := slurmNumber(environment, name, "a number of cores; or give --slots")
		if err != nil {
			return 0, err
		}
		if granted > 0 {
			slots = granted
			break
		}
	}
	memory := limits.memory
	for name, unit := range map[string]uint64{"SLURM_MEM_PER_NODE": 1 << 20, "SLURM_MEM_PER_CPU": uint64(slots) << 20} {
		if environment(name) == "0" {
			continue // all memory of the node
		}
		megabytes, err := slurmNumber(environment, name, "a number of megabytes; or give --slots")
		if err != nil {
			return 0, err
		}
		if megabytes > 0 {
			memory = lowest(memory, uint64(megabytes)*unit)
		}
	}
	if memory > 0 {
		slots = int(min(uint64(slots), max(1, memory/slotMemory)))
	}
	return slots, nil
}

// slurmNumber reads a number of at least 1 from a variable of Slurm; 0 if it is not set.
func slurmNumber(environment func(string) string, name, want string) (int, error) {
	text := environment(name)
	if text == "" {
		return 0, nil
	}
	number, err := strconv.ParseInt(text, 10, 32)
	if err != nil || number < 1 {
		return 0, fmt.Errorf("%s is %q: must be %s", name, text, want)
	}
	return int(number), nil
}
