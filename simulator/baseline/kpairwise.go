package baseline

import "math/bits"

// fitKPairwise fits the law of one bin that has the largest entropy among those
// with the neurons' rates, the pair moments and the law of the number of spikes K
// (Tkačik, Marre, Amodei, Schneidman, Bialek & Berry 2014):
//
//	P(x) ∝ exp(Σ_i h_i x_i + Σ_{i<j} J_ij x_i x_j + V_K).
//
// Words whose number of spikes never occurs are impossible: there V = −∞. Fields,
// couplings and V are determined up to a quadratic function of K; V is 0 at the
// three smallest K that occur. The values hold exp(V_K), as "count_weights". The
// moments are matched as by fitPairwise.
func fitKPairwise(c counts) (Model, error) {
	weights := countLaw(c.law())
	f := family{base: make([]float64, len(c.words)), features: momentFeatures(c.neurons)}
	for word := range f.base {
		if weights[bits.OnesCount(uint(word))] > 0 {
			f.base[word] = 1
		}
	}
	moments, occur := len(f.features), 0
	for k, p := range weights {
		if p == 0 {
			continue
		}
		weights[k] = 1
		if occur++; occur > 3 {
			f.features = append(f.features, feature{0, k})
		}
	}
	law, theta, err := f.fit(c.expectations(f.features))
	if err != nil {
		return nil, err
	}
	for i, potential := range theta[moments:] {
		weights[f.features[moments+i].count] = exp(potential)
	}
	return newWordLaw(c, law, moments+max(0, c.neurons-2), map[string][]float64{
		"fields": theta[:c.neurons], "couplings": theta[c.neurons:moments], "count_weights": weights,
	}), nil
}
