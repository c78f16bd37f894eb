package host

import (
	"net"
	"os"
	"path/filepath"
	"strings"
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

	encrypted := Endpoint{Shared: true, Listen: "0.0.0.0:0", Advertise: []string{remote}}
	if _, err := encrypted.keys(f, own.Addr()); err != nil {
		t.Fatal(err)
	}
	if _, err := (Endpoint{Shared: true}).keys(f, own.Addr()); err != nil {
		t.Fatal(err)
	}
	listed(at(own)) // a coordinator without an authority cannot vouch for one that has one
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

// TestGivenKeys checks that the tokens and the authority of a folder of keys replace those
// of a coordinator's folder, that its addresses stay, and that faulty folders are refused.
func TestGivenKeys(t *testing.T) {
	t.Parallel()
	given, f := folder.Folder(filepath.Join(t.TempDir(), "keys")), folder.Folder(t.TempDir())
	if err := WriteKeys(string(given), []string{"spiqsweep:7473"}); err != nil {
		t.Fatal(err)
	}
	load := func(f folder.Folder, name string) credentials.File {
		t.Helper()
		file, err := credentials.Load(f.Path(name))
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	before := load(given, folder.WorkerFile)
	if err := WriteKeys(string(given), []string{"other:7474"}); err != nil {
		t.Fatal(err)
	}
	worker, operator := load(given, folder.WorkerFile), load(given, folder.OperatorFile)
	if worker.Token != before.Token || worker.CA != before.CA || worker.Token == operator.Token {
		t.Error("the second call changed the keys, or both roles have one token")
	}
	if diff := cmp.Diff([]string{"127.0.0.1:7474", "other:7474"}, operator.Addresses); diff != "" {
		t.Errorf("addresses for commands (-want +got):\n%s", diff)
	}

	r := Endpoint{Listen: "0.0.0.0:0", Advertise: []string{"here:1"}}
	if _, err := r.keys(f, listens(t).Addr()); err != nil {
		t.Fatal(err)
	}
	r.Keys = string(given)
	k, err := r.keys(f, listens(t).Addr())
	if err != nil {
		t.Fatal(err)
	}
	if k.worker.Token != worker.Token || k.operator.Token != operator.Token || k.worker.CA != worker.CA {
		t.Error("the coordinator does not use the given keys")
	}
	if diff := cmp.Diff([]string{"here:1"}, load(f, folder.WorkerFile).Addresses); diff != "" {
		t.Errorf("addresses in the coordinator's folder (-want +got):\n%s", diff)
	}

	for name, spoil := range map[string]func() error{
		"worker.json: no such file":     func() error { return os.Remove(given.Path(folder.WorkerFile)) },
		`has the role "operator"`:       func() error { return operator.Save(given.Path(folder.WorkerFile)) },
		"ca-key.pem: no such file":      func() error { return os.Remove(given.Path(folder.AuthorityKeyFile)) },
		"--keys has no effect without ": func() error { r.Listen, r.Advertise = "", nil; return nil },
	} {
		restore := r
		saved := map[string][]byte{}
		for _, file := range []string{folder.WorkerFile, folder.AuthorityKeyFile} {
			saved[file], _ = os.ReadFile(given.Path(file))
		}
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		err := r.check()
		if err == nil {
			_, err = r.keys(f, listens(t).Addr())
		}
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error is %v, want one with %q", err, name)
		}
		r = restore
		for file, body := range saved {
			if err := os.WriteFile(given.Path(file), body, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
