//go:build unix

package e2e

import (
	"net"
	"path/filepath"
	"strings"
	"testing"

	"spiqsweep/deploy/needs"
	"spiqsweep/proto/credentials"
)

// TestBetweenMachines runs a sweep over TLS, as between machines. A worker that
// trusts another authority must say so, and no log may show a token.
func TestBetweenMachines(t *testing.T) {
	t.Parallel()
	r := newRun(t, small)
	_, port, err := net.SplitHostPort(needs.Address(t))
	if err != nil {
		t.Fatal(err)
	}
	c := r.coordinator("", "--listen", net.JoinHostPort("0.0.0.0", port), "--advertise", net.JoinHostPort("localhost", port))
	r.until(c, "the coordinator answers", answers)

	file, err := credentials.Load(filepath.Join(r.folder, "worker.json"))
	if err != nil {
		t.Fatal(err)
	}
	operator, err := credentials.Load(filepath.Join(r.folder, "operator.json"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := credentials.NewAuthority(nil)
	if err != nil {
		t.Fatal(err)
	}
	misled := file
	misled.CA = other.Certificate()
	r.workerFile = filepath.Join(t.TempDir(), "worker.json")
	if err := misled.Save(r.workerFile); err != nil {
		t.Fatal(err)
	}
	misconfigured := start(t, "", "worker", "--coordinator", r.workerFile, "--slots", "1", "--connect-timeout", "5s")
	misconfigured.expect(1)
	if said := misconfigured.output.String(); !strings.Contains(said, "another authority") || !strings.Contains(said, "copy worker.json") {
		t.Errorf("the worker that trusts another authority does not say so:\n%s", said)
	}

	r.workerFile = ""
	w := r.worker("")
	c.expect(0)
	w.expect(0)
	if got := r.file("results.csv"); string(got) != string(small.results(t)) {
		t.Errorf("results.csv differs from the undisturbed run's:\n%s", got)
	}
	for _, p := range []*process{c, misconfigured, w} {
		for _, token := range []string{file.Token, operator.Token} {
			if strings.Contains(p.output.String(), token) {
				t.Errorf("%s shows a token", p.name)
			}
		}
	}
}
