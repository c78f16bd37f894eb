package store_test

import (
	"testing"

	"spiqsweep/coordinator/store"
)

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
