package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spiqsweep/coordinator/store"
)

func TestOpenAddresses(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"sweep.db", "a b.db", "50%20?x=1&y#z.db", "ärger.db", "why?", "a?b=c.d/sweep.db"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		s := open(t, "sqlite://"+filepath.ToSlash(path))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		if err := open(t, path).Close(); err != nil {
			t.Error(err)
		}
	}
	for address, want := range map[string]string{
		"":                         "names no file",
		":memory:":                 "must outlive",
		"sqlite://:memory:":        "must outlive",
		"file::memory:":            "must outlive",
		"file::memory:?cache=a":    "must outlive",
		"file:x?mode=memory":       "must outlive",
		"postgres:/host/x":         "two slashes",
		"file:sweep.db":            "write the path alone, sweep.db",
		"file:/x":                  "write the path alone, /x",
		"file:///x":                "write the path alone, /x",
		"file://me:secret@host/x":  "write the path alone, /x",
		"sqlite://x.db?_pragma=a":  "takes no parameters: write the path alone, x.db",
		"sqlite://x.db?a=1&b=":     "takes no parameters: write the path alone, x.db",
		"runs/x.db?mode=ro":        "takes no parameters: write the path alone, runs/x.db",
		"https:/x.org":             `unknown scheme "https": give the path`,
		"sqlite://":                "names no file",
		"mysql://me:secret@host/x": `unknown scheme "mysql"`,
		"postgres://me:secret@host/x?sslmode=bogus":       "(sslmode is invalid): give disable, allow",
		"postgres://me:secret@host:99999/x":               `@host:99999/x": invalid port: give a port from 1 to 65535`,
		"postgres://me:secret@host/x?connect_timeout=q":   `: connect_timeout = "q": must be a number of seconds`,
		"postgres://me:secret@host/x?pool_max_conns=0":    `: pool_max_conns = "0": must be a whole number, 1 or more`,
		"postgres://me:secret@host/x?pool_ping_timeout=1": `: pool_ping_timeout = "1": must be a time with its unit`,
	} {
		_, err := store.Open(ctx, address)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "cannot parse") {
			t.Errorf("Open(%q) = %v: want %q", address, err, want)
		}
	}
}

func TestShowsPassword(t *testing.T) {
	for address, want := range map[string]bool{
		"postgres://me:topsecret@host/x":       true,
		"postgres://host/x?password=topsecret": true,
		"postgres://host/x?sslpassword=secret": true,
		"postgres://me@host/x":                 false,
		"sqlite://runs/sweep.db":               false,
		"runs/sweep.db":                        false,
		"":                                     false,
	} {
		if got := store.ShowsPassword(address); got != want {
			t.Errorf("%q: %v, want %v", address, got, want)
		}
	}
}

func TestWithoutPassword(t *testing.T) {
	for address, want := range map[string]string{
		"postgres://me:topsecret@host:5432/x":                            "postgres://me@host:5432/x",
		"postgres://me:@host/x":                                          "postgres://me@host/x",
		"postgres://:topsecret@host/x":                                   "postgres://host/x",
		"postgres://m%40e:top%2Fsecret@host/x?sslmode=require":           "postgres://m%40e@host/x?sslmode=require",
		"postgres://host/x?password=topsecret&pool_max_conns=4":          "postgres://host/x?pool_max_conns=4",
		"postgres://me:a@host/x?sslmode=require&password=b&sslpassword=": "postgres://me@host/x?sslmode=require",
		"postgres://me:top%zzsecret@host/x":                              "(unreadable)",
		"postgres://me@host/x?b=1&a=2":                                   "postgres://me@host/x?b=1&a=2",
		"sqlite://runs/sweep.db":                                         "sqlite://runs/sweep.db",
		`C:\runs\sweep.db`:                                               `C:\runs\sweep.db`,
		"runs/100%.db":                                                   "runs/100%.db",
		"":                                                               "",
	} {
		if got := store.WithoutPassword(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}

// FuzzWithoutPassword checks that WithoutPassword removes all passwords, and that it is
// idempotent.
func FuzzWithoutPassword(f *testing.F) {
	for _, seed := range []string{"postgres://me:topsecret@host/x", "postgres://host/x?password=a&password=b", "postgres://:%3A@host", "x.db", "a://b:c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		shown := store.WithoutPassword(address)
		if store.ShowsPassword(shown) {
			t.Errorf("%q is shown as %q", address, shown)
		}
		if again := store.WithoutPassword(shown); again != shown {
			t.Errorf("%q is shown as %q, then as %q", address, shown, again)
		}
	})
}
