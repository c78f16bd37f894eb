//go:build linux

package slurm

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"spiqsweep/deploy/needs"
)

// The nodes of the cluster by number, with their processors and partition. On n9, jobs of
// the partition high preempt those of low.
const (
	nodes = 9
	// arraySize is the MaxArraySize of the cluster: an array has at most 8 tasks.
	arraySize = 9
)

const partitions = `NodeName=n[1-4] NodeHostname=%[1]s NodeAddr=127.0.0.1 Port=[%[2]d-%[3]d] CPUs=2 State=UNKNOWN
NodeName=n[5-8] NodeHostname=%[1]s NodeAddr=127.0.0.1 Port=[%[4]d-%[5]d] CPUs=32 State=UNKNOWN
NodeName=n9 NodeHostname=%[1]s NodeAddr=127.0.0.1 Port=%[6]d CPUs=1 State=UNKNOWN
PartitionName=main Nodes=n[5-6] Default=YES MaxTime=INFINITE State=UP
PartitionName=four Nodes=n[1-4] MaxTime=INFINITE State=UP
PartitionName=lost Nodes=n[7-8] MaxTime=INFINITE State=UP
PartitionName=low Nodes=n9 MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=high Nodes=n9 MaxTime=INFINITE State=UP PriorityTier=10
`

// cluster is a private Slurm on this machine.
type cluster struct {
	t       testing.TB
	folder  string
	conf    string // slurm.conf
	daemons map[string]*exec.Cmd
}

