//go:build linux

package hosts

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"spiqsweep/deploy/needs"
)

// network is a bridge with three hosts, which nothing else reaches.
type network struct {
	t                   *testing.T
	bridge              *host
	coordinator, w1, w2 *host
}

// host is a set of namespaces.
type host struct {
	t       *testing.T
	name    string
	address string
	pid     int // of its first process, as this process sees it
	port    string
	bridge  *host
}

// The addresses are for documentation (RFC 5737): no network has them.
const (
	coordinatorAddress = "192.0.2.1"
	w1Address          = "192.0.2.2"
	w2Address          = "192.0.2.3"
)

// hostsFile is /etc/hosts of every host.
const hostsFile = `127.0.0.1 localhost
192.0.2.1 coordinator
192.0.2.2 w1
192.0.2.3 w2
`

// newNetwork makes three hosts. If wire is nil, veth pairs connect them to the bridge;
// otherwise it connects w1.
func newNetwork(t *testing.T, wire func(h *host)) *network {
	t.Helper()
	n := &network{t: t, bridge: newHost(t, "bridge", "")}
	// Rules for bridged packets would apply to this bridge too, were they not switched off.
	if _, err := n.bridge.try("ip", "link", "add", "bridge", "type", "bridge", "nf_call_iptables", "0", "nf_call_ip6tables", "0", "nf_call_arptables", "0"); err != nil {
		n.bridge.do("ip", "link", "add", "bridge", "type", "bridge") // a kernel without them
	}
	n.bridge.do("ip", "link", "set", "bridge", "up")
	n.coordinator, n.w1, n.w2 = newHost(t, "coordinator", coordinatorAddress), newHost(t, "w1", w1Address), newHost(t, "w2", w2Address)
	for _, h := range []*host{n.coordinator, n.w1, n.w2} {
		h.bridge, h.port = n.bridge, "to-"+h.name
		if wire != nil && h == n.w1 {
			wire(h)
		} else {
			n.bridge.do("ip", "link", "add", h.port, "type", "veth", "peer", "name", "eth0", "netns", strconv.Itoa(h.pid))
		}
		n.bridge.do("ip", "link", "set", h.port, "master", "bridge", "up")
		h.do("ip", "address", "add", h.address+"/24", "dev", "eth0")
		h.do("ip", "link", "set", "eth0", "up")
	}
	return n
}

// newHost makes the namespaces of a host, which end with the test. PID 1 there is cat,
// which ends when its standard input does.
func newHost(t *testing.T, name, address string) *host {
	t.Helper()
	file := filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(file, []byte(hostsFile), 0o600); err != nil {
		t.Fatal(err)
	}
	setup := `hostname "$1" && mount --bind "$2" /etc/hosts && ip link set lo up && echo ready && exec cat`
	command := exec.Command("unshare", "--net", "--uts", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", setup, "sh", name, file)
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		input.Close()
		_ = command.Wait()
	})
	if line, err := bufio.NewReader(output).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("make the host %s: %q, %v", name, line, err)
	}
	h := &host{t: t, name: name, address: address}
	if h.pid = child(command.Process.Pid); h.pid == 0 {
		t.Fatalf("the host %s has no process", name)
	}
	return h
}

// child returns a child of a process, 0 if it has none.
func child(pid int) int {
	body, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid))
	if fields := strings.Fields(string(body)); err == nil && len(fields) > 0 {
		pid, _ := strconv.Atoi(fields[0])
		return pid
	}
	return 0
}

// command returns a command that runs on the host. It is a child of the process that
// the command starts.
func (h *host) command(program string, arguments ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{"--target", strconv.Itoa(h.pid), "--net", "--uts", "--mount", "--pid", "--", program}, arguments...)...)
}

// try runs a command in the network of the host, and returns its output.
func (h *host) try(program string, arguments ...string) (string, error) {
	said, err := exec.Command("nsenter", append([]string{"--target", strconv.Itoa(h.pid), "--net", "--", program}, arguments...)...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s %s on %s: %w: %s", program, strings.Join(arguments, " "), h.name, err, said)
	}
	return string(said), err
}

