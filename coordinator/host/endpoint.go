package host

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"spiqsweep/coordinator/folder"
	"spiqsweep/proto/credentials"
)

// DefaultListen is a free port on this machine, for local workers.
const DefaultListen = "127.0.0.1:0"

// Endpoint configures the addresses of a coordinator and the encryption of calls.
type Endpoint struct {
	Listen    string   // address; "": DefaultListen
	Advertise []string // HOST:PORT at which workers reach it; empty: where it listens
	// CACert and CAKey are PEM files of the authority that signs its certificate; "": that
	// of the folder, which the first start makes.
	CACert, CAKey string
	// Keys is a folder whose tokens and, without CACert, whose authority are used (WriteKeys).
	// It is only read. "": those of the coordinator's folder, which the first start makes.
	Keys string
	// Shared keeps the addresses of other coordinators of the store in the folder.
	Shared bool
	// Insecure allows plain text, with the tokens in it, between machines.
	Insecure bool
	// HTTP is the address of the page; "": no page.
	HTTP string
}

// address returns the address to listen on.
func (r Endpoint) address() string {
	if r.Listen == "" {
		return DefaultListen
	}
	return r.Listen
}

// isRemote reports whether other machines may call.
func (r Endpoint) isRemote() bool {
	for _, address := range append([]string{r.address()}, r.Advertise...) {
		if !credentials.Loopback(address) {
			return true
		}
	}
	return false
}

// isEncrypted reports whether calls use TLS.
func (r Endpoint) isEncrypted() bool { return r.CACert != "" || r.isRemote() && !r.Insecure }

// isPageRemote reports whether other machines may read the page.
func (r Endpoint) isPageRemote() bool { return r.HTTP != "" && !credentials.Loopback(r.HTTP) }

// isPageEncrypted reports whether the page uses TLS. Readers of this machine need none.
func (r Endpoint) isPageEncrypted() bool { return r.isPageRemote() && !r.Insecure }

// check returns an error if options contradict each other.
func (r Endpoint) check() error {
	for _, address := range r.Advertise {
		host, port, err := net.SplitHostPort(address)
		if n, fault := strconv.ParseUint(port, 10, 16); err != nil || !isHost(host) || unspecified(host) || fault != nil || n == 0 {
			return folder.BadInput("advertise %q: must be the HOST:PORT that workers dial, with a port from 1 to 65535, such as coordinator.example.org:7473", address)
		}
	}
	switch {
	case len(r.Advertise) > 0 && r.Listen == "":
		return folder.BadInput("advertise %q: give the address to listen on with --listen", r.Advertise[0])
	case r.Listen == "" && !r.isPageRemote() && r.encryption() != "":
		return folder.BadInput("%s no effect without --listen, as only local workers call: leave it out, or give the address to listen on", r.encryption())
	case (r.CACert == "") != (r.CAKey == ""):
		return folder.BadInput("--ca-cert and --ca-key belong together: give both, or neither to have an authority made")
	case r.CACert != "" && r.Insecure:
		return folder.BadInput("--insecure means plain text, --ca-cert means TLS: give one of them")
	case r.CACert == "":
		return nil
	}
	_, err := r.given()
	return err
}

// encryption returns the flag that decides how other machines call, and "has" or "have"; ""
// if there is none.
func (r Endpoint) encryption() string {
	switch {
	case r.Insecure:
		return "--insecure has"
	case r.CACert+r.CAKey != "":
		return "--ca-cert and --ca-key have"
	case r.Keys != "":
		return "--keys has"
	}
	return ""
}

// isHost reports whether a text can be an IP address or the name of a machine.
func isHost(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil || hostName.MatchString(text)
}

// hostName matches the names that resolvers look up, also those of other alphabets.
var hostName = regexp.MustCompile(`^[\pL\pN\pM._-]+$`)

// listen opens the address for workers and commands.
func (r Endpoint) listen() (net.Listener, error) {
	return open("listen on", r.address(), "7473", r.check)
}

// listenHTTP opens the address of the page, and returns nil if there is none.
func (r Endpoint) listenHTTP() (net.Listener, error) {
	if r.HTTP == "" {
		return nil, nil
	}
	return open("--http", r.HTTP, "8080", func() error { return nil })
}

// open opens an address of this machine. what begins the messages, and port is that of the
// examples in them. check may refuse an address of the right form.
func open(what, address, port string, check func() error) (net.Listener, error) {
	host, number, err := net.SplitHostPort(address)
	if strings.Contains(address, "//") || strings.Contains(host, "/") {
		return nil, folder.BadInput("%s %q: an address has neither scheme nor slashes: must be HOST:PORT, such as 127.0.0.1:%s, or 0.0.0.0:%[3]s for other machines", what, address, port)
	}
	if _, fault := strconv.ParseUint(number, 10, 16); err != nil || fault != nil {
		return nil, folder.BadInput("%s %q: must be HOST:PORT with a port from 0 to 65535, such as 127.0.0.1:%s, or 0.0.0.0:%[3]s for other machines", what, address, port)
	}
	if err := check(); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, folder.BadInput("%s %q: the port is in use: choose another port, or 0 for any that is free", what, address)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, folder.BadInput("%s %q: this machine does not have the address: give an address of this machine, or 0.0.0.0 for all of them", what, address)
	case errors.Is(err, syscall.EACCES):
		return nil, folder.BadInput("%s %q: the system does not let this user open the port: choose a port above 1023", what, address)
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return nil, fmt.Errorf("%w: raise the limit of open files (`ulimit -n`)", err)
	case errors.As(err, new(*net.DNSError)):
		return nil, folder.BadInput("%s %q: this machine finds no address of the name %s: give an address of this machine, or 0.0.0.0 for all of them", what, address, host)
	case err != nil:
		return nil, folder.BadInput("%w: give an address of this machine, such as 127.0.0.1:%s, or 0.0.0.0:%[2]s for other machines", err, port)
	}
	return listener, nil
}

// advertised returns the addresses at which workers reach a coordinator that listens
// at an address: with the machine's name, if it listens on all its addresses.
func (r Endpoint) advertised(at net.Addr) []string {
	if len(r.Advertise) > 0 {
		return r.Advertise
	}
	host, port, err := net.SplitHostPort(at.String())
	if err != nil || !unspecified(host) {
		return []string{at.String()}
	}
	name, err := os.Hostname()
	if err != nil {
		return []string{at.String()}
	}
	return []string{net.JoinHostPort(name, port)}
}

// nearby returns the address at which processes of this machine reach the coordinator.
func nearby(at net.Addr) string {
	host, port, err := net.SplitHostPort(at.String())
	if err != nil || !unspecified(host) {
		return at.String()
	}
	return net.JoinHostPort("127.0.0.1", port)
}

// unspecified reports whether a host stands for every address of the machine.
func unspecified(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}
