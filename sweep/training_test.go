package sweep

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func drawTraining(t *rapid.T) []TrainingPoint {
	loss := rapid.Ptr(rapid.Float64Range(-1e30, 1e30), true)
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) TrainingPoint {
		return TrainingPoint{
			CriticLoss: loss.Draw(t, "critic"), GeneratorLoss: loss.Draw(t, "generator"),
			GradientNorm: rapid.Float64Range(0, 1e30).Draw(t, "norm"), GradientNormVariance: rapid.Float64Range(0, 1e30).Draw(t, "variance"),
			Step: rapid.IntRange(0, math.MaxInt32).Draw(t, "step"),
		}
	}), 1, 4).Draw(t, "training")
}

// TestTrainingIsNoIdentity checks that a result with a training reads back the same, by
// both decoders, and has the digest that it has without one; and that another number has
// another digest.
func TestTrainingIsNoIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := resultOf(configurationOf(2, 2, 0.5))
		before, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		r.Training = drawTraining(t)
		body, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if !agrees(t, body) {
			t.Errorf("not read fast: %s", body)
		}
		read, err := DecodeResult(body)
		if diff := cmp.Diff(r, read); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if ResultDigest(body) != Digest(before) || ResultDigest(before) != Digest(before) {
			t.Errorf("the digest depends on the training: %s", body)
		}
		r.TrainableParameters++
		other, err := r.Encode()
		if err != nil || ResultDigest(other) == Digest(before) {
			t.Errorf("the digest does not depend on a number of the result: %v", err)
		}
	})
}

func TestTrainingValidate(t *testing.T) {
	c := configurationOf(3, 2, 0)
	point := TrainingPoint{Step: 1, GradientNorm: 1, GradientNormVariance: 0.5}
	infinite := math.Inf(1)
	for _, test := range []struct {
		name   string
		points []TrainingPoint
		want   string // "": valid
	}{
		{"none", nil, ""},
		{"one", []TrainingPoint{point}, ""},
		{"step 0", []TrainingPoint{{}}, "training[0].step = 0: must rise from 1"},
		{"twice", []TrainingPoint{point, point}, "training[1].step = 1: must rise"},
		{"too late", []TrainingPoint{{Step: c.Training.Steps + 1}}, "must rise from 1 to at most"},
		{"negative", []TrainingPoint{{Step: 1, GradientNorm: -1}}, "gradient_norm = -1"},
		{"infinite", []TrainingPoint{{Step: 1, CriticLoss: &infinite}}, "a loss is not finite"},
		{"too many", make([]TrainingPoint, 1002), "training has 1002 points"},
	} {
		r := resultOf(c)
		r.Training = test.points
		err := r.Validate(c)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

func TestTrainingEvery(t *testing.T) {
	for _, test := range []struct{ steps, every, want int }{
		{2000, 100, 100}, {10, 100, 100}, {1000, 1, 1}, {1001, 1, 2}, {1_000_000, 1, 1024}, {1_000_000, 100, 1600}, {5, 0, 1},
	} {
		c := Default()
		c.Training.Steps, c.Evaluation.HistoryEvery = test.steps, test.every
		if got := TrainingEvery(c); got != test.want || c.Training.Steps/got > maxTrainingPoints {
			t.Errorf("%d steps, history every %d: %d, want %d", test.steps, test.every, got, test.want)
		}
	}
}
