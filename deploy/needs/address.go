package needs

import (
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
)

var nextPort atomic.Int32

// Address returns the address of a free port of this machine. The port is below the system's
// ephemeral ones, so that no connection is given it before a program listens there, or while the
// program is restarted.
func Address(t testing.TB) string {
	t.Helper()
	const first, count = 20000, 10000
	for range count {
		port := first + (os.Getpid()*37+int(nextPort.Add(1)))%count
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		if listener, err := net.Listen("tcp", address); err == nil {
			listener.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}
