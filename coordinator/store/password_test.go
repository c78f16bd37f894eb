package store_test

import (
	"testing"

	"spiqsweep/coordinator/store"
)

func TestShowsPassword(t *testing.T) {
	for address, want := range map[string]bool{
		"postgres://me:topsecret@host/x":       true,
		"postgres://host/x?password=topsecret": true,
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
