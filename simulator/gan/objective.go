package gan

// Objective is the loss that a training minimises.
type Objective string

// The objectives. For a window w of the recording let q(w) be its share among all
// windows, and p(w) its probability under the generator.
const (
	// WGAN trains against a critic (Arjovsky et al. 2017): equations 1 and 2 of the
	// paper.
	WGAN Objective = "wgan"
	// Likelihood is the mean negative log-likelihood −Σ_w q(w)·ln p(w), in nats per
	// window, by quadrature over the noise. It needs OneAngle noise and no
	// postselection. Its minimum is the entropy of the windows plus their
	// Kullback–Leibler divergence from the best model.
	Likelihood Objective = "likelihood"
	// MMD is the squared maximum mean discrepancy Σ_vw (p−q)(v)·κ(v, w)·(p−q)(w)
	// (Gretton et al. 2012), the loss of quantum circuit Born machines (Liu & Wang
	// 2018; Rudolph et al. 2024). See similarities for κ.
	MMD Objective = "mmd"
)

// maxJointBits is the largest n·t for which all joint words are listed: Likelihood
// then sums over all windows in every update, and the ends of several starts are
// compared.
const maxJointBits = 16

// listsWords reports whether n·t is small enough to list all joint words.
func (s Settings) listsWords() bool { return s.inputs() <= maxJointBits }

// wordShares returns the joint words among the windows, [word][time] flattened, in
// ascending order, and their shares. It must only be called where listsWords is true.
func (s Settings) wordShares(real Windows) (words []uint32, shares []float64, err error) {
	n, t := s.Ansatz.Neurons, s.Timesteps
	counts := make([]int, 1<<s.inputs())
	window, number := make([]uint32, t), make([]int, 1)
	for number[0] = range real.Len() {
		real.Copy(window, number)
		joint := 0
		for step, word := range window {
			if err := checkWord(word, n); err != nil {
				return nil, nil, err
			}
			joint |= int(word) << (step * n)
		}
		counts[joint]++
	}
	for joint, count := range counts {
		if count > 0 {
			words = appendJoint(words, joint, n, t)
			shares = append(shares, float64(count)/float64(real.Len()))
		}
	}
	return words, shares, nil
}

// appendJoint appends the words of a joint word, one per time step.
func appendJoint(words []uint32, joint, neurons, timesteps int) []uint32 {
	for step := range timesteps {
		words = append(words, uint32(joint>>(step*neurons)&(1<<neurons-1)))
	}
	return words
}
