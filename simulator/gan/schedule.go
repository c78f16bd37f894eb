package gan

import "math"

// Schedule is the course of the learning rates over the training.
type Schedule string

// The schedules. The cosine lowers a rate from its full value to 0: factor
// (1 + cos(π·step/steps))/2 (Loshchilov & Hutter 2017, without restarts).
const (
	// Cosine lowers both rates.
	Cosine Schedule = "cosine"
	// CosineGenerator lowers the generator's rate alone. The critic then follows
	// ever more closely a generator that comes to rest (two time scales: Heusel
	// et al. 2017). On the recording's most active cells, t = 1, it ends with a
	// seventh of Cosine's divergence at n = 2 and half of it at n = 4, and the
	// seeds differ less.
	CosineGenerator Schedule = "cosine_generator"
	// Constant leaves both as they are.
	Constant Schedule = "constant"
)

// factors multiply the generator's and the critic's learning rate at a step,
// counted from 0.
func (s Schedule) factors(step, steps int) (generator, critic float64) {
	cosine := (1 + math.Cos(math.Pi*float64(step)/float64(steps))) / 2
	switch s {
	case Cosine:
		return cosine, cosine
	case CosineGenerator:
		return cosine, 1
	default:
		return 1, 1
	}
}
