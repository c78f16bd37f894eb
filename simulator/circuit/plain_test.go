package circuit

import (
	"math"
	"math/cmplx"
)

// plain is a reference simulator: a state vector and one gate at a time, written
// from DESIGN.md, section 1.2, without code of the package.
type plain []complex128

func (s plain) rotate(axis byte, q int, x float64) {
	c, i := complex(math.Cos(x/2), 0), complex(0, math.Sin(x/2))
	for b := range s {
		if b>>q&1 == 1 {
			continue
		}
		o := b + 1<<q
		zero, one := s[b], s[o]
		switch axis {
		case 'X':
			s[b], s[o] = c*zero-i*one, c*one-i*zero
		case 'Y':
			s[b], s[o] = c*zero-i/1i*one, c*one+i/1i*zero
		case 'Z':
			s[b], s[o] = (c-i)*zero, (c+i)*one
		}
	}
}

func (s plain) cnot(control, target int) {
	for b := range s {
		if b>>control&1 == 1 && b>>target&1 == 0 {
			o := b + 1<<target
			s[b], s[o] = s[o], s[b]
		}
	}
}

// plainLaw returns the probabilities of the words, computed as in DESIGN.md.
func plainLaw(a Ansatz, angles, noise []float64) []float64 {
	n := a.Neurons + a.Auxiliary
	s := make(plain, 1<<n)
	s[0] = 1
	encodings := 0
	encode := func() {
		for q := range n {
			switch {
			case a.Noise == NoNoise:
			case a.NoisePerLayer:
				s.rotate('X', q, noise[encodings*n+q])
			default:
				s.rotate('X', q, noise[q])
			}
		}
		encodings++
	}
	parametrised := func(layer int) {
		for q := range n {
			s.rotate('Y', q, angles[(layer*n+q)*2])
			s.rotate('Z', q, angles[(layer*n+q)*2+1])
		}
		switch a.Entangler {
		case Chain, Ring:
			for q := 0; q < n-1; q++ {
				s.cnot(q, q+1)
			}
			if a.Entangler == Ring && n > 2 {
				s.cnot(n-1, 0)
			}
		case NoCNOTs:
		case Brick:
			for _, parity := range []int{0, 1} {
				for q := parity; q < n-1; q += 2 {
					s.cnot(q, q+1)
				}
			}
		}
	}
	for layer := range a.Layers {
		if a.Order == EncodeFirst {
			encode()
		}
		parametrised(layer)
		if a.Order == ParametersFirst {
			encode()
		}
	}
	if a.FinalEncoding {
		encode()
	}
	law := make([]float64, 1<<a.Neurons)
	total := 0.0
	for b, v := range s {
		if a.Readout == Postselect && b>>a.Neurons != 0 {
			continue
		}
		p := math.Pow(cmplx.Abs(v), 2)
		law[b%len(law)] += p
		total += p
	}
	if a.Readout == Postselect {
		for x := range law {
			law[x] /= total
		}
	}
	return law
}

// plainGradient differentiates Σ p·weights. It uses the parameter shift, which is
// exact because every angle occurs in one rotation. For postselection, whose law is
// a quotient, it uses central differences.
func plainGradient(a Ansatz, angles, noise, weights []float64) []float64 {
	value := func(shifted []float64) float64 {
		sum := 0.0
		for x, p := range plainLaw(a, shifted, noise) {
			sum += p * weights[x]
		}
		return sum
	}
	shift, divisor := math.Pi/2, 2.0
	if a.Readout == Postselect {
		shift, divisor = 1e-5, 2e-5
	}
	gradient := make([]float64, len(angles))
	for i := range angles {
		up, down := append([]float64(nil), angles...), append([]float64(nil), angles...)
		up[i] += shift
		down[i] -= shift
		gradient[i] = (value(up) - value(down)) / divisor
	}
	return gradient
}
