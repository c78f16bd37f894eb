package main

import (
	"fmt"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/klauspost/compress/zstd"

	"spiqsweep/sweep"
)

func configuration() sweep.Configuration {
	c := sweep.Default()
	c.Neurons, c.Timesteps, c.Training.Steps = neurons, timesteps, 6000
	return c
}

// TestBodies checks that results are valid and have distinct digests.
func TestBodies(t *testing.T) {
	b, err := newBodies(configuration())
	if err != nil {
		t.Fatal(err)
	}
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	digests := map[string]bool{}
	for _, number := range []uint64{0, 1, 10, 99_999, 1_000_000, 99_999_999_999} {
		result := b.result(number)
		body, err := decoder.DecodeAll(result.GetBody(), nil)
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := sweep.DecodeResult(body)
		if err != nil {
			t.Fatalf("result %d: %v", number, err)
		}
		if err := decoded.Validate(configuration()); err != nil {
			t.Errorf("result %d: %v", number, err)
		}
		if got := sweep.Digest(body); got != result.GetDigest() {
			t.Errorf("result %d: digest %s, want %s", number, result.GetDigest(), got)
		}
		if digests[result.GetDigest()] {
			t.Errorf("result %d has the digest of another one", number)
		}
		digests[result.GetDigest()] = true
	}
}

func TestQuantile(t *testing.T) {
	var l latencies
	if got := l.quantile(0.99); got != 0 {
		t.Errorf("without calls: %v", got)
	}
	for i := range 200 {
		l.add(time.Duration(200-i) * time.Millisecond)
	}
	for share, want := range map[float64]int64{0.5: 100, 0.99: 198, 1: 200, 0.001: 1} {
		if got := l.quantile(share); got.Milliseconds() != want {
			t.Errorf("quantile %v: %v, want %d ms", share, got, want)
		}
	}
}

func Example_latencies() {
	var l latencies
	for _, ms := range []int{3, 1, 2, 10} {
		l.add(time.Duration(ms) * time.Millisecond)
	}
	fmt.Println(&l)
	// Output: 4 calls, median 2.0 ms, p99 10.0 ms, largest 10.0 ms
}

// TestFullSpeedNeedsTasks checks that no rate is printed if no task remains.
func TestFullSpeedNeedsTasks(t *testing.T) {
	var out strings.Builder
	r := &run{settings: settings{tasks: 2}, report: report{tabwriter.NewWriter(&out, 0, 0, 1, ' ', 0)}}
	r.load.completed.Store(2)
	if err := r.fullSpeed(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.Flush(); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "full speed not measured: the offered load has used all 2 tasks") {
		t.Errorf("printed %q", got)
	}
}
