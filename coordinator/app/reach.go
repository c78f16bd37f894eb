package app

import (
	"errors"
	"net"
	"os"
	"strconv"
	"syscall"

	"spiqsweep/proto/credentials"
)

// DefaultListen lets local workers find the coordinator on a port that is free.
const DefaultListen = "127.0.0.1:0"

// Reach says from where a coordinator can be called, and how.
type Reach struct {
	Listen    string   // address; "": DefaultListen
	Advertise []string // HOST:PORT where workers find it; none: where it listens
	// CACert and CAKey are PEM files of the authority that signs for it; "": one
	// of the output folder, made at the first start.
	CACert, CAKey string
	// Beside other coordinators of one store: their addresses in the folder's files
	// are kept.
	Beside bool
	// Insecure lets plain text, and with it the tokens, travel between machines.
	Insecure bool
}

// address is where to listen.
func (r Reach) address() string {
	if r.Listen == "" {
		return DefaultListen
	}
	return r.Listen
}

// remote reports whether other machines may call.
func (r Reach) remote() bool {
	for _, address := range append([]string{r.address()}, r.Advertise...) {
		if !credentials.Loopback(address) {
			return true
		}
	}
	return false
}

// encrypted reports whether calls travel by TLS.
func (r Reach) encrypted() bool { return r.CACert != "" || r.remote() && !r.Insecure }

// check says which flags do not fit together.
func (r Reach) check() error {
	for _, address := range r.Advertise {
		host, port, err := net.SplitHostPort(address)
		if n, fault := strconv.ParseUint(port, 10, 16); err != nil || host == "" || unspecified(host) || fault != nil || n == 0 {
			return badInput("advertise %q: must be the HOST:PORT that workers dial, with a port from 1 to 65535, such as coordinator.example.org:7473", address)
		}
	}
	switch {
	case len(r.Advertise) > 0 && r.Listen == "":
		return badInput("advertise %q: say with --listen where to listen", r.Advertise[0])
	case (r.CACert == "") != (r.CAKey == ""):
		return badInput("--ca-cert and --ca-key belong together: give both, or neither to have an authority made")
	case r.CACert != "" && r.Insecure:
		return badInput("--insecure means plain text, --ca-cert means TLS: give one of them")
	case r.CACert == "":
		return nil
	}
	_, err := r.given()
	return err
}

// listen opens the address.
func (r Reach) listen() (net.Listener, error) {
	_, port, err := net.SplitHostPort(r.address())
	if _, fault := strconv.ParseUint(port, 10, 16); err != nil || fault != nil {
		return nil, badInput("listen on %q: must be HOST:PORT with a port from 0 to 65535, such as 127.0.0.1:7473, or 0.0.0.0:7473 for other machines", r.address())
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", r.address())
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, badInput("%w: choose another port, or 0 for any that is free", err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, badInput("%w: give an address of this machine, or 0.0.0.0 for all of them", err)
	case errors.Is(err, syscall.EACCES):
		return nil, badInput("%w: choose a port above 1023", err)
	case err != nil:
		return nil, badInput("%w", err)
	}
	return listener, nil
}

// advertised are the addresses where workers find a coordinator that listens at
// an address: by this machine's name if that is any of the machine's.
func (r Reach) advertised(at net.Addr) []string {
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

// nearby is where processes of this machine find the coordinator.
func nearby(at net.Addr) string {
	host, port, err := net.SplitHostPort(at.String())
	if err != nil || !unspecified(host) {
		return at.String()
	}
	return net.JoinHostPort("127.0.0.1", port)
}

// unspecified hosts stand for every address of the machine.
func unspecified(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}
