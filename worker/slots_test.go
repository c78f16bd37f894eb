package main

import (
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hashicorp/go-hclog"
)

// files returns a file system of "path=content" in lines; \n ends a line of a content.
func files(pairs ...string) fstest.MapFS {
	root := fstest.MapFS{}
	for _, pair := range pairs {
		path, content, _ := strings.Cut(pair, "=")
		root[path] = &fstest.MapFile{Data: []byte(content + "\n")}
	}
	return root
}

func TestCgroupLimits(t *testing.T) {
	for name, test := range map[string]struct {
		root fstest.MapFS
		want cgroup
	}{
		"no control groups": {files(), cgroup{}},
		"version 2": {files("proc/self/cgroup=0::/a/b", "sys/fs/cgroup/a/b/cpu.max=150000 100000",
			"sys/fs/cgroup/a/b/memory.max=1073741824"), cgroup{1.5, 1 << 30}},
		"version 2, the group around is narrower": {files("proc/self/cgroup=0::/a/b", "sys/fs/cgroup/a/b/cpu.max=400000 100000",
			"sys/fs/cgroup/a/cpu.max=200000 100000", "sys/fs/cgroup/a/b/memory.max=max", "sys/fs/cgroup/a/memory.max=7"), cgroup{2, 7}},
		"version 2, no limits": {files("proc/self/cgroup=0::/a", "sys/fs/cgroup/a/cpu.max=max 100000",
			"sys/fs/cgroup/a/memory.max=max"), cgroup{}},
		"version 2 in a container": {files("proc/self/cgroup=0::/", "sys/fs/cgroup/cpu.max=50000 100000",
			"sys/fs/cgroup/memory.max=5"), cgroup{0.5, 5}},
		"version 1": {files("proc/self/cgroup=9:name=systemd:/x\n4:memory:/job\n2:cpu,cpuacct:/job",
			"sys/fs/cgroup/cpu/job/cpu.cfs_quota_us=300000", "sys/fs/cgroup/cpu/job/cpu.cfs_period_us=100000",
			"sys/fs/cgroup/memory/job/memory.limit_in_bytes=2048"), cgroup{3, 2048}},
		"version 1, no limits": {files("proc/self/cgroup=4:memory:/\n2:cpu:/",
			"sys/fs/cgroup/cpu/cpu.cfs_quota_us=-1", "sys/fs/cgroup/cpu/cpu.cfs_period_us=100000",
			"sys/fs/cgroup/memory/memory.limit_in_bytes=9223372036854771712"), cgroup{}},
		"version 1 in a container, by the path of the host": {files("proc/self/cgroup=4:memory:/docker/abc",
			"sys/fs/cgroup/memory/memory.limit_in_bytes=4096"), cgroup{0, 4096}},
		"both versions": {files("proc/self/cgroup=4:memory:/j\n0::/j", "sys/fs/cgroup/memory/j/memory.limit_in_bytes=4096",
			"sys/fs/cgroup/unified/j/cpu.max=100000 100000"), cgroup{1, 4096}},
		"nonsense": {files("proc/self/cgroup=\n:\n0::\n0::/..\n7:cpu", "sys/fs/cgroup/cpu.max=x y",
			"sys/fs/cgroup/memory.max=-3"), cgroup{}},
	} {
		if got := cgroupLimits(test.root); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}

func TestDefaultSlots(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.NumCPU() + 1))
	all := runtime.NumCPU()
	memory := func(slots int) string {
		return "sys/fs/cgroup/memory.max=" + strconv.Itoa(slots*slotMemory+slotMemory/2)
	}
	for name, test := range map[string]struct {
		environment string
		root        fstest.MapFS
		want        int // 0: an error
	}{
		"a task of Slurm":            {"SLURM_CPUS_PER_TASK=3 SLURM_CPUS_ON_NODE=8", files(), 3},
		"a node of Slurm":            {"SLURM_CPUS_ON_NODE=8", files(), 8},
		"a machine":                  {"", files(), all},
		"no number of cores":         {"SLURM_CPUS_ON_NODE=0", files(), 0},
		"a quota of less than one":   {"", files("proc/self/cgroup=0::/", "sys/fs/cgroup/cpu.max=50000 100000"), 1},
		"a quota of one and a half":  {"", files("proc/self/cgroup=0::/", "sys/fs/cgroup/cpu.max=150000 100000"), 1},
		"a quota above the machine":  {"", files("proc/self/cgroup=0::/", "sys/fs/cgroup/cpu.max=900000000 100000"), all},
		"memory for two":             {"SLURM_CPUS_ON_NODE=8", files("proc/self/cgroup=0::/", memory(2)), 2},
		"memory for none":            {"SLURM_CPUS_ON_NODE=8", files("proc/self/cgroup=0::/", memory(0)), 1},
		"memory of a Slurm job":      {"SLURM_CPUS_ON_NODE=8 SLURM_MEM_PER_NODE=640", files(), 5},
		"memory of a core of Slurm":  {"SLURM_CPUS_ON_NODE=8 SLURM_MEM_PER_CPU=64", files(), 4},
		"all memory of a node":       {"SLURM_CPUS_ON_NODE=8 SLURM_MEM_PER_NODE=0", files(), 8},
		"the least of all memory":    {"SLURM_CPUS_ON_NODE=8 SLURM_MEM_PER_NODE=640", files("proc/self/cgroup=0::/", memory(3)), 3},
		"four tasks on a node":       {"SLURM_CPUS_PER_TASK=8 SLURM_MEM_PER_NODE=2560 SLURM_STEP_TASKS_PER_NODE=4", files(), 5},
		"tasks on another node":      {"SLURM_CPUS_PER_TASK=8 SLURM_MEM_PER_NODE=2560 SLURM_STEP_TASKS_PER_NODE=4(x2),3,20 SLURM_NODEID=3", files(), 1},
		"the last of equal nodes":    {"SLURM_CPUS_PER_TASK=8 SLURM_MEM_PER_NODE=2560 SLURM_STEP_TASKS_PER_NODE=1,4(x2),3 SLURM_NODEID=2", files(), 5},
		"a node without an index":    {"SLURM_CPUS_PER_TASK=8 SLURM_MEM_PER_NODE=2560 SLURM_STEP_TASKS_PER_NODE=1(x2),4", files(), 5},
		"a node behind the last":     {"SLURM_CPUS_PER_TASK=8 SLURM_MEM_PER_NODE=2560 SLURM_STEP_TASKS_PER_NODE=2,4 SLURM_NODEID=2", files(), 5},
		"a batch script":             {"SLURM_CPUS_PER_TASK=8 SLURM_MEM_PER_NODE=640 SLURM_TASKS_PER_NODE=4", files(), 5},
		"a control group of a step":  {"SLURM_CPUS_PER_TASK=8 SLURM_STEP_TASKS_PER_NODE=2", files("proc/self/cgroup=0::/", memory(6)), 3},
		"memory of a core of a step": {"SLURM_CPUS_PER_TASK=8 SLURM_MEM_PER_CPU=64 SLURM_STEP_TASKS_PER_NODE=4", files(), 4},
		"no tasks on a node":         {"SLURM_STEP_TASKS_PER_NODE=0", files(), 0},
		"no list of tasks":           {"SLURM_STEP_TASKS_PER_NODE=4x2", files(), 0},
		"no number of megabytes":     {"SLURM_MEM_PER_NODE=4G", files(), 0},
		"more megabytes than a word": {"SLURM_MEM_PER_CPU=99999999999999", files(), 0},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			got, err := defaultSlots(func(name string) string {
				for _, pair := range strings.Fields(test.environment) {
					if value, ok := strings.CutPrefix(pair, name+"="); ok {
						return value
					}
				}
				return ""
			}, test.root, hclog.New(&hclog.LoggerOptions{Output: &log}))
			// Each environment with a limit of memory lowers the slots, but for that without a number.
			isLowered := strings.Contains(log.String(), "memory lowers the number of slots")
			if limited := strings.Contains(test.environment, "SLURM_MEM") || test.root["sys/fs/cgroup/memory.max"] != nil; isLowered != (limited && err == nil && !strings.Contains(test.environment, "NODE=0")) {
				t.Errorf("logged %q", log.String())
			}
			if got != test.want || (err != nil) != (test.want == 0) {
				t.Errorf("slots %d, error %v, want %d", got, err, test.want)
			}
		})
	}
}
