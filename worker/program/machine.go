package program

import (
	"cmp"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// Machine is what this process may use of its machine; 0: no limit is known.
type Machine struct {
	Cores  float64
	Memory uint64 // bytes
}

// ReadMachine returns the limits of this process on Linux: those of its control groups, and the
// memory of the machine. root is the root of the file system.
func ReadMachine(root fs.FS) Machine {
	m := cgroupLimits(root)
	m.Memory = Lowest(m.Memory, physicalMemory(root))
	return m
}

// physicalMemory returns the memory of the machine in bytes; 0 if it cannot be read.
func physicalMemory(root fs.FS) uint64 {
	body, _ := fs.ReadFile(root, "proc/meminfo") // absent on other systems
	for line := range strings.Lines(string(body)) {
		f := strings.Fields(line) // MemTotal: 24683520 kB
		if len(f) != 3 || f[0] != "MemTotal:" || f[2] != "kB" {
			continue
		}
		kilobytes, err := strconv.ParseUint(f[1], 10, 52)
		if err != nil {
			return 0
		}
		return kilobytes << 10
	}
	return 0
}

// cgroupLimits reads the limits of control groups, of version 1, 2 or both, at their usual mount
// points. A group is bound by the limits of the groups around it too. What cannot be read is no
// limit.
func cgroupLimits(root fs.FS) (c Machine) {
	groups, _ := fs.ReadFile(root, "proc/self/cgroup") // absent on other systems
	for _, line := range strings.Split(string(groups), "\n") {
		parts := strings.SplitN(line, ":", 3) // number:controllers:path
		if len(parts) < 3 {
			continue
		}
		if parts[1] == "" {
			for _, mount := range []string{"sys/fs/cgroup", "sys/fs/cgroup/unified"} {
				c.narrow(root, mount, parts[2], readV2)
			}
		}
		for _, controller := range strings.Split(parts[1], ",") {
			switch controller {
			case "cpu", "memory":
				c.narrow(root, "sys/fs/cgroup/"+controller, parts[2], readV1)
			}
		}
	}
	return c
}

// narrow applies the limits of a group and of those around it. In a container, the path may be
// that of the host; the container's own group is then the root of the mount.
func (c *Machine) narrow(root fs.FS, mount, group string, read func(file func(string) []string) Machine) {
	for group = path.Clean("/" + group); ; group = path.Dir(group) {
		found := read(func(name string) []string {
			body, _ := fs.ReadFile(root, path.Join(mount, group, name))
			return strings.Fields(string(body))
		})
		c.Cores, c.Memory = Lowest(c.Cores, found.Cores), Lowest(c.Memory, found.Memory)
		if group == "/" {
			return
		}
	}
}

func readV2(file func(string) []string) (c Machine) {
	if f := file("cpu.max"); len(f) == 2 {
		c.Cores = share(f[0], f[1])
	}
	if f := file("memory.max"); len(f) == 1 {
		c.Memory = memoryLimit(f[0])
	}
	return c
}

func readV1(file func(string) []string) (c Machine) {
	quota, period := file("cpu.cfs_quota_us"), file("cpu.cfs_period_us")
	if len(quota) == 1 && len(period) == 1 {
		c.Cores = share(quota[0], period[0])
	}
	if f := file("memory.limit_in_bytes"); len(f) == 1 {
		c.Memory = memoryLimit(f[0])
	}
	return c
}

// share returns the cores of a quota, which is "max" or -1 without a limit.
func share(quota, period string) float64 {
	q, quotaErr := strconv.ParseUint(quota, 10, 63)
	p, periodErr := strconv.ParseUint(period, 10, 63)
	if quotaErr != nil || periodErr != nil || p == 0 {
		return 0
	}
	return float64(q) / float64(p)
}

// memoryLimit returns a limit in bytes; 0 for "max", and for the huge number of version 1.
func memoryLimit(text string) uint64 {
	bytes, err := strconv.ParseUint(text, 10, 64)
	if err != nil || bytes >= 1<<62 {
		return 0
	}
	return bytes
}

// Lowest returns the lower of two limits, of which 0 is none.
func Lowest[T cmp.Ordered](a, b T) T {
	var none T
	switch {
	case a == none:
		return b
	case b == none:
		return a
	default:
		return min(a, b)
	}
}
