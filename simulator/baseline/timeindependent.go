package baseline

// fitTimeIndependent fits independent time steps whose words have the law of the
// windows' bins: a model of all correlations within a bin and of none across.
// So that every word has a likelihood, one window more is spread over all words as
// if neurons were independent. With N windows,
//
//	p(w) = (N·empirical(w) + independent(w)) / (N + 1).
func fitTimeIndependent(c counts) (Model, error) {
	law := c.smoothed(c.words)
	return newWordLaw(c, law, len(law)-1, nil), nil
}
