package statistics

import "gonum.org/v1/gonum/integrate/quad"

// quadrature averages functions of γ. It reuses its buffers.
type quadrature struct {
	kind           NoiseKind
	nodes, weights []float64 // Σ weights[j]·f(nodes[j]) is the mean of f(γ)
	given          laws      // laws of the patches at one node
	mean           laws      // laws averaged over all nodes so far
}

// quadrature returns the Gauss–Legendre rule with that many points. A single
// point, or an interval of length 0, gives a rule with one node.
func (n Noise) quadrature(s shape, points int) *quadrature {
	q := &quadrature{kind: n.Kind, nodes: []float64{0}, weights: []float64{1}, given: newLaws(s), mean: newLaws(s)}
	switch {
	case n.Kind == None:
	case n.Low == n.High:
		q.nodes[0] = n.Low
	default:
		q.nodes, q.weights = make([]float64, points), make([]float64, points)
		quad.Legendre{}.FixedLocations(q.nodes, q.weights, n.Low, n.High)
		for j := range q.weights {
			q.weights[j] /= n.High - n.Low
		}
	}
	return q
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
