package figure

import (
	"strings"
	"testing"
)

// TestCaptionNeurons checks that a caption names the neurons with their rates, or says
// nothing of them where they are not known.
func TestCaptionNeurons(t *testing.T) {
	t.Parallel()
	f := &facet{data: "surrogate", neuronIDs: []int{10, 11}, rates: []float64{4, 5.25}, sameNeurons: true}
	if got := f.caption()[0]; !strings.Contains(got, "Neurons (numbered from 0; a smaller n takes the first of them), rates in Hz: 10 (4.00), 11 (5.25).") {
		t.Errorf("caption is %q", got)
	}
	f.neuronIDs = nil
	if got := f.caption()[0]; strings.Contains(got, "Neurons") || !strings.HasPrefix(got, "Data: surrogate. Seed ") {
		t.Errorf("caption without neurons is %q", got)
	}
}
