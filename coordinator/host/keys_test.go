package host

import (
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/folder"
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

// TestAddressesComeAndGo checks that coordinators of one store list each other, except
// those of this machine that have died, and that one that ends leaves the list.
func TestAddressesComeAndGo(t *testing.T) {
	t.Parallel()
	const remote = "192.0.2.1:7473"
	own, other, dead := listens(t), listens(t), listens(t)
	_ = dead.Close()
	at := func(l net.Listener) string { return l.Addr().String() }
	f := folder.Folder(t.TempDir())
	for name, role := range map[string]string{folder.WorkerFile: credentials.Worker, folder.OperatorFile: credentials.Operator} {
		file := credentials.File{Role: role, Token: credentials.NewToken(), Addresses: []string{at(dead), at(other), remote}}
		if err := file.Save(f.Path(name)); err != nil {
			t.Fatal(err)
		}
	}
	listed := func(want ...string) {
		t.Helper()
		for _, name := range []string{folder.WorkerFile, folder.OperatorFile} {
			file, err := credentials.Load(f.Path(name))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, file.Addresses); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
	r := Endpoint{Shared: true}
	if _, err := r.keys(f, own.Addr()); err != nil {
		t.Fatal(err)
	}
	listed(at(own), at(other), remote)
	if err := r.withdraw(f, own.Addr()); err != nil {
		t.Fatal(err)
	}
	listed(at(other), remote)

	r.Shared = false
	if _, err := r.keys(f, own.Addr()); err != nil {
		t.Fatal(err)
	}
	if err := r.withdraw(f, own.Addr()); err != nil {
		t.Fatal(err)
	}
	listed(at(own)) // a file names at least one
}

// TestWorkerSuffix checks that a coordinator recognises local workers of its store
// after the folder was moved, and not those of other coordinators of a shared store.
func TestWorkerSuffix(t *testing.T) {
	t.Parallel()
	if a, b := workerSuffix("here", "here/sweep.db", ""), workerSuffix("there", "there/sweep.db", ""); a != b {
		t.Errorf("local workers of a moved folder end in %q and %q", a, b)
	}
	const shared = "postgres://host/db"
	if a, b := workerSuffix("here", shared, ""), workerSuffix("there", shared, ""); a == b {
		t.Errorf("local workers of two coordinators of one store both end in %q", a)
	}
}
