package credentials_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	grpccredentials "google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"spiqsweep/proto/credentials"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// authority makes one whose clock shows another time.
func authority(t *testing.T, ago time.Duration) *credentials.Authority {
	t.Helper()
	a, err := credentials.NewAuthority(func() time.Time { return time.Now().Add(-ago) })
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func serverTLS(t *testing.T, a *credentials.Authority) *tls.Config {
	t.Helper()
	c, err := a.ServerTLS()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// serve answers the token's owner, through TLS unless how is nil.
func serve(t *testing.T, token string, how *tls.Config) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var options []grpc.ServerOption
	if how != nil {
		options = append(options, grpc.Creds(grpccredentials.NewTLS(how)))
	}
	server := grpc.NewServer(options...)
	spiqsweepv1.RegisterWorkerServiceServer(server, guarded{token: token})
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		server.Stop()
		<-served
	})
	return listener.Addr().String()
}

func call(t *testing.T, f credentials.File, address string) error {
	t.Helper()
	connection, err := f.Dial(address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	_, err = spiqsweepv1.NewWorkerServiceClient(connection).Sync(t.Context(), &spiqsweepv1.SyncRequest{})
	return err
}

// signedFor makes a server's TLS with a certificate for another name.
func signedFor(t *testing.T, name, certificate, key string) *tls.Config {
	t.Helper()
	root, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	body, err := x509.CreateCertificate(rand.Reader, template, root.Leaf, own.Public(), root.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{body}, PrivateKey: own}}}
}

