package baseline

// fitPairwise fits the law of one bin that has the largest entropy among those
// with the neurons' rates and pair moments E[x_i x_j] (Schneidman, Berry, Segev &
// Bialek 2006):
//
//	P(x) ∝ exp(Σ_i h_i x_i + Σ_{i<j} J_ij x_i x_j).
//
// It enumerates all words, and the moments are those of the windows to 1e-11.
// Where they leave no finite field or coupling, as for a pair that never spikes
// together, the word's probability is of that order, not 0.
func fitPairwise(c counts) (Model, error) {
	base := make([]float64, len(c.words))
	for word := range base {
		base[word] = 1
	}
	f := family{base: base, features: momentFeatures(c.neurons)}
	law, theta, err := f.fit(c.expectations(f.features))
	if err != nil {
		return nil, err
	}
	return newWordLaw(c, law, len(theta), map[string][]float64{
		"fields": theta[:c.neurons], "couplings": theta[c.neurons:],
	}), nil
}

// expectations returns the features' expectations in the windows.
func (c counts) expectations(features []feature) []float64 {
	of := family{base: c.words, features: features, law: c.words}
	of.expect()
	values := make([]float64, len(features))
	for i, feature := range features {
		values[i] = of.expectation(feature) / (c.windows * float64(c.timesteps))
	}
	return values
}
