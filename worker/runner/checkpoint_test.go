package runner

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"spiqsweep/sweep"
)

func TestCheckpointRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := checkpoint{
			Task:    sweep.TaskID(rapid.StringMatching(`[0-9a-f]{64}`).Draw(t, "task")),
			Trainer: rapid.SliceOf(rapid.Byte()).Draw(t, "trainer"),
			History: rapid.SliceOf(rapid.Custom(func(t *rapid.T) sweep.HistoryPoint {
				return sweep.HistoryPoint{Step: rapid.Int().Draw(t, "step"), JSBits: rapid.Float64Range(0, 1).Draw(t, "bits")}
			})).Draw(t, "history"),
		}
		body, err := want.encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeCheckpoint(body, want.Task)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		i := rapid.IntRange(0, len(body)-1).Draw(t, "place")
		body[i] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := decodeCheckpoint(body, want.Task); err == nil {
			t.Fatalf("a flipped bit in byte %d goes unnoticed", i)
		}
	})
}

func FuzzDecodeCheckpoint(f *testing.F) {
	body, err := checkpoint{Task: "t", Trainer: []byte("state"), History: []sweep.HistoryPoint{{Step: 1, JSBits: 0.5}}}.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add(body[:30])
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := decodeCheckpoint(body, "t")
		if err != nil {
			return
		}
		again, err := c.encode()
		if err != nil {
			t.Fatal(err)
		}
		d, err := decodeCheckpoint(again, "t")
		if err != nil || !bytes.Equal(d.Trainer, c.Trainer) || !cmp.Equal(d.History, c.History) {
			t.Errorf("decoded %+v, then %+v (error %v)", c, d, err)
		}
	})
}
