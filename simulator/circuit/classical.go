package circuit

import "math"

// Components returns the number of laws of a classical generator (see Model), of which
// γ on [0, 1) chooses one, with equal probability: 2·Layers.
func (a Ansatz) Components() int { return 2 * a.Layers }

// component returns the component that γ chooses.
func (a Ansatz) component(gamma float64) int {
	count := float64(a.Components())
	return int(max(0, min(count-1, math.Floor(gamma*count))))
}

// componentTile is the part of a Tile that the classical generators share: the law of
// each lane's component.
type componentTile struct {
	ansatz     Ansatz
	components [Lanes]int
	laws       [Lanes][]float64 // lanes of one component may share theirs
}

// Probabilities implements Tile.
func (t *componentTile) Probabilities(dst []float32) {
	for lane, law := range t.laws {
		for x, p := range law {
			dst[x*Lanes+lane] = float32(p)
		}
	}
}

// Sample implements Tile; the fixed order is that of the words.
func (t *componentTile) Sample(uniform *[Lanes]float32, words *[Lanes]uint32) {
	for lane, law := range t.laws {
		words[lane] = draw(law, float64(uniform[lane]))
	}
}
