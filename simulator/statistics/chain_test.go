package statistics

import (
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// denseChain is a chain with a matrix of transitions.
type denseChain struct {
	neurons, timesteps int
	initial            []float64
	after              [][]float64 // [word] law of its successor
}

func (c denseChain) Neurons() int          { return c.neurons }
func (c denseChain) Timesteps() int        { return c.timesteps }
func (c denseChain) Initial(dst []float64) { copy(dst, c.initial) }

func (c denseChain) Next(dst, law []float64) {
	clear(dst)
	for word, p := range law {
		for next, q := range c.after[word] {
			dst[next] += p * q
		}
	}
}

func (c denseChain) Ahead(dst, value []float64) {
	clear(dst)
	for word, law := range c.after {
		for next, p := range law {
			dst[word] += p * value[next]
		}
	}
}

func (c denseChain) probability(window []uint32) float64 {
	p := c.initial[window[0]]
	for s := range window[1:] {
		p *= c.after[window[s]][window[s+1]]
	}
	return p
}

// TestChainAgainstEnumeration compares with a reference that enumerates all
// windows.
func TestChainAgainstEnumeration(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		neurons, timesteps := drawShape(t)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 3))
		c := denseChain{neurons: neurons, timesteps: timesteps, initial: randomLaw(r, 1<<neurons)}
		for range c.initial {
			c.after = append(c.after, randomLaw(r, 1<<neurons))
		}
		got, err := OfChain(c)
		if err != nil {
			t.Fatal(err)
		}
		want := everyWindow(neurons, timesteps, c.probability)
		compare(t, "statistics of the chain", got, want.statistics(), 1e-10)
	})
}

// TestChainOfIndependentSteps compares a chain whose words have the same law after
// every word with that law at independent steps.
func TestChainOfIndependentSteps(t *testing.T) {
	law := randomLaw(rand.New(rand.NewPCG(1, 4)), 8)
	c := denseChain{neurons: 3, timesteps: 9, initial: law}
	for range law {
		c.after = append(c.after, law)
	}
	got, err := OfChain(c)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Exact(sameLaw{3, 9, law}, Noise{Kind: None})
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "statistics of the chain", got, want, 1e-13)
}

// sameLaw is a model whose steps are independent and have one law.
type sameLaw struct {
	neurons, timesteps int
	law                []float64
}

func (m sameLaw) Neurons() int                                  { return m.neurons }
func (m sameLaw) Timesteps() int                                { return m.timesteps }
func (m sameLaw) Probabilities(_ int, _ float64, dst []float64) { copy(dst, m.law) }

func TestChainErrors(t *testing.T) {
	c := denseChain{neurons: 1, timesteps: 2, initial: []float64{0.5, 0.5}, after: [][]float64{{0.5, 0.4}, {0, 1}}}
	if _, err := OfChain(c); err == nil || !strings.Contains(err.Error(), "step 1 add up to 0.95") {
		t.Errorf("error %v, want the sum of step 1 in it", err)
	}
}
