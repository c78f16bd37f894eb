package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"spiqsweep/deploy/needs"
)

// TestDescribeAgreesWithTheReference compares every number that `describe`
// prints of the recording with those that others computed.
func TestDescribeAgreesWithTheReference(t *testing.T) {
	recording := needs.Recording(t)
	body, err := os.ReadFile(needs.Shared(t, "reference", "recording.json"))
	if err != nil {
		t.Fatal(err)
	}
	var reference struct{ Sets map[string]map[string]any }
	if err := json.Unmarshal(body, &reference); err != nil {
		t.Fatal(err)
	}
	if len(reference.Sets) != 6 {
		t.Errorf("%d sets in the reference, want 6", len(reference.Sets))
	}
	for name, want := range reference.Sets {
		selection, neurons, _ := strings.Cut(name, " ")
		var out, talk bytes.Buffer
		if code := run([]string{"describe", recording, "--select", selection, "--neurons", neurons, "--json"}, nil, &out, &talk); code != 0 {
			t.Fatalf("%s: exit code %d: %s", name, code, talk.String())
		}
		var got map[string]any
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if got["file"] != filepath.Base(recording) || got["bin_ms"] != 20. || !gocmp.Equal(got["shape"], map[string]any{"repeats": 297., "neurons": 160., "bins": 952.}) {
			t.Errorf("%s: file %v, shape %v, bins of %v ms", name, got["file"], got["shape"], got["bin_ms"])
		}
		for _, added := range []string{"file", "format", "axes", "shape", "bin_ms"} {
			delete(got, added)
		}
		want["neuron_ids"] = want["cells"] // the reference's name for them
		delete(want, "cells")
		if diff := gocmp.Diff(want, got, cmpopts.EquateApprox(1e-9, 0)); diff != "" {
			t.Errorf("%s (-reference +got):\n%s", name, diff)
		}
		if !strings.Contains(talk.String(), "empty") {
			t.Errorf("%s: it says %q, want a notice on the empty last bin", name, talk.String())
		}
	}
}

func Example_describe() {
	var out bytes.Buffer
	run([]string{"describe", "surrogate", "--select", "7", "--timesteps", "2"}, nil, &out, os.Stderr)
	shape, _, _ := strings.Cut(out.String(), "\n")
	fmt.Println(shape)
	// Output: surrogate: 297 repeats × 20 neurons × 952 bins of 20 ms
}