// startCluster starts a cluster, which the end of the test stops.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	for program, debian := range map[string]string{
		"slurmctld": "slurm-wlm", "slurmd": "slurm-wlm", "sbatch": "slurm-wlm", "scontrol": "slurm-wlm", "squeue": "slurm-wlm", "srun": "slurm-wlm",
		"munged": "munge",
	} {
		daemon(t, program, debian)
	}
	// Jobs of other users must be able to pass through the folder.
	folder, err := os.MkdirTemp("", "spiqsweep-slurm-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	c := &cluster{t: t, folder: folder, conf: filepath.Join(folder, "slurm.conf"), daemons: map[string]*exec.Cmd{}}
	for _, name := range []string{"", "state", "munge", "spool"} {
		if err := os.MkdirAll(filepath.Join(folder, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	c.configure()
	c.startMunge()
	c.start("slurmctld", "-D", "-i")
	for i := range nodes {
		c.startNode(i + 1)
	}
	t.Cleanup(c.stop) // before the folder is removed
	wait(c.t, "all nodes are idle", func() bool {
		states, err := c.as(nil).try("sinfo", "--noheader", "--Node", "--format=%t", "--partition=main,four,lost,high")
		return err == nil && strings.Count(states, "idle") == nodes
	})
	return c
}

// daemon returns the path of a program that may be in /usr/sbin only.
func daemon(t testing.TB, program, debian string) string {
	t.Helper()
	if path, err := exec.LookPath("/usr/sbin/" + program); err == nil {
		return path
	}
	return needs.Program(t, program, debian)
}

// configure writes slurm.conf.
func (c *cluster) configure() {
	c.t.Helper()
	host, err := os.Hostname()
	if err != nil {
		c.t.Fatal(err)
	}
	host, _, _ = strings.Cut(host, ".")
	owner, err := user.Current()
	if err != nil {
		c.t.Fatal(err)
	}
	port := freePorts(c.t, nodes+1)
	var text bytes.Buffer
	fmt.Fprintf(&text, `ClusterName=spiqsweep
SlurmctldHost=%[1]s(127.0.0.1)
SlurmctldPort=%[2]d
SlurmUser=%[3]s
SlurmdUser=%[3]s
AuthType=auth/munge
AuthInfo=socket=%[4]s/munge/socket
StateSaveLocation=%[4]s/state
SlurmdSpoolDir=%[4]s/spool/%%n
SlurmctldPidFile=%[4]s/slurmctld.pid
SlurmdPidFile=%[4]s/%%n.pid
SlurmctldLogFile=%[4]s/slurmctld.log
SlurmdLogFile=%[4]s/%%n.log
JobCompType=jobcomp/filetxt
JobCompLoc=%[4]s/completed.txt
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=100000,bf_interval=1
SlurmdParameters=config_overrides
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
ReturnToService=2
SlurmdTimeout=8
SlurmctldTimeout=10
KillWait=5
MessageTimeout=5
TCPTimeout=2
MaxArraySize=%[5]d
`, host, port, owner.Username, c.folder, arraySize)
	fmt.Fprintf(&text, partitions, host, port+1, port+4, port+5, port+8, port+9)
	c.write("slurm.conf", text.Bytes(), 0o644)
	c.write("cgroup.conf", []byte("CgroupAutomount=no\n"), 0o644)
}

// freePorts returns the first of a number of successive free ports, below the system's
// ephemeral ones.
func freePorts(t testing.TB, count int) int {
	t.Helper()
	const first, last = 12000, 20000
	for base := first + os.Getpid()%4000; base+count < last; base += count {
		free := true
		for port := base; port < base+count && free; port++ {
			listener, err := net.Listen("tcp", net.JoinHostPort("", strconv.Itoa(port)))
			if free = err == nil; free {
				listener.Close()
			}
		}
		if free {
			return base
		}
	}
	t.Fatal("no ports are free")
	return 0
}

func (c *cluster) write(name string, body []byte, mode os.FileMode) string {
	c.t.Helper()
	path := filepath.Join(c.folder, name)
	if err := os.WriteFile(path, body, mode); err != nil {
		c.t.Fatal(err)
	}
	return path
}

// startMunge starts the daemon that signs the messages of Slurm.
func (c *cluster) startMunge() {
	c.t.Helper()
	key := make([]byte, 1024)
	rand.Read(key)
	path := func(name string) string { return filepath.Join(c.folder, "munge", name) }
	c.write("munge/key", key, 0o400)
	c.start("munged", "--foreground", "--key-file="+path("key"), "--socket="+path("socket"), "--pid-file="+path("pid"),
		"--log-file="+path("log"), "--seed-file="+path("seed"))
	wait(c.t, "munged listens", func() bool {
		_, err := os.Stat(path("socket"))
		return err == nil
	})
}

// startNode starts the slurmd of a node.
func (c *cluster) startNode(i int) {
	c.t.Helper()
	c.startAs(nodeName(i), "slurmd", "-D", "-N", nodeName(i))
}

func nodeName(i int) string { return fmt.Sprintf("n%d", i) }

func (c *cluster) start(program string, arguments ...string) {
	c.t.Helper()
	c.startAs(program, program, arguments...)
}

// startAs starts a daemon under a name. It ends with this process.
func (c *cluster) startAs(name, program string, arguments ...string) {
	c.t.Helper()
	output, err := os.Create(filepath.Join(c.folder, name+".out"))
	if err != nil {
		c.t.Fatal(err)
	}
	defer output.Close()
	d := exec.Command(daemon(c.t, program, "slurm-wlm"), arguments...)
	d.Env = append(os.Environ(), "SLURM_CONF="+c.conf)
	d.Stdout, d.Stderr = output, output
	d.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // for good, since the end of the thread would send Pdeathsig
		err := d.Start()
		started <- err
		if err == nil {
			_ = d.Wait()
		}
	}()
	if err := <-started; err != nil {
		c.t.Fatal(err)
	}
	c.daemons[name] = d
}

// in returns the cluster for a subtest.
func (c *cluster) in(t testing.TB) *cluster {
	copied := *c
	copied.t = t
	return &copied
}

// kill kills a daemon.
func (c *cluster) kill(name string) {
	_ = c.daemons[name].Process.Kill()
}

// stop cancels all jobs, waits for their end, and stops the daemons.
func (c *cluster) stop() {
	squeue := func(states string) []string {
		jobs, _ := c.as(nil).try("squeue", "--noheader", "--format=%A", "--states="+states)
		return strings.Fields(jobs)
	}
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		jobs := squeue("PENDING,RUNNING,COMPLETING,SUSPENDED")
		if len(jobs) == 0 {
			break
		}
		_, _ = c.as(nil).try("scancel", append([]string{"--quiet"}, jobs...)...)
	}
	for name := range c.daemons {
		c.kill(name)
	}
	if c.t.Failed() {
		for _, name := range []string{"slurmctld.log", "munged.out", "n1.log", "n5.log"} {
			body, _ := os.ReadFile(filepath.Join(c.folder, name))
			lines := strings.Split(string(body), "\n")
			c.t.Logf("%s:\n%s", name, strings.Join(lines[max(0, len(lines)-60):], "\n"))
		}
	}
}

// waitTimeout bounds each wait of the tests. It is long, for machines under load: only a
// test that fails takes as long.
const waitTimeout = 4 * time.Minute

// wait waits until happened returns true.
func wait(t testing.TB, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(waitTimeout); !happened(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain until %s", waitTimeout, what)
		}
	}
}

// account is a user who submits jobs; the zero value is the user of the test.
type account struct {
	name     string
	uid, gid uint32
}

// client calls programs of Slurm as a user.
type client struct {
	*cluster
	account *account
}

// as returns a client; nil stands for the user of the test.
func (c *cluster) as(a *account) client { return client{c, a} }

// callTimeout bounds calls of programs of Slurm, which hang without slurmctld.
const callTimeout = 15 * time.Second

// command returns a command of the user, with the cluster's configuration.
func (c client) command(ctx context.Context, program string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, program, arguments...)
	command.Env = append(os.Environ(), "SLURM_CONF="+c.conf, "HOME="+c.folder)
	command.SysProcAttr = &syscall.SysProcAttr{}
	if c.account != nil {
		command.SysProcAttr.Credential = &syscall.Credential{Uid: c.account.uid, Gid: c.account.gid}
	}
	command.WaitDelay = time.Second
	return command
}

// try runs a program of Slurm and returns what it prints.
func (c client) try(program string, arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	command := c.command(ctx, program, arguments...)
	command.Dir = c.folder
	output, err := command.Output()
	if ended := (*exec.ExitError)(nil); errors.As(err, &ended) {
		err = fmt.Errorf("%s %s: %w: %s", program, arguments, err, ended.Stderr)
	}
	return strings.TrimSpace(string(output)), err
}