// do is try for a command that must succeed.
func (h *host) do(program string, arguments ...string) {
	h.t.Helper()
	if _, err := h.try(program, arguments...); err != nil {
		h.t.Fatal(err)
	}
}

// cut pulls the cable of the host; plug puts it in again.
func (h *host) cut()  { h.t.Helper(); h.bridge.do("ip", "link", "set", h.port, "down") }
func (h *host) plug() { h.t.Helper(); h.bridge.do("ip", "link", "set", h.port, "up") }

// filter applies a statement of nftables to the packets that arrive at the host and match;
// it counts them. unfilter ends all such rules, of which one must have had a packet.
func (h *host) filter(match, statement string) {
	h.t.Helper()
	h.do("nft", "add table inet faults; add chain inet faults in { type filter hook input priority 0; }; add rule inet faults in "+match+" counter "+statement)
}

func (h *host) unfilter() {
	h.t.Helper()
	if h.filtered() == 0 {
		h.t.Errorf("no packet was filtered on %s", h.name)
	}
	h.do("nft", "delete", "table", "inet", "faults")
}

// filtered returns the number of packets to which filters were applied.
func (h *host) filtered() (packets int) {
	h.t.Helper()
	rules, err := h.try("nft", "list", "table", "inet", "faults")
	if err != nil {
		h.t.Fatal(err)
	}
	for _, part := range strings.Split(rules, "counter packets ")[1:] {
		n, err := strconv.Atoi(strings.Fields(part)[0])
		if err != nil {
			h.t.Fatalf("%v: %s", err, rules)
		}
		packets += n
	}
	return packets
}

// retransmitted returns how many TCP segments the host has sent again.
func (h *host) retransmitted() (segments int) {
	h.t.Helper()
	body, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/snmp", h.pid))
	if err != nil {
		h.t.Fatal(err)
	}
	table := regexp.MustCompile(`Tcp: (.+)\nTcp: (.+)`).FindSubmatch(body) // the names, and the values
	if table == nil {
		h.t.Fatalf("no TCP in %s", body)
	}
	column := slices.Index(strings.Fields(string(table[1])), "RetransSegs")
	if segments, err = strconv.Atoi(strings.Fields(string(table[2]))[column]); err != nil {
		h.t.Fatal(err)
	}
	return segments
}

// limit bounds the rate of the cable in both directions. Four packets may wait; with more,
// a ping behind them would take longer than its sender waits.
func (h *host) limit(rate string) {
	h.t.Helper()
	shape := func(device string) []string {
		return []string{"qdisc", "add", "dev", device, "root", "tbf", "rate", rate, "burst", "2000", "limit", "6000"}
	}
	h.do("tc", shape("eth0")...)
	h.bridge.do("tc", shape(h.port)...)
}

// limited returns how often a packet had to wait for the rate.
func (h *host) limited() (times int) {
	h.t.Helper()
	said, err := h.bridge.try("tc", "-s", "qdisc", "show", "dev", h.port)
	_, after, found := strings.Cut(said, "overlimits ")
	if err == nil && found {
		times, err = strconv.Atoi(strings.Fields(after)[0])
	}
	if err != nil || !found {
		h.t.Fatalf("%v: %s", err, said)
	}
	return times
}

// needsHosts skips a test unless make hosts runs it, and where hosts cannot be made.
func needsHosts(t *testing.T) {
	t.Helper()
	if os.Getenv("SPIQSWEEP_HOSTS") != "1" {
		t.Skip("skipped: make hosts runs it")
	}
	needs.Root(t)
	for program, debian := range map[string]string{"nft": "nftables", "ip": "iproute2", "tc": "iproute2", "nsenter": "util-linux", "unshare": "util-linux"} {
		needs.Program(t, program, debian)
	}
}
