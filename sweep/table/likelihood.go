package table

import "spiqsweep/sweep"

// likelihoodMeasures lists the bits per bin of both parts of the recording. They have
// no floor, and likelihoodColumns has their interval.
func likelihoodMeasures() []measure {
	bits := func(value func(sweep.Likelihood) float64) func(sweep.Measures) (float64, bool) {
		return func(m sweep.Measures) (float64, bool) {
			if m.Likelihood == nil {
				return 0, false
			}
			return value(*m.Likelihood), true
		}
	}
	none := func(sweep.Measures) (float64, bool) { return 0, false }
	return []measure{
		{
			"bits_per_bin", "−log₂ of the probability of a window of the training part, divided by t: bits per bin, mean over windows; empty for several noise angles",
			bits(func(l sweep.Likelihood) float64 { return l.BitsPerBin }), none, nil,
		},
		{
			"heldout_bits_per_bin", "the same for the held-out part: mean over its repeats, or over its blocks of the movie",
			bits(func(l sweep.Likelihood) float64 { return l.HeldoutBitsPerBin }), none, nil,
		},
	}
}

// likelihoodColumns are the columns of results.csv that a holdout adds: the bits per
// bin, and the 95 % interval of those held out.
func likelihoodColumns() []column[Row] {
	var columns []column[Row]
	for _, m := range likelihoodMeasures() {
		columns = append(columns, column[Row]{m.name, number, m.meaning, ofMeasures(m.value)})
	}
	end := func(high bool) func(sweep.Measures) (float64, bool) {
		return func(m sweep.Measures) (float64, bool) {
			if m.Likelihood == nil {
				return 0, false
			}
			low, upper, ok := intervalOfMean(m.Likelihood.HeldoutBitsPerBin, m.Likelihood.HeldoutStandardError, m.Likelihood.HeldoutUnits)
			if high {
				return upper, ok
			}
			return max(low, 0), ok
		}
	}
	return append(columns,
		column[Row]{"heldout_bits_per_bin_ci95_low", number, "lower end of its 95 % interval: Student's t over repeats or blocks, from three on", ofMeasures(end(false))},
		column[Row]{"heldout_bits_per_bin_ci95_high", number, "its upper end", ofMeasures(end(true))},
	)
}
