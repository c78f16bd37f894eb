package app_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spiqsweep/coordinator/app"
	"spiqsweep/deploy/needs"
)

// TestPage reads the page of a run while it goes on, from this machine and, with the token
// and over TLS, as another machine does.
func TestPage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		at       string
		insecure bool
		scheme   string
		nobody   int // the status for a reader without the token
	}{
		"loopback": {"127.0.0.1", false, "http", http.StatusOK},
		"remote":   {"0.0.0.0", false, "https", http.StatusUnauthorized},
		"insecure": {"0.0.0.0", true, "http", http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := config(t, fourConfigurations, &fakeWorkers{})
			_, port, err := net.SplitHostPort(needs.Address(t)) // which no other test is given in the end
			if err != nil {
				t.Fatal(err)
			}
			config.HTTP, config.Insecure, config.Note = net.JoinHostPort(c.at, port), c.insecure, "watch me"
			var a *app.App
			read := 0
			config.Follow = func(now app.Progress) {
				if read > 0 || now.Counts.Done == 0 {
					return
				}
				read++
				readPage(t, a, config.Out, c.scheme, c.nobody)
			}
			if a, err = app.Open(t.Context(), config); err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			if _, err := a.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if read == 0 {
				t.Error("the page was not read")
			}
			at, err := url.Parse(a.PageURL())
			if err != nil {
				t.Fatal(err)
			}
			if conn, err := net.Dial("tcp", "127.0.0.1:"+at.Port()); err == nil {
				_ = conn.Close()
				t.Error("the page is served after the end of the run")
			}
		})
	}
}

// readPage reads the pages of a run with the token, and the overview without it.
func readPage(t *testing.T, a *app.App, out, scheme string, nobody int) {
	at, err := url.Parse(a.PageURL())
	if err != nil || at.Scheme != scheme {
		t.Errorf("the page is at %s (%v), want %s", a.PageURL(), err, scheme)
		return
	}
	at.Host = "127.0.0.1:" + at.Port()
	transport := &http.Transport{ForceAttemptHTTP2: true} // as browsers do
	defer transport.CloseIdleConnections()
	if scheme == "https" {
		ca, err := os.ReadFile(filepath.Join(out, "ca.pem"))
		if err != nil {
			t.Error(err)
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(ca)
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, ServerName: "spiqsweep", MinVersion: tls.VersionTLS13}
	}
	client := &http.Client{Transport: transport}
	get := func(path, token string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at.ResolveReference(&url.URL{Path: path}).String(), nil)
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		answer, err := client.Do(request)
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		defer answer.Body.Close()
		if answer.ProtoMajor != 1 {
			t.Errorf("%s is answered by %s, whose deadlines end idle streams of events", path, answer.Proto)
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Error(err)
		}
		return answer.StatusCode, string(body)
	}
	if status, _ := get("/", ""); status != nobody {
		t.Errorf("without the token: status %d, want %d", status, nobody)
	}
	token := operator(t, out).Token
	sweep := "/sweeps/" + a.ID()
	for path, want := range map[string]string{
		"/": "watch me", sweep: "of 4 tasks done", sweep + "/tasks": "n=1 t=1 k=0 replicate 0", "/static/page.js": "EventSource",
	} {
		if status, body := get(path, token); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: status %d, without %q: %.300s", path, status, want, body)
		}
	}
	if status, _ := get(sweep+"/files/operator.json", token); status != http.StatusNotFound {
		t.Errorf("the token's file: status %d", status)
	}
}
