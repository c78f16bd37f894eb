package gan

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/random"
)

func checkpoint(t testing.TB, trainer *Trainer) []byte {
	t.Helper()
	b, err := trainer.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestResumedTrainingIsIdentical stops at every step, resumes in another trainer
// that already has another state, and compares the last checkpoints.
func TestResumedTrainingIsIdentical(t *testing.T) {
	const steps = 4
	for name, s := range variants(steps) {
		t.Run(name, func(t *testing.T) {
			undisturbed := newTestTrainer(t, s)
			saved := [][]byte{checkpoint(t, undisturbed)}
			for range steps {
				run(t, undisturbed, 1)
				saved = append(saved, checkpoint(t, undisturbed))
			}
			for step, b := range saved {
				resumed := newTestTrainer(t, s)
				run(t, resumed, 2)
				if err := resumed.UnmarshalBinary(b); err != nil {
					t.Fatal(err)
				}
				if resumed.Steps() != step || !bytes.Equal(checkpoint(t, resumed), b) {
					t.Fatalf("loading step %d gives another state, at step %d", step, resumed.Steps())
				}
				run(t, resumed, -1)
				if !bytes.Equal(checkpoint(t, resumed), saved[steps]) {
					t.Errorf("resumed at step %d, the training ends with other bits", step)
				}
				if !slices.Equal(resumed.Angles(), undisturbed.Angles()) {
					t.Errorf("resumed at step %d, the training ends with other angles", step)
				}
			}
		})
	}
}

// seal replaces the digest of a checkpoint by that of its content.
func seal(b []byte) []byte {
	if len(b) < sha256.Size {
		return b
	}
	body := b[:len(b)-sha256.Size]
	digest := sha256.Sum256(body)
	return append(slices.Clone(body), digest[:]...)
}

func TestUnmarshalRejectsDamagedCheckpoints(t *testing.T) {
	s := defaults(2, 1, 5)
	trainer := newTestTrainer(t, s)
	run(t, trainer, 2)
	good := checkpoint(t, trainer)
	head := len(checkpointFormat) + sha256.Size
	angles, square := head+8, head+8+2*8*s.Parameters()
	critic := head + 8 + 3*8*s.Parameters()
	changed := func(at int, bytes ...byte) []byte {
		b := slices.Clone(good)
		copy(b[at:], bytes)
		return b
	}
	wide := func(x float64) []byte { return binary.LittleEndian.AppendUint64(nil, math.Float64bits(x)) }
	narrow := func(x float32) []byte { return binary.LittleEndian.AppendUint32(nil, math.Float32bits(x)) }
	tests := map[string]struct {
		body []byte
		want string
	}{
		"empty":                {nil, "load checkpoint of 0 bytes"},
		"another format":       {changed(0, []byte("spiqsweep checkpoint/2")...), `"spiqsweep checkpoint/2`},
		"cut":                  {good[:len(good)-1], "want "},
		"cut and sealed":       {seal(good[:len(good)-8]), "want "},
		"longer":               {append(slices.Clone(good), 0), "want "},
		"a bit of the body":    {changed(angles, good[angles]^1), "its digest is"},
		"a bit of the digest":  {changed(len(good)-1, good[len(good)-1]^1), "its digest is"},
		"a bit of the address": {changed(len(checkpointFormat), good[len(checkpointFormat)]^1), "other settings"},
		"too many steps":       {seal(changed(head, 6)), "step 6 of 5"},
		"a NaN angle":          {seal(changed(angles, wide(math.NaN())...)), "the generator's vector 0 has the number NaN at 0"},
		"a negative square":    {seal(changed(square, wide(-1)...)), "the generator's vector 2 has the number -1 at 0"},
		"an infinite weight":   {seal(changed(critic, narrow(float32(math.Inf(1)))...)), "the critic's vector 0 has the number +Inf at 0"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := trainer.UnmarshalBinary(test.body)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if !bytes.Equal(checkpoint(t, trainer), good) {
				t.Error("the rejected checkpoint changed the state")
			}
		})
	}
}

