package app

import (
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/proto/credentials"
)

func listens(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

// TestAddressesComeAndGo: coordinators of one store list each other, this one
// first, but none of this machine that has died; who ends leaves the list.
func TestAddressesComeAndGo(t *testing.T) {
	t.Parallel()
	const elsewhere = "192.0.2.1:7473"
	own, other, dead := listens(t), listens(t), listens(t)
	_ = dead.Close()
	at := func(l net.Listener) string { return l.Addr().String() }
	f := folder(t.TempDir())
	for name, role := range map[string]string{workerFile: credentials.Worker, operatorFile: credentials.Operator} {
		file := credentials.File{Role: role, Token: credentials.NewToken(), Addresses: []string{at(dead), at(other), elsewhere}}
		if err := file.Save(f.path(name)); err != nil {
			t.Fatal(err)
		}
	}
	listed := func(want ...string) {
		t.Helper()
		for _, name := range []string{workerFile, operatorFile} {
			file, err := credentials.Load(f.path(name))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, file.Addresses); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
	r := Reach{Beside: true}
	if _, err := r.keys(f, own.Addr()); err != nil {
		t.Fatal(err)
	}
	listed(at(own), at(other), elsewhere)
	if err := r.withdraw(f, own.Addr()); err != nil {
		t.Fatal(err)
	}
	listed(at(other), elsewhere)

	r.Beside = false
	if _, err := r.keys(f, own.Addr()); err != nil {
		t.Fatal(err)
	}
	if err := r.withdraw(f, own.Addr()); err != nil {
		t.Fatal(err)
	}
	listed(at(own)) // a file names at least one
}
