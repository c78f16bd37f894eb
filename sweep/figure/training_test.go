package figure

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// madeTraining returns an artificial training with a point every two steps.
func madeTraining(neurons, timesteps int, k float64) Training {
	c := sweep.Default()
	c.Neurons, c.Timesteps, c.K = neurons, timesteps, k
	short := c
	short.Timesteps = min(timesteps, 30) // made has no more
	result, _, _ := made{}.Result(table.Row{Configuration: short})
	for i, window := range result.Samples {
		for s := len(window); s < timesteps; s++ {
			window = append(window, uint32(i+s)&1)
		}
		result.Samples[i] = window
	}
	for step := 1; step <= 2000; step += 2 {
		critic, generator := math.Sin(float64(step)/40)*math.Exp(-float64(step)/700), 0.3+math.Cos(float64(step)/90)/4
		result.Training = append(result.Training, sweep.TrainingPoint{
			Step: step, CriticLoss: &critic, GeneratorLoss: &generator,
			GradientNorm: 2 * math.Exp(-float64(step)/300), GradientNormVariance: math.Exp(-float64(step) / 150),
		})
	}
	windows, binMS, _ := made{}.Excerpt(c)
	return Training{Configuration: c, Result: result, Windows: windows, BinMS: binMS}
}

// panelNamed returns a panel of a training.
func panelNamed(t *testing.T, training Training, name string) Panel {
	t.Helper()
	for _, p := range training.Panels() {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("there is no panel %q", name)
	return Panel{}
}

// TestPanelsOfATraining checks that each panel has a figure with legible text and, as SVG,
// a bounded size, or else the reason why it has none.
func TestPanelsOfATraining(t *testing.T) {
	type edit func(*Training)
	likelihood := func(t *Training) {
		t.Configuration.Objective = "likelihood"
		for i := range t.Result.Training {
			t.Result.Training[i].CriticLoss = nil
		}
	}
	mmd := func(t *Training) {
		t.Configuration.Objective = "mmd"
		for i := range t.Result.Training {
			t.Result.Training[i].CriticLoss, t.Result.Training[i].GeneratorLoss = nil, nil
		}
	}
	fitted := func(t *Training) {
		t.Configuration.Model, t.Result.Training, t.Result.History = "independent", nil, nil
	}
	for _, test := range []struct {
		what               string
		neurons, timesteps int
		k                  float64
		edit               edit
		without            map[string]string // panels without a figure, and a part of the reason
	}{
		{"one step", 4, 1, 0, nil, map[string]string{"autocorrelogram": "no lags"}},
		{"ten steps", 4, 10, 1, nil, map[string]string{"divergence": "above 16 bits", "words": "one time step"}},
		{"a window that is longer than the excerpt", 10, 100, 1, nil, map[string]string{"divergence": "above 16 bits", "words": "one time step"}},
		{"one neuron", 1, 2, 0, nil, map[string]string{"covariance": "two neurons", "words": "one time step"}},
		{"by likelihood", 2, 1, 0, likelihood, map[string]string{"autocorrelogram": "no lags"}},
		{"by discrepancy", 2, 1, 0, mmd, map[string]string{"autocorrelogram": "no lags", "losses": `"mmd" has no loss`}},
		{"a fitted model", 2, 1, 0, fitted, map[string]string{
			"autocorrelogram": "no lags", "losses": "fitted", "gradient": "fitted", "divergence": "fitted",
		}},
		{"of an earlier version", 2, 1, 0, func(t *Training) { t.Result.Training = nil }, map[string]string{
			"autocorrelogram": "no lags", "losses": "earlier version", "gradient": "earlier version",
		}},
	} {
		t.Run(test.what, func(t *testing.T) {
			training := madeTraining(test.neurons, test.timesteps, test.k)
			if test.edit != nil {
				test.edit(&training)
			}
			seen := map[string]bool{}
			for _, p := range training.Panels() {
				if p.Name == "" || p.Title == "" || p.Text == "" || seen[p.Name] {
					t.Errorf("panel %q, %q, %q", p.Name, p.Title, p.Text)
				}
				seen[p.Name] = true
				if reason, none := test.without[p.Name]; none {
					if p.Figure != nil || !strings.Contains(p.Text, reason) {
						t.Errorf("%s has a figure or %q, want %q", p.Name, p.Text, reason)
					}
					continue
				}
				if p.Figure == nil {
					t.Errorf("%s has no figure: %s", p.Name, p.Text)
					continue
				}
				checkText(t, test.what, p.Figure, PanelWidthCM, 3)
				var svg bytes.Buffer
				if err := p.Write(&svg, "svg", PanelWidthCM); err != nil {
					t.Fatal(err)
				}
				if svg.Len() > 200<<10 {
					t.Errorf("%s has %d bytes", p.Name, svg.Len())
				}
				if len(p.Numbers) < 2 {
					t.Errorf("%s has the numbers %v", p.Name, p.Numbers)
				}
			}
		})
	}
}

// TestPanelsAreBounded draws a training with many more points than a curve shows.
func TestPanelsAreBounded(t *testing.T) {
	training := madeTraining(4, 1, 0)
	training.Result.Training, training.Result.History = nil, nil
	for step := range 100_001 {
		training.Result.Training = append(training.Result.Training, sweep.TrainingPoint{Step: step + 1, GradientNorm: 1, GradientNormVariance: 1})
		training.Result.History = append(training.Result.History, sweep.HistoryPoint{Step: step, JSBits: 0.1})
	}
	for name, last := range map[string]int{"gradient": 100_001, "divergence": 100_000} {
		p := panelNamed(t, training, name)
		var svg bytes.Buffer
		if err := p.Write(&svg, "svg", PanelWidthCM); err != nil {
			t.Fatal(err)
		}
		if end := p.Numbers[len(p.Numbers)-1][1]; svg.Len() > 200<<10 || end != strconv.Itoa(last) {
			t.Errorf("%s has %d bytes and ends at step %s, want %d", name, svg.Len(), end, last)
		}
	}
}

// TestPanelNumbersAreThoseOfTheResult compares plotted numbers with the result.
func TestPanelNumbersAreThoseOfTheResult(t *testing.T) {
	training := madeTraining(3, 1, 1)
	losses := panelNamed(t, training, "losses").Numbers
	points := training.Result.Training
	if got, want := losses[1:], 2*len(points); len(got) != want {
		t.Fatalf("%d losses, want %d", len(got), want)
	}
	for i, p := range points {
		for row, want := range map[int][]string{
			1 + i:               {"critic_loss", strconv.Itoa(p.Step), number(*p.CriticLoss)},
			1 + i + len(points): {"generator_loss", strconv.Itoa(p.Step), number(*p.GeneratorLoss)},
		} {
			if got := losses[row]; strings.Join(got, " ") != strings.Join(want, " ") {
				t.Fatalf("loss %v, want %v", got, want)
			}
		}
	}
	rates := panelNamed(t, training, "firing_rate_hz").Numbers
	for i, rate := range training.Result.Model["firing_rate_hz"] {
		row := rates[1+3+i] // after the header and the recording
		if row[3] != "1" || row[5] != number(training.Result.Data["firing_rate_hz"][i]) || row[6] != number(rate) {
			t.Errorf("rate %v, want %v", row, rate)
		}
	}
}

// TestAnyPanelIsDrawn draws the panels of trainings with odd numbers.
func TestAnyPanelIsDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		training := madeTraining(rapid.IntRange(1, 5).Draw(t, "n"), rapid.SampledFrom([]int{1, 2, 5, 30}).Draw(t, "t"), rapid.SampledFrom([]float64{0, 0.1, 1}).Draw(t, "k"))
		result, _, err := odd{t: t}.Result(table.Row{Configuration: training.Configuration})
		if err != nil {
			t.Fatal(err)
		}
		numbers := rapid.SampledFrom([]float64{0, math.SmallestNonzeroFloat64, -1e308, 1e308, 0.3, -7})
		for range rapid.IntRange(0, 3).Draw(t, "points") {
			p := sweep.TrainingPoint{Step: len(result.Training) + 1, GradientNorm: numbers.Draw(t, "norm"), GradientNormVariance: numbers.Draw(t, "variance")}
			if rapid.Bool().Draw(t, "loss") {
				v := numbers.Draw(t, "value")
				p.CriticLoss = &v
			}
			result.Training = append(result.Training, p)
		}
		training.Result = result
		if rapid.Bool().Draw(t, "no excerpt") {
			training.Windows = nil
		}
		for _, p := range training.Panels() {
			if p.Figure == nil {
				continue
			}
			for _, format := range []string{"svg", "csv"} {
				if err := p.Write(new(bytes.Buffer), format, PanelWidthCM); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
