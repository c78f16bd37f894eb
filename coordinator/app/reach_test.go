package app_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/folder"
	"spiqsweep/proto/credentials"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// load reads one of the credentials files of a sweep's folder.
func load(t *testing.T, c app.Config, name string) credentials.File {
	t.Helper()
	file, err := credentials.Load(filepath.Join(c.Out, name))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// runForOthers runs a sweep for workers on other machines. The last function
// interrupts it and waits for its end.
func runForOthers(t *testing.T) (*app.App, app.Config, func()) {
	t.Helper()
	c := config(t, fourConfigurations, &fakeWorkers{act: failing})
	c.Listen, c.Local = "0.0.0.0:0", 0
	a, err := app.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	ran := make(chan error)
	go func() {
		_, err := a.Run(ctx)
		ran <- err
	}()
	return a, c, func() {
		t.Helper()
		interrupt()
		if err := <-ran; !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v, want Canceled", err)
		}
	}
}

// TestASweepReachedRemotely checks that local workers, commands and holders of the
// credentials files reach a coordinator with TLS, and that other clients do not.
func TestASweepReachedRemotely(t *testing.T) {
	t.Parallel()
	a, c, interrupt := runForOthers(t)
	defer a.Close()

	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(a.Address())
	if err != nil {
		t.Fatal(err)
	}
	worker, operator := load(t, c, "worker.json"), load(t, c, "operator.json")
	remote, here := net.JoinHostPort(name, port), net.JoinHostPort("127.0.0.1", port)
	if !slices.Equal(worker.Addresses, []string{remote}) || !slices.Equal(a.Advertised(), worker.Addresses) {
		t.Errorf("workers are sent to %v, said %v, want %s", worker.Addresses, a.Advertised(), remote)
	}
	if !slices.Equal(operator.Addresses, []string{here, remote}) {
		t.Errorf("operators are sent to %v, want %s, then %s", operator.Addresses, here, remote)
	}
	if answer, running, err := (app.Place{Out: c.Out}).Ask(t.Context()); err != nil || !running || answer.Tasks.Pending != 4 {
		t.Errorf("the coordinator answers %v, %v, %v", answer, running, err)
	}
	ask := func(file credentials.File) error {
		connection, err := file.Dial(here)
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		_, err = spiqsweepv1.NewOperatorServiceClient(connection).GetStatus(t.Context(), &spiqsweepv1.GetStatusRequest{})
		return err
	}
	if err := ask(operator); err != nil {
		t.Error(err)
	}
	plain := operator
	plain.CA = ""
	if err := ask(plain); err == nil || !strings.Contains(err.Error(), "TLS") {
		t.Errorf("plain text is answered with %v", err)
	}
	other, err := credentials.NewAuthority(nil)
	if err != nil {
		t.Fatal(err)
	}
	misled := operator
	misled.CA = other.Certificate()
	if err := ask(misled); err == nil || !strings.Contains(err.Error(), "another authority") {
		t.Errorf("a client that trusts another authority gets %v", err)
	}
	interrupt()
}

func TestLocalWorkersFindACoordinatorWithTLS(t *testing.T) {
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{})
	c.Listen = "0.0.0.0:0"
	if _, last := runToEnd(t, c); last.Counts.Done != 4 {
		t.Errorf("%d tasks done, want 4", last.Counts.Done)
	}
}

// TestKeysOutliveTheCoordinator checks that worker.json stays valid for the next
// coordinator.
func TestKeysOutliveTheCoordinator(t *testing.T) {
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{})
	c.Listen, c.Advertise = "127.0.0.1:0", []string{"coordinator.example.org:7473"}
	reopened := func() credentials.File {
		a, err := app.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		return load(t, c, "worker.json")
	}
	first, second := reopened(), reopened()
	if first.CA == "" || first.CA != second.CA || first.Token != second.Token {
		t.Errorf("credentials changed from %v to %v", first, second)
	}
	if want := []string{"coordinator.example.org:7473"}; !slices.Equal(first.Addresses, want) {
		t.Errorf("workers are sent to %v, want %v", first.Addresses, want)
	}
	for _, name := range []string{"ca.pem", "ca-key.pem", "worker.json", "operator.json"} {
		info, err := os.Stat(filepath.Join(c.Out, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", name, info.Mode())
		}
	}
	// A coordinator for this machine only uses plain text again.
	c.Advertise = nil
	if third := reopened(); third.CA != "" || third.Insecure || third.Token != first.Token {
		t.Errorf("credentials on loopback are %+v", third)
	}
}

func TestTwoCoordinatorsShareAnAuthority(t *testing.T) {
	t.Parallel()
	shared, err := credentials.NewAuthority(nil)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	certificate, key := filepath.Join(folder, "ca.pem"), filepath.Join(folder, "key.pem")
	if err := shared.Save(certificate, key); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		c := config(t, fourConfigurations, &fakeWorkers{})
		c.Listen, c.CACert, c.CAKey = "127.0.0.1:0", certificate, key // requests TLS on loopback, too
		a, err := app.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		if file := load(t, c, "worker.json"); file.CA != shared.Certificate() {
			t.Error("the coordinator has another authority than it was given")
		}
		if _, err := os.Stat(filepath.Join(c.Out, "ca-key.pem")); err == nil {
			t.Error("an authority was created, though one was given")
		}
	}
}

func TestInsecureIsReported(t *testing.T) {
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{})
	c.Listen, c.Insecure = "0.0.0.0:0", true
	a, err := app.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if file := load(t, c, "worker.json"); !file.Insecure || file.CA != "" {
		t.Errorf("worker.json is %+v", file)
	}
	if !slices.ContainsFunc(a.Notices, func(notice string) bool { return strings.Contains(notice, "plain text") }) {
		t.Errorf("notices are %q", a.Notices)
	}
}

// TestAnIncompleteAuthorityIsKept checks that a certificate without its key is not replaced,
// because workers may rely on it.
func TestAnIncompleteAuthorityIsKept(t *testing.T) {
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{})
	c.Listen = "0.0.0.0:0"
	a, err := app.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	a.Close()
	path := filepath.Join(c.Out, "ca-key.pem")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, err = app.Open(t.Context(), c)
	var input *folder.InputError
	if !errors.As(err, &input) || !strings.Contains(err.Error(), "ca.pem to have a new authority made") {
		t.Errorf("error is %v, want an InputError that names the fix", err)
	}
}

// TestOnlyTLS13IsAccepted offers TLS 1.2.
func TestOnlyTLS13IsAccepted(t *testing.T) {
	t.Parallel()
	a, _, interrupt := runForOthers(t)
	defer a.Close()
	_, port, err := net.SplitHostPort(a.Address())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := tls.Dial("tcp", net.JoinHostPort("127.0.0.1", port), &tls.Config{
		MaxVersion: tls.VersionTLS12, InsecureSkipVerify: true, NextProtos: []string{"h2"},
	})
	if err == nil {
		conn.Close()
		t.Errorf("version %x was accepted", conn.ConnectionState().Version)
	}
	interrupt()
}
