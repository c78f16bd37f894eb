package kerneltest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// Kernel is one implementation of a table of loops.
type Kernel[L any] struct {
	Name, Class string
	Loops       *L
}

// Suite describes the loops of a package.
type Suite[L any] struct {
	// Calls holds functions that each call one loop with drawn arguments.
	Calls map[string]func(l *L, t *Trial)
	// Kernels lists the kernels of this machine; the last is the specification.
	Kernels []Kernel[L]
	// Tolerance bounds the difference between fused and unfused results. It is
	// relative for numbers above 1.
	Tolerance float64
}

// Test compares every kernel with the specification, and kernels of one class
// with each other bit for bit.
func (s Suite[L]) Test(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(s.Calls)) {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(300) {
				s.compare(t, name, seed)
			}
		})
	}
}

// Fuzz makes the comparisons of Test for fuzzed seeds.
func (s Suite[L]) Fuzz(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		for name := range s.Calls {
			s.compare(t, name, seed)
		}
	})
}

func (s Suite[L]) compare(t *testing.T, name string, seed uint64) {
	t.Helper()
	results := make([]*Trial, len(s.Kernels))
	for i, k := range s.Kernels {
		results[i] = &Trial{Rand: rand.New(rand.NewPCG(seed, 7))}
		s.Calls[name](k.Loops, results[i])
		for _, a := range append(results[i].written, results[i].read...) {
			if !a.intact() {
				t.Fatalf("%s of %s, seed %d: wrote outside its array", name, k.Name, seed)
			}
		}
	}
	last := len(s.Kernels) - 1
	for i, k := range s.Kernels[:last] {
		for j := i + 1; j <= last; j++ {
			tolerance := s.Tolerance
			switch {
			case s.Kernels[j].Class == k.Class:
				tolerance = 0
			case j < last:
				continue
			}
			if err := difference(results[i], results[j], tolerance); err != nil {
				t.Fatalf("%s, seed %d: %s against %s: %v", name, seed, k.Name, s.Kernels[j].Name, err)
			}
		}
	}
}

// difference returns the first difference between the outputs of two calls.
func difference(got, want *Trial, tolerance float64) error {
	for i, w := range want.written {
		if at := got.written[i].difference(w, tolerance); at >= 0 {
			return fmt.Errorf("array %d has %v at %d, want %v", i, got.written[i].at(at), at, w.at(at))
		}
	}
	return nil
}
