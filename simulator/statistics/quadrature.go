package statistics

import (
	"errors"

	"gonum.org/v1/gonum/integrate/quad"
)

// quadrature averages functions of γ. It reuses its buffers.
type quadrature struct {
	kind           NoiseKind
	nodes, weights []float64 // Σ weights[j]·f(nodes[j]) is the mean of f(γ)
	given          laws      // laws of the patches at one node
	mean           laws      // laws averaged over all nodes so far
}

func (n Noise) quadrature(s shape, points int) *quadrature {
	nodes, weights := n.rule(points)
	return &quadrature{kind: n.Kind, nodes: nodes, weights: weights, given: newLaws(s), mean: newLaws(s)}
}

// rule returns the Gauss–Legendre rule with that many points: Σ weights[j]·f(nodes[j])
// is the mean of f(γ). A single point, or an interval of length 0, gives a rule with
// one node.
func (n Noise) rule(points int) (nodes, weights []float64) {
	nodes, weights = []float64{0}, []float64{1}
	switch {
	case n.Kind == None:
	case n.Parts > 0:
		nodes, weights = make([]float64, points), make([]float64, points)
		for j := range nodes {
			nodes[j] = n.Low + (n.High-n.Low)*(float64(j)+0.5)/float64(points)
			weights[j] = 1 / float64(points)
		}
	case n.Low == n.High:
		nodes[0] = n.Low
	default:
		nodes, weights = make([]float64, points), make([]float64, points)
		quad.Legendre{}.FixedLocations(nodes, weights, n.Low, n.High)
		for j := range weights {
			weights[j] /= n.High - n.Low
		}
	}
	return nodes, weights
}

// FastRule returns a quadrature over γ for products of the probabilities of that many
// patches, with the accuracy of the fast kernel's float32: Σ weights[j]·f(nodes[j]) is
// the mean of f(γ), and the weights add up to 1. It fails if the noise is malformed,
// or if its probabilities are not polynomials.
func (n Noise) FastRule(factors int) (nodes, weights []float64, err error) {
	if n.Kind != None && !n.Polynomial {
		return nil, nil, errors.New("integrate over noise: the probabilities are not polynomials of it, so no fixed number of nodes suffices")
	}
	points, err := n.pointsOfRows(factors)
	if err != nil {
		return nil, nil, err
	}
	nodes, weights = n.rule(points)
	return nodes, weights, nil
}

// average evaluates the patches at all nodes and stores their averaged laws in
// q.mean. It calls visit with laws under which the time steps are independent,
// and their weight: at every node if the patches share γ, otherwise once, with
// the averages.
func (q *quadrature) average(p Patches, visit func(weight float64, independent laws)) error {
	q.mean.clear()
	for j, gamma := range q.nodes {
		if err := q.given.fill(p, gamma); err != nil {
			return err
		}
		q.mean.mix(q.weights[j], q.given)
		if q.kind == Shared {
			visit(q.weights[j], q.given)
		}
	}
	if q.kind != Shared {
		visit(1, q.mean)
	}
	return nil
}
