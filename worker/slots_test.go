package main

import (
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/sweep"
	"spiqsweep/worker/program/programtest"
)

func TestDefaultSlots(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.NumCPU() + 1))
	all := runtime.NumCPU()
	memory := func(slots int) string {
		return "sys/fs/cgroup/memory.max=" + strconv.Itoa(slots*sweep.SlotBytes+sweep.SlotBytes/2)
	}
	for name, test := range map[string]struct {
		environment string
		root        fstest.MapFS
		want        int // 0: an error
	}{
		"a task of Slurm":            {"SLURM_CPUS_PER_TASK=3 SLURM_CPUS_ON_NODE=8", programtest.Files(), 3},
		"a node of Slurm":            {"SLURM_CPUS_ON_NODE=8", programtest.Files(), 8},
		"a machine":                  {"", programtest.Files(), all},
		"no number of cores":         {"SLURM_CPUS_ON_NODE=0", programtest.Files(), 0},
		"a quota of less than one":   {"", programtest.Files("proc/self/cgroup=0::/", "sys/fs/cgroup/cpu.max=50000 100000"), 1},
		"a quota of one and a half":  {"", programtest.Files("proc/self/cgroup=0::/", "sys/fs/cgroup/cpu.max=150000 100000"), 1},
		"a quota above the machine":  {"", programtest.Files("proc/self/cgroup=0::/", "sys/fs/cgroup/cpu.max=900000000 100000"), all},
		"memory for two":             {"SLURM_CPUS_ON_NODE=8", programtest.Files("proc/self/cgroup=0::/", memory(2)), 2},
		"memory for none":            {"SLURM_CPUS_ON_NODE=8", programtest.Files("proc/self/cgroup=0::/", memory(0)), 1},
		"memory of a Slurm job":      {"SLURM_CPUS_ON_NODE=8 SLURM_MEM_PER_NODE=640", programtest.Files(), 5},
		"memory of a core of Slurm":  {"SLURM_CPUS_ON_NODE=8 SLURM_MEM_PER_CPU=64", programtest.Files(), 4},
		"all memory of a node":       {"SLURM_CPUS_ON_NODE=8 SLURM_MEM_PER_NODE=0", programtest.Files(), 8},
		"the least of all memory":    {"SLURM_CPUS_ON_NODE=8 SLURM_MEM_PER_NODE=640", programtest.Files("proc/self/cgroup=0::/", memory(3)), 3},
		"four tasks on a node":       {"SLURM_CPUS_PER_TASK=8 SLURM_MEM_PER_NODE=2560 SLURM_STEP_TASKS_PER_NODE=4", programtest.Files(), 5},
		"tasks on another node":      {"SLURM_CPUS_PER_TASK=8 SLURM_MEM_PER_NODE=2560 SLURM_STEP_TASKS_PER_NODE=4(x2),3,20 SLURM_NODEID=3", programtest.Files(), 1},
		"the last of equal nodes":    {"SLURM_CPUS_PER_TASK=8 SLURM_MEM_PER_NODE=2560 SLURM_STEP_TASKS_PER_NODE=1,4(x2),3 SLURM_NODEID=2", programtest.Files(), 5},
		"a node without an index":    {"SLURM_CPUS_PER_TASK=8 SLURM_MEM_PER_NODE=2560 SLURM_STEP_TASKS_PER_NODE=1(x2),4", programtest.Files(), 5},
		"a node behind the last":     {"SLURM_CPUS_PER_TASK=8 SLURM_MEM_PER_NODE=2560 SLURM_STEP_TASKS_PER_NODE=2,4 SLURM_NODEID=2", programtest.Files(), 5},
		"a batch script":             {"SLURM_CPUS_PER_TASK=8 SLURM_MEM_PER_NODE=640 SLURM_TASKS_PER_NODE=4", programtest.Files(), 5},
		"a control group of a step":  {"SLURM_CPUS_PER_TASK=8 SLURM_STEP_TASKS_PER_NODE=2", programtest.Files("proc/self/cgroup=0::/", memory(6)), 3},
		"memory of a core of a step": {"SLURM_CPUS_PER_TASK=8 SLURM_MEM_PER_CPU=64 SLURM_STEP_TASKS_PER_NODE=4", programtest.Files(), 4},
		"no tasks on a node":         {"SLURM_STEP_TASKS_PER_NODE=0", programtest.Files(), 0},
		"no list of tasks":           {"SLURM_STEP_TASKS_PER_NODE=4x2", programtest.Files(), 0},
		"no number of megabytes":     {"SLURM_MEM_PER_NODE=4G", programtest.Files(), 0},
		"more megabytes than a word": {"SLURM_MEM_PER_CPU=99999999999999", programtest.Files(), 0},
	} {
		t.Run(name, func(t *testing.T) {
			var logged strings.Builder
			log := hclog.New(&hclog.LoggerOptions{Output: &logged})
			own, err := shareOf(func(name string) string {
				for _, pair := range strings.Fields(test.environment) {
					if value, ok := strings.CutPrefix(pair, name+"="); ok {
						return value
					}
				}
				return ""
			}, test.root)
			got := 0
			if err == nil {
				got = own.slots(log)
			}
			// Each environment with a limit of memory lowers the slots, but for that without a number.
			isLowered := strings.Contains(logged.String(), "memory lowers the number of slots")
			if limited := strings.Contains(test.environment, "SLURM_MEM") || test.root["sys/fs/cgroup/memory.max"] != nil; isLowered != (limited && err == nil && !strings.Contains(test.environment, "NODE=0")) {
				t.Errorf("logged %q", logged.String())
			}
			if got != test.want || (err != nil) != (test.want == 0) {
				t.Errorf("slots %d, error %v, want %d", got, err, test.want)
			}
		})
	}
}
