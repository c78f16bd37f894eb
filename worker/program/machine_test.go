package program_test

import (
	"testing"
	"testing/fstest"

	"spiqsweep/worker/program"
	"spiqsweep/worker/program/programtest"
)

func TestReadMachine(t *testing.T) {
	for name, test := range map[string]struct {
		root fstest.MapFS
		want program.Machine
	}{
		"no control groups": {programtest.Files(), program.Machine{}},
		"version 2": {programtest.Files("proc/self/cgroup=0::/a/b", "sys/fs/cgroup/a/b/cpu.max=150000 100000",
			"sys/fs/cgroup/a/b/memory.max=1073741824"), program.Machine{1.5, 1 << 30}},
		"version 2, the group around is narrower": {programtest.Files("proc/self/cgroup=0::/a/b", "sys/fs/cgroup/a/b/cpu.max=400000 100000",
			"sys/fs/cgroup/a/cpu.max=200000 100000", "sys/fs/cgroup/a/b/memory.max=max", "sys/fs/cgroup/a/memory.max=7"), program.Machine{2, 7}},
		"version 2, no limits": {programtest.Files("proc/self/cgroup=0::/a", "sys/fs/cgroup/a/cpu.max=max 100000",
			"sys/fs/cgroup/a/memory.max=max"), program.Machine{}},
		"version 2 in a container": {programtest.Files("proc/self/cgroup=0::/", "sys/fs/cgroup/cpu.max=50000 100000",
			"sys/fs/cgroup/memory.max=5"), program.Machine{0.5, 5}},
		"version 1": {programtest.Files("proc/self/cgroup=9:name=systemd:/x\n4:memory:/job\n2:cpu,cpuacct:/job",
			"sys/fs/cgroup/cpu/job/cpu.cfs_quota_us=300000", "sys/fs/cgroup/cpu/job/cpu.cfs_period_us=100000",
			"sys/fs/cgroup/memory/job/memory.limit_in_bytes=2048"), program.Machine{3, 2048}},
		"version 1, no limits": {programtest.Files("proc/self/cgroup=4:memory:/\n2:cpu:/",
			"sys/fs/cgroup/cpu/cpu.cfs_quota_us=-1", "sys/fs/cgroup/cpu/cpu.cfs_period_us=100000",
			"sys/fs/cgroup/memory/memory.limit_in_bytes=9223372036854771712"), program.Machine{}},
		"version 1 in a container, by the path of the host": {programtest.Files("proc/self/cgroup=4:memory:/docker/abc",
			"sys/fs/cgroup/memory/memory.limit_in_bytes=4096"), program.Machine{0, 4096}},
		"both versions": {programtest.Files("proc/self/cgroup=4:memory:/j\n0::/j", "sys/fs/cgroup/memory/j/memory.limit_in_bytes=4096",
			"sys/fs/cgroup/unified/j/cpu.max=100000 100000"), program.Machine{1, 4096}},
		"a machine without limits": {programtest.Files("proc/meminfo=MemFree: 7 kB\nMemTotal:       24683520 kB\nMemFree: 8 kB"), program.Machine{0, 24683520 << 10}},
		"a narrower group":         {programtest.Files("proc/meminfo=MemTotal: 2 kB", "proc/self/cgroup=0::/", "sys/fs/cgroup/memory.max=5"), program.Machine{0, 5}},
		"a wider group":            {programtest.Files("proc/meminfo=MemTotal: 2 kB", "proc/self/cgroup=0::/", "sys/fs/cgroup/memory.max=4096"), program.Machine{0, 2048}},
		"no size of memory":        {programtest.Files("proc/meminfo=MemTotal: 99999999999999999999 kB\nMemTotal: 3"), program.Machine{}},
		"nonsense": {programtest.Files("proc/self/cgroup=\n:\n0::\n0::/..\n7:cpu", "sys/fs/cgroup/cpu.max=x y",
			"sys/fs/cgroup/memory.max=-3"), program.Machine{}},
	} {
		if got := program.ReadMachine(test.root); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}
