package recording

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"spiqsweep/deploy/needs"
)

func openRealRecording(t *testing.T) *Recording {
	t.Helper()
	r, err := Open(t.Context(), needs.Recording(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRealRecording(t *testing.T) {
	data, err := os.ReadFile(needs.Recording(t))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	if got := hex.EncodeToString(sum[:]); got != "50fa85a05950b76033809c8468f70c91fcd0c76d04587a685c1b76085f7f4dae" {
		t.Fatalf("the file's SHA-256 is %s: not the published recording", got)
	}
	r := openRealRecording(t)
	if r.Repeats() != 297 || r.Neurons() != 160 || r.Bins() != 952 || r.Name() != "bint_fishmovie32_100.mat" {
		t.Errorf("%s: %d × %d × %d", r.Name(), r.Repeats(), r.Neurons(), r.Bins())
	}
	if want := []string{"the last of 953 bins is empty for every neuron in every repeat and was dropped"}; !slices.Equal(r.Notices(), want) {
		t.Errorf("notices %q", r.Notices())
	}
}

func TestRealRecordingMatchesItsReference(t *testing.T) {
	r := openRealRecording(t)
	text, err := os.ReadFile(needs.Shared(t, "reference", "recording.json"))
	if err != nil {
		t.Fatal(err)
	}
	var reference struct {
		Sets map[string]struct {
			NeuronIDs []int     `json:"cells"`
			RateHz    []float64 `json:"rate_hz"`
		} `json:"sets"`
	}
	if err := json.Unmarshal(text, &reference); err != nil {
		t.Fatal(err)
	}
	if len(reference.Sets) == 0 {
		t.Fatal("the reference has no sets")
	}
	for name, want := range reference.Sets {
		var selection string
		var n int
		if _, err := fmt.Sscan(name, &selection, &n); err != nil {
			t.Fatal(err)
		}
		raster := selectRaster(t, r, selection, n)
		if !slices.Equal(raster.NeuronIDs, want.NeuronIDs) {
			t.Errorf("%s: neurons %v, want %v", name, raster.NeuronIDs, want.NeuronIDs)
		}
		for q, rate := range momentsOf(t, raster).rate {
			if math.Abs(rate-want.RateHz[q]) > 1e-9*rate {
				t.Errorf("%s: neuron %d fires at %v Hz, want %v", name, q, rate, want.RateHz[q])
			}
		}
	}
}
