package baseline

import (
	"fmt"
	"math/bits"
)

// fitPopulationTracking fits the population tracking model (O'Donnell, Gonçalves,
// Whiteley, Portera-Cailliau & Sejnowski 2017): the number of spikes K has the law
// of the windows, and given K = k neuron i spikes at its rate p(i|k) in the bins
// with k spikes:
//
//	P(x) = P(k)·Π_i q(i|k)^x_i·(1 − q(i|k))^(1−x_i) / Z_k    over the words with k spikes.
//
// The paper takes q(i|k) = p(i|k), for which the rates given k are near p(i|k),
// because the condition on k changes them. Here q is chosen such that they equal
// p(i|k): the conditional Bernoulli law (Chen, Dempster & Liu 1994), which has the
// largest entropy among the laws with them. So P(K) and the rates are exact, and
// with them the covariance of each neuron with K.
//
// Words whose number of spikes never occurs are impossible. If a neuron never
// or always spikes in the bins with k spikes, the opposite has a probability of
// 1e-11 at most, not 0.
func fitPopulationTracking(c counts) (Model, error) {
	observed := c.law()
	counted := countLaw(observed)
	rates := make([]float64, (c.neurons+1)*c.neurons) // [count·n + neuron]
	for word, p := range observed {
		if p == 0 {
			continue
		}
		for rest := uint(word); rest != 0; rest &= rest - 1 {
			k := bits.OnesCount(uint(word))
			rates[k*c.neurons+bits.TrailingZeros(rest)] += p / counted[k]
		}
	}
	law := make([]float64, len(observed))
	for k, probability := range counted {
		if probability == 0 {
			continue
		}
		f := family{base: make([]float64, len(law)), features: momentFeatures(c.neurons)[:c.neurons]}
		for word := range f.base {
			if bits.OnesCount(uint(word)) == k {
				f.base[word] = 1
			}
		}
		given, _, err := f.fit(rates[k*c.neurons:][:c.neurons])
		if err != nil {
			return nil, fmt.Errorf("the words with %d spikes: %w", k, err)
		}
		for word, p := range given {
			law[word] += probability * p
		}
	}
	return newWordLaw(c, law, c.neurons+(c.neurons-1)*(c.neurons-1), map[string][]float64{
		"count_probabilities": counted, "conditional_rates": rates,
	}), nil
}
