package main

import (
	"fmt"
	"io/fs"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/sweep"
	"spiqsweep/worker/program"
)

// share is what this process may use of its machine.
type share struct {
	cores  int
	memory uint64 // bytes; 0: unknown
}

// shareOf returns the cores and the memory that this process may use. In a job of Slurm, the
// cores are those granted to the task, or to the job on this node; otherwise those of the affinity
// mask, and no more than the quota of the control group, of which Go itself counts at least two.
// GOMAXPROCS can lower their number but not raise it. The tasks of a step of Slurm on one node
// share the memory of the node and of the control group equally. root is the root of the file
// system. With an error, the share is what the rest says.
func shareOf(environment func(string) string, root fs.FS) (share, error) {
	machine := program.ReadMachine(root)
	cores := min(runtime.GOMAXPROCS(0), runtime.NumCPU())
	if machine.Cores > 0 {
		cores = min(cores, max(1, int(machine.Cores)))
	}
	for _, name := range []string{"SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE"} {
		granted, err := slurmNumber(environment, name, "a number of cores; or give --slots")
		if err != nil {
			return share{cores, machine.Memory}, err
		}
		if granted > 0 {
			cores = granted
			break
		}
	}
	tasks, err := tasksOnNode(environment)
	if err != nil {
		return share{cores, machine.Memory}, err
	}
	memory := machine.Memory / uint64(tasks)
	for name, unit := range map[string]uint64{"SLURM_MEM_PER_NODE": (1 << 20) / uint64(tasks), "SLURM_MEM_PER_CPU": uint64(cores) << 20} {
		if environment(name) == "0" {
			continue // all memory of the node
		}
		megabytes, err := slurmNumber(environment, name, "a number of megabytes; or give --slots")
		if err != nil {
			return share{cores, memory}, err
		}
		if megabytes > 0 {
			memory = program.Lowest(memory, uint64(megabytes)*unit)
		}
	}
	return share{cores, memory}, nil
}

// slots returns the number of tasks that the share can run: one for each core, and no more than
// its memory holds. log gets a message if memory lowers the number.
func (s share) slots(log hclog.Logger) int {
	if holds := max(1, s.memory/sweep.SlotBytes); s.memory > 0 && holds < uint64(s.cores) {
		log.Info("memory lowers the number of slots, of which each needs 128 MB: ask for more memory, or give --slots",
			"slots", holds, "cores", s.cores, "megabytes", s.memory>>20)
		return int(holds)
	}
	return s.cores
}

// stepTasks matches the number of tasks on a node, such as 4, or on nodes in a row, such as 4(x2).
// Its digits fit an int.
var stepTasks = regexp.MustCompile(`^([1-9][0-9]{0,5})(?:\(x([1-9][0-9]{0,5})\))?$`)

// tasksOnNode returns the number of tasks that the step of Slurm in which this program runs has on
// this node; 1 outside a step. SLURM_STEP_TASKS_PER_NODE has the numbers of all nodes, such as
// 4(x2),3, and SLURM_NODEID is the index of this node. Without an index, it returns the largest
// number.
func tasksOnNode(environment func(string) string) (int, error) {
	const variable = "SLURM_STEP_TASKS_PER_NODE"
	text := environment(variable)
	if text == "" {
		return 1, nil
	}
	node, err := strconv.Atoi(environment("SLURM_NODEID"))
	if err != nil {
		node = -1
	}
	most, first := 0, 0 // first is the index of the first node of a part
	for part := range strings.SplitSeq(text, ",") {
		match := stepTasks.FindStringSubmatch(part)
		if match == nil {
			return 0, fmt.Errorf("%s is %.80q: must be numbers of tasks such as 4(x2),3; or give --slots", variable, text)
		}
		tasks, _ := strconv.Atoi(match[1])
		nodes := 1
		if match[2] != "" {
			nodes, _ = strconv.Atoi(match[2])
		}
		if first <= node && node < first+nodes {
			return tasks, nil
		}
		first += nodes
		most = max(most, tasks)
	}
	return most, nil
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