// foreign makes an authority by other means than ours: it may sign for any name.
func foreign(t *testing.T, change func(*x509.Certificate)) (certificate, key string) {
	t.Helper()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	change(template)
	body, err := x509.CreateCertificate(rand.Reader, template, template, own.Public(), own)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(own)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key = filepath.Join(t.TempDir(), "ca.pem"), filepath.Join(t.TempDir(), "key.pem")
	for path, block := range map[string]*pem.Block{
		certificate: {Type: "CERTIFICATE", Bytes: body}, key: {Type: "EC PRIVATE KEY", Bytes: secret},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}

// TestWhoIsBelieved connects for real, to servers of every kind. Those that are
// not believed never see the token.
func TestWhoIsBelieved(t *testing.T) {
	file := valid()
	certificate, key := foreign(t, func(*x509.Certificate) {})
	ours, err := credentials.LoadAuthority(certificate, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	file.CA = ours.Certificate()
	plain := valid()
	plain.Token = file.Token
	old := authority(t, 5*365*24*time.Hour) // still good, unlike the certificates that it made then
	fromThen := file
	fromThen.CA = old.Certificate()
	early := authority(t, -48*time.Hour)
	fromFuture := file
	fromFuture.CA = early.Certificate()
	ended := authority(t, 11*365*24*time.Hour)
	fromLongAgo := file
	fromLongAgo.CA = ended.Certificate()
	oldTLS := serverTLS(t, ours)
	oldTLS.MinVersion, oldTLS.MaxVersion = tls.VersionTLS12, tls.VersionTLS12

	tests := map[string]struct {
		file   credentials.File
		server *tls.Config
		want   string // in the error; "": none
	}{
		"ours":                 {file, serverTLS(t, ours), ""},
		"a man in the middle":  {file, serverTLS(t, authority(t, 0)), "another authority"},
		"another name":         {file, signedFor(t, "example.org", certificate, key), "another name than"},
		"expired":              {fromThen, serverTLS(t, old), "if both are right, start the coordinator again"},
		"of the future":        {fromFuture, serverTLS(t, early), "UTC on, and it is"},
		"of an authority past": {fromLongAgo, serverTLS(t, ended), "if the clock is right, delete ca.pem"},
		"TLS 1.2":              {file, oldTLS, "no TLS with"},
		"plain text for TLS":   {file, nil, "speaks plain text"},
		"TLS for plain text":   {plain, serverTLS(t, ours), "closes connections without TLS, and the credentials file names no authority for TLS: copy"},
		"plain text for plain": {plain, nil, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			address := serve(t, file.Token, test.server)
			err := call(t, test.file, address)
			if test.want == "" {
				if err != nil {
					t.Errorf("error is %v, want none", err)
				}
				return
			}
			message := status.Convert(err).Message()
			code := codes.Unavailable
			if test.want == "another authority" {
				code = codes.Unauthenticated // it will not be ours later
			}
			if status.Code(err) != code || !strings.Contains(message, test.want) || !strings.Contains(message, address) {
				t.Errorf("error is %v, want %v with %q and the address", err, code, test.want)
			}
			if message := credentials.Explain(err); strings.Contains(message, "desc =") || !strings.Contains(message, test.want) {
				t.Errorf("the explanation is %q", message)
			}
			if strings.Contains(message, file.Token) {
				t.Errorf("the error shows the token: %v", err)
			}
		})
	}
}

func TestExplain(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"a coordinator's words": {status.Error(codes.FailedPrecondition, "the sweep is of class b"), "the sweep is of class b"},
		"a wrong token": {
			status.Error(codes.Unauthenticated, "unauthenticated"),
			"the token is not of this coordinator: copy worker.json (or operator.json) again from the output folder of the coordinator that you mean",
		},
		"nobody there": {
			status.Error(codes.Unavailable, `connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:1: connect: connection refused"`),
			"127.0.0.1:1: connection refused",
		},
		"no such host": {
			status.Error(codes.Unavailable, `connection error: desc = "transport: Error while dialing: dial tcp: lookup nowhere.invalid: no such host"`),
			"lookup nowhere.invalid: no such host",
		},
	} {
		if got := credentials.Explain(c.err); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestTokenIsSentAfterAuthentication checks that a man in the middle does not receive the token.
func TestTokenIsSentAfterAuthentication(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	received := make(chan string, 16)
	other := serverTLS(t, authority(t, 0))
	other.NextProtos = []string{"h2"}
	go func() {
		for {
			raw, err := listener.Accept()
			if err != nil {
				close(received)
				return
			}
			conn := tls.Server(raw, other)
			buffer := make([]byte, 1<<12)
			n, _ := conn.Read(buffer)
			received <- string(buffer[:n])
			conn.Close()
		}
	}()
	file := valid()
	file.CA = authority(t, 0).Certificate()
	if err := call(t, file, listener.Addr().String()); err == nil {
		t.Error("a call to a man in the middle was answered")
	}
	listener.Close()
	for text := range received {
		if text != "" {
			t.Errorf("the man in the middle read %q", text)
		}
	}
}

func TestServerRenewsItsCertificate(t *testing.T) {
	now := time.Now()
	a, err := credentials.NewAuthority(func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	server := serverTLS(t, a)
	leaf := func() *x509.Certificate {
		pair, err := server.GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return pair.Leaf
	}
	first := leaf()
	if again := leaf(); !again.Equal(first) {
		t.Error("a fresh certificate was replaced")
	}
	now = first.NotAfter.Add(-24 * time.Hour)
	second := leaf()
	if !second.NotAfter.After(now.Add(300 * 24 * time.Hour)) {
		t.Errorf("a day before the end, the certificate is good until %v", second.NotAfter)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(a.Certificate()))
	if _, err := second.Verify(x509.VerifyOptions{Roots: pool, DNSName: credentials.ServerName, CurrentTime: now}); err != nil {
		t.Error(err)
	}
	if _, err := second.Verify(x509.VerifyOptions{Roots: pool, DNSName: "example.org", CurrentTime: now}); err == nil {
		t.Error("the certificate is good for another name")
	}
	now = first.NotBefore.Add(time.Hour) // the clock was wrong, and is set back
	if set := leaf(); set.NotBefore.After(now) {
		t.Errorf("after the clock was set back to %v, the certificate is good from %v", now, set.NotBefore)
	}
}

// TestAuthorityEnds checks that Ending warns in time, and that a server presents valid
// certificates until then.
func TestAuthorityEnds(t *testing.T) {
	now := time.Now()
	began := now
	a, err := credentials.NewAuthority(func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	server := serverTLS(t, a)
	warned := 0
	for ; now.Before(began.Add(10 * 365 * 24 * time.Hour)); now = now.Add(10 * 24 * time.Hour) {
		pair, err := server.GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		if now.Before(pair.Leaf.NotBefore) || now.After(pair.Leaf.NotAfter) {
			t.Fatalf("at %v, the certificate is good from %v to %v", now, pair.Leaf.NotBefore, pair.Leaf.NotAfter)
		}
		if a.Ending() != "" {
			warned++
		}
	}
	if warned < 15 || warned > 20 {
		t.Errorf("the end was announced %d days before", 10*warned)
	}
	now = now.Add(24 * time.Hour)
	if end := a.Ending(); !strings.Contains(end, "delete ca.pem") {
		t.Errorf("after the end, it says %q", end)
	}
}

func TestFindAuthority(t *testing.T) {
	certificate, key := filepath.Join(t.TempDir(), "ca.pem"), filepath.Join(t.TempDir(), "ca-key.pem")
	// A key without a certificate is replaced.
	if err := os.WriteFile(key, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	first, err := credentials.FindAuthority(certificate, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	second, err := credentials.FindAuthority(certificate, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	if first.Certificate() != second.Certificate() {
		t.Error("another authority was made")
	}
	file := valid()
	file.CA = first.Certificate()
	if err := call(t, file, serve(t, file.Token, serverTLS(t, second))); err != nil {
		t.Errorf("a client of the first rejects a server of the second: %v", err)
	}
	for _, path := range []string{certificate, key} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", path, info.Mode())
		}
	}
}

func TestLoadAuthorityRefuses(t *testing.T) {
	good, goodKey := foreign(t, func(*x509.Certificate) {})
	_, otherKey := foreign(t, func(*x509.Certificate) {})
	leaf, leafKey := foreign(t, func(c *x509.Certificate) { c.IsCA, c.KeyUsage = false, x509.KeyUsageDigitalSignature })
	expired, expiredKey := foreign(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	garbage := filepath.Join(t.TempDir(), "garbage.pem")
	exposed := filepath.Join(t.TempDir(), "exposed.pem")
	body, err := os.ReadFile(goodKey)
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string][]byte{garbage: []byte("garbage"), exposed: body} {
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]struct{ certificate, key, want string }{
		"no certificate": {good + "x", goodKey, "no such file"},
		"no key":         {good, goodKey + "x", "no such file"},
		"garbage":        {garbage, goodKey, " holds nothing in PEM: give the PEM files of"},
		"a folder":       {t.TempDir(), t.TempDir(), "is a directory: give the path of a file in it"},
		"a folder's key": {good, t.TempDir(), "is a directory: give the path of a file in it"},
		"another's key":  {good, otherKey, "does not match"},
		"no authority":   {leaf, leafKey, "may not sign"},
		"expired":        {expired, expiredKey, "not now"},
	}
	if runtime.GOOS != "windows" {
		tests["exposed key"] = struct{ certificate, key, want string }{good, exposed, "chmod 600"}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := credentials.LoadAuthority(test.certificate, test.key, nil)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestExposed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("skipped: needs the permissions of unix")
	}
	path := filepath.Join(t.TempDir(), "worker.json")
	if err := valid().Save(path); err != nil {
		t.Fatal(err)
	}
	if warning := credentials.Exposed(path); warning != "" {
		t.Errorf("a private file is called exposed: %s", warning)
	}
	if os.Geteuid() == 0 { // as Kubernetes mounts a Secret
		if err := os.Chmod(path, 0o440); err != nil {
			t.Fatal(err)
		}
		if warning := credentials.Exposed(path); warning != "" {
			t.Errorf("a file of root that a group can read is called exposed: %s", warning)
		}
		if err := os.Chown(path, 65532, -1); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if warning := credentials.Exposed(path); !strings.Contains(warning, "chmod 600 "+path) {
		t.Errorf("warning of a file that its group can read is %q", warning)
	}
	if _, err := credentials.Find(credentials.Worker, []string{path}, ""); err != nil {
		t.Errorf("a worker's file that others can read is refused: %v", err)
	}
	if _, err := credentials.Find(credentials.Operator, []string{path}, ""); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("an operator's file that others can read: %v, want it refused", err)
	}
}

// TestSecretIsNoRegularFile gives directories and devices, which others can read: the advice
// must not be to change their permissions.
func TestSecretIsNoRegularFile(t *testing.T) {
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{folder: "is a directory: give the path of a file in it", os.DevNull: "is a device: give the path of a file"} {
		if path == os.DevNull && runtime.GOOS == "windows" {
			continue
		}
		for _, role := range []string{credentials.Worker, credentials.Operator} {
			for name, find := range map[string]func() error{
				"--coordinator": func() error { _, err := credentials.Find(role, []string{path}, ""); return err },
				"--credentials": func() error { _, err := credentials.Find(role, []string{"127.0.0.1:1"}, path); return err },
			} {
				if err := find(); err == nil || !strings.HasSuffix(err.Error(), path+" "+want) {
					t.Errorf("%s %s of the role %s: error is %v, want %q", name, path, role, err, want)
				}
			}
		}
	}
}

// TestHandshakeEndsWithTheCall calls a server that accepts connections and sends nothing.
func TestHandshakeEndsWithTheCall(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	file := valid()
	file.CA = authority(t, 0).Certificate()
	connection, err := file.Dial(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = spiqsweepv1.NewWorkerServiceClient(connection).Sync(ctx, &spiqsweepv1.SyncRequest{})
	if status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("error is %v, want DeadlineExceeded", err)
	}
}
