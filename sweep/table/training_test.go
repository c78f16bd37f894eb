package table_test

import (
	"strings"
	"testing"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

func TestWriteTraining(t *testing.T) {
	loss := func(v float64) *float64 { return &v }
	var out strings.Builder
	err := table.WriteTraining(&out, sweep.Result{
		History: []sweep.HistoryPoint{{Step: 0, JSBits: 0.5}, {Step: 100, JSBits: 0.25}, {Step: 150, JSBits: 1e-9}},
		Training: []sweep.TrainingPoint{
			{Step: 50, GradientNorm: 2},
			{Step: 100, CriticLoss: loss(-0.125), GeneratorLoss: loss(0), GradientNorm: 1.5, GradientNormVariance: 0.0625},
			{Step: 200, GeneratorLoss: loss(3), GradientNorm: 1e30},
		},
	})
	const want = `step,js_bits,critic_loss,generator_loss,gradient_norm,gradient_norm_variance
0,0.5,,,,
50,,,,2,0
100,0.25,-0.125,0,1.5,0.0625
150,1e-09,,,,
200,,,3,1e+30,0
`
	if err != nil || out.String() != want {
		t.Errorf("%v\n%s", err, out.String())
	}
}
