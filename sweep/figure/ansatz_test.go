package figure

import (
	"fmt"
	"strings"
	"testing"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// TestAnsatzIsDrawnFromItsConfiguration checks the gates and the noise that Fig. 1 shows.
func TestAnsatzIsDrawnFromItsConfiguration(t *testing.T) {
	gates := func(neurons int, entangler string) (cnots string) {
		c := sweep.Default()
		c.Neurons, c.Circuit.Entangler = neurons, entangler
		for _, g := range newGates(c).gates {
			if g.label == "" {
				cnots += fmt.Sprintf(" %d→%d", g.first, g.last)
			}
		}
		return cnots
	}
	for _, test := range []struct {
		neurons         int
		entangler, want string
	}{
		{10, "chain", " 0→1 1→2 2→3"},
		{10, "ring", " 0→1 1→2 2→3"},
		{4, "ring", " 0→1 1→2 2→3 3→0"},
		{10, "brick", " 0→1 2→3 1→2"},
		{2, "ring", " 0→1"},
		{10, "none", ""},
	} {
		if got := gates(test.neurons, test.entangler); got != test.want {
			t.Errorf("n = %d, %s: CNOTs%s, want%s", test.neurons, test.entangler, got, test.want)
		}
	}
	for want, change := range map[string]func(*sweep.CircuitSettings){
		"3.142], one for all qubits and time steps.": func(*sweep.CircuitSettings) {},
		"γ is 0.":                                func(s *sweep.CircuitSettings) { s.Noise = "none" },
		"one for each encoding.":                 func(s *sweep.CircuitSettings) { s.NoisePerLayer = true },
		"one for each qubit and each time step.": func(s *sweep.CircuitSettings) { s.Noise, s.NoisePerPatch = "per_qubit", true },
		"of which the first 4 are drawn; 7 parametrised layers P, of which the first 6 are drawn, with": func(s *sweep.CircuitSettings) { s.Layers, s.Auxiliary = 7, 9 },
	} {
		c := sweep.Default()
		change(&c.Circuit)
		if got := ansatzCaption(c); !strings.Contains(got, want) {
			t.Errorf("caption %q, want %q in it", got, want)
		}
	}
	many := sweep.Default()
	many.Circuit.Layers, many.Circuit.FinalEncoding = 100, true
	if got := newBlocks(many).columns; got != 2*layersDrawn {
		t.Errorf("%d blocks of 100 layers are drawn, want %d", got, 2*layersDrawn)
	}
}

// partlyLost is a Source without usable results of the largest configurations.
type partlyLost struct{ made }

func (m partlyLost) Result(r table.Row) (sweep.Result, bool, error) {
	result, _, err := m.made.Result(r)
	return result, r.Configuration.Neurons < 8, err
}

// TestAnsatzOfTheLargestUsableResult checks that Fig. 1 does without lost results.
func TestAnsatzOfTheLargestUsableResult(t *testing.T) {
	paper, err := Gather(table.Shape{}, paperRows(everything))
	if err != nil {
		t.Fatal(err)
	}
	figures, err := paper.Draw(partlyLost{}, []string{"1"})
	if err != nil || len(figures) != 1 {
		t.Fatalf("%d figures, %v", len(figures), err)
	}
	if caption := strings.Join(captionOf(t, figures[0]), " "); !strings.Contains(caption, "6 qubits for neurons") {
		t.Errorf("caption %q, want that of six neurons", caption)
	}
}