// TestUnmarshalRejectsCheckpointsOfOtherTrainings changes one property at a time.
func TestUnmarshalRejectsCheckpointsOfOtherTrainings(t *testing.T) {
	s := defaults(2, 1, 5)
	windows := testWindows(2, 1, 100)
	b := checkpoint(t, newTestTrainer(t, s))
	others := map[string]func(*Settings, *random.Training, *fixedWindows){
		"steps":        func(s *Settings, _ *random.Training, _ *fixedWindows) { s.Steps = 6 },
		"K":            func(s *Settings, _ *random.Training, _ *fixedWindows) { s.K = 1 },
		"learning":     func(s *Settings, _ *random.Training, _ *fixedWindows) { s.CriticLearningRate = 0.0021 },
		"noise":        func(s *Settings, _ *random.Training, _ *fixedWindows) { s.NoiseHigh = 3 },
		"entangler":    func(s *Settings, _ *random.Training, _ *fixedWindows) { s.Ansatz.Entangler = "none" },
		"kernel class": func(s *Settings, _ *random.Training, _ *fixedWindows) { s.Kernel.Class = "other" },
		"replicate":    func(_ *Settings, r *random.Training, _ *fixedWindows) { r.Replicate++ },
		"seed":         func(_ *Settings, r *random.Training, _ *fixedWindows) { r.Seed++ },
		"windows":      func(_ *Settings, _ *random.Training, w *fixedWindows) { *w = (*w)[1:] },
	}
	for name, change := range others {
		t.Run(name, func(t *testing.T) {
			s, r, w := s, s.address(0), windows
			change(&s, &r, &w)
			trainer, err := NewTrainer(s, r, w)
			if err != nil {
				t.Fatal(err)
			}
			if err := trainer.UnmarshalBinary(b); err == nil || !strings.Contains(err.Error(), "other settings") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestCheckpointsWorkAcrossKernelsOfAClass resumes with another kernel of the
// class and requires the same bits.
func TestCheckpointsWorkAcrossKernelsOfAClass(t *testing.T) {
	s := defaults(3, 2, 3)
	first := newTestTrainer(t, s)
	run(t, first, 1)
	b := checkpoint(t, first)
	run(t, first, -1)
	for _, kernel := range circuit.Kernels() {
		if kernel.Class != s.Kernel.Class {
			continue
		}
		other := s
		other.Kernel = kernel
		second := newTestTrainer(t, other)
		if err := second.UnmarshalBinary(b); err != nil {
			t.Fatal(err)
		}
		run(t, second, -1)
		if !bytes.Equal(checkpoint(t, second), checkpoint(t, first)) {
			t.Errorf("kernel %s ends with other bits than %s", kernel.Name, s.Kernel.Name)
		}
	}
}

// FuzzCheckpoint loads damaged checkpoints, with their old digest and a corrected
// one. Loading must not panic, and an accepted checkpoint must be the new state.
func FuzzCheckpoint(f *testing.F) {
	s := defaults(1, 1, 3)
	s.Ansatz.Layers, s.HiddenUnits, s.Average = 1, 1, 0.5
	trainer := newTestTrainer(f, s)
	f.Add([]byte{}, false)
	for range s.Steps {
		run(f, trainer, 1)
		b := checkpoint(f, trainer)
		f.Add(b, false)
		f.Add(b[:len(b)/2], true)
		b[len(checkpointFormat)+sha256.Size]++
		f.Add(b, true)
	}
	f.Fuzz(func(t *testing.T, b []byte, sealed bool) {
		if sealed {
			b = seal(b)
		}
		before := checkpoint(t, trainer)
		if err := trainer.UnmarshalBinary(b); err != nil {
			b = before
		}
		if !bytes.Equal(checkpoint(t, trainer), b) {
			t.Fatal("the state is not the last checkpoint that was accepted")
		}
	})
}
