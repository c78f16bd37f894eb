package figure

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"
	"pgregory.net/rapid"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// made is a Source of artificial results. The K-loss halves the distance from the
// recording; each replicate is further away.
type made struct{}

func (made) Excerpt(c sweep.Configuration) ([][]uint32, float64, error) {
	windows := make([][]uint32, 100)
	for i := range windows {
		for s := range 30 {
			windows[i] = append(windows[i], uint32(i*7+s*3)*2654435761>>8&(1<<c.Neurons-1)&uint32(0x249<<((i+s)%3)))
		}
	}
	return windows, 20, nil
}

func (m made) Result(r table.Row) (sweep.Result, bool, error) {
	c := r.Configuration
	distance := 0.3 + 0.2*float64(c.Replicate)
	if c.K != 0 {
		distance /= 2
	}
	data := map[string][]float64{}
	fill := func(name string, count int, of func(i int) float64) {
		for i := range count {
			data[name] = append(data[name], of(i))
		}
	}
	n := c.Neurons
	fill("k_probability", n+1, func(k int) float64 { return 0.6 * math.Pow(0.4, float64(k)) })
	fill("firing_rate_hz", n, func(i int) float64 { return 8 - 0.4*float64(i) })
	fill("covariance", n*(n-1)/2, func(i int) float64 { return 0.02 / float64(1+i%7) })
	fill("autocorrelogram", c.Timesteps-1, func(i int) float64 { return 0.3 / float64(1+i) })
	if n*c.Timesteps <= 10 {
		fill("state", 1<<(n*c.Timesteps), func(i int) float64 { return math.Pow(2, -float64(1+i)) })
	}
	result := sweep.Result{Data: data, Model: map[string][]float64{}}
	for name, values := range data {
		for i, v := range values {
			result.Model[name] = append(result.Model[name], v*(1+distance*float64(1-2*(i%2))))
		}
	}
	for step := 0; n*c.Timesteps <= 16 && step <= 2000; step += 100 {
		result.History = append(result.History, sweep.HistoryPoint{Step: step, JSBits: distance * math.Exp(-float64(step)/500)})
	}
	windows, _, _ := m.Excerpt(c)
	for _, w := range windows {
		result.Samples = append(result.Samples, w[:c.Timesteps])
	}
	return result, true, nil
}

// paperRows returns the configurations of the paper that keep accepts.
func paperRows(keep func(sweep.Configuration) bool) table.Rows {
	return func(yield func(table.Row, error) bool) {
		for r := range example("chain") { //nolint:errcheck // the example has no errors
			c := r.Configuration
			r.Task = sweep.TaskID(fmt.Sprintf("%d-%d-%v-%d", c.Neurons, c.Timesteps, c.K, c.Replicate))
			if keep(c) && !yield(r, nil) {
				return
			}
		}
	}
}

func drawPaper(t *testing.T, keep func(sweep.Configuration) bool) []*Figure {
	t.Helper()
	paper, err := Gather(table.Shape{}, paperRows(keep))
	if err != nil || paper.Omitted != 0 {
		t.Fatalf("%d omitted, %v", paper.Omitted, err)
	}
	figures, err := paper.Draw(made{}, Numbers())
	if err != nil {
		t.Fatal(err)
	}
	s1, _, err := S1(table.Shape{}, paperRows(keep))
	if err != nil {
		t.Fatal(err)
	}
	return append(figures, s1...)
}

func everything(sweep.Configuration) bool { return true }

// TestNumbersOfThePaper compares the plotted numbers with golden files, and lists the
// figures.
func TestNumbersOfThePaper(t *testing.T) {
	var names []string
	small := func(c sweep.Configuration) bool { return c.Neurons <= 4 && c.Replicate < 2 }
	for _, f := range drawPaper(t, small) {
		if f.Name == "S1" {
			continue // see TestS1NumbersMatchTheGoldenFile
		}
		compareNumbers(t, f)
	}
	for _, f := range drawPaper(t, everything) {
		names = append(names, f.Name)
		if len(f.Missing) > 0 {
			t.Errorf("Fig. %s misses %v", f.Name, f.Missing)
		}
	}
	listed := Numbers()
	slices.Sort(listed)
	slices.Sort(names)
	if diff := cmp.Diff(listed, names); diff != "" {
		t.Errorf("figures (-listed +drawn):\n%s", diff)
	}
}

// TestRastersAreSpreadOverTheRecording checks the first and the last window that are drawn.
func TestRastersAreSpreadOverTheRecording(t *testing.T) {
	paper, err := Gather(table.Shape{}, paperRows(everything))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := paper.Draw(made{}, Numbers()); err != nil {
		t.Fatal(err)
	}
	all, _, _ := made{}.Excerpt(sweep.Configuration{Neurons: 10})
	for _, steps := range paperTimesteps {
		drawn := paper.facets[0].windows[place{10, steps}]
		count := windowsDrawn(steps)
		if len(drawn) != count || !slices.Equal(drawn[count-1], all[(count-1)*len(all)/count][:steps]) {
			t.Errorf("t = %d: %d windows, the last %v", steps, len(drawn), drawn[len(drawn)-1])
		}
	}
}

// TestTheGridChoosesTheKLoss checks that the K-loss that is drawn is the same while its
// trainings are unfinished.
func TestTheGridChoosesTheKLoss(t *testing.T) {
	rows := func(yield func(table.Row, error) bool) {
		for r := range paperRows(everything) { //nolint:errcheck // the example has no errors
			if r.Configuration.K == 1 {
				unfinished := r
				unfinished.Configuration.K, unfinished.Measures = 0.1, nil
				if !yield(unfinished, nil) {
					return
				}
			}
			if !yield(r, nil) {
				return
			}
		}
	}
	paper, err := Gather(table.Shape{}, rows)
	if err != nil {
		t.Fatal(err)
	}
	figures, err := paper.Draw(made{}, []string{"S2"})
	if err != nil {
		t.Fatal(err)
	}
	if missing := figures[0].Missing; len(missing) != 6 || missing[0] != "n=2 t=1 k=0.1" {
		t.Errorf("missing are %v", missing)
	}
}

// TestFiguresLeaveOutWhatTheGridDoesNotHave checks that a figure has no place for a
// configuration that the grid does not have, and one for a configuration that is not
// finished.
func TestFiguresLeaveOutWhatTheGridDoesNotHave(t *testing.T) {
	grid := func(c sweep.Configuration) bool {
		return (c.Neurons == 2 || c.Neurons == 4) && c.Timesteps <= 2 && (c.Neurons == 2 || c.Timesteps == 1 || c.K == 1)
	}
	rows := func(yield func(table.Row, error) bool) {
		for r := range paperRows(grid) { //nolint:errcheck // the example has no errors
			if r.Configuration.Neurons == 4 && r.Configuration.Timesteps == 2 {
				r.Measures = nil
			}
			if !yield(r, nil) {
				return
			}
		}
	}
	paper, err := Gather(table.Shape{}, rows)
	if err != nil {
		t.Fatal(err)
	}
	figures, err := paper.Draw(made{}, Numbers())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"1": "", "2": "", "3": "", "S2": "", "S7": "", "S3": "n=4 t=2 k=1", "S8": "n=4 t=2 k=1"}
	drawn := map[string]string{}
	for _, f := range figures {
		drawn[f.Name] = strings.Join(f.Missing, ", ")
		for _, width := range []float64{ColumnWidthCM, FullWidthCM} {
			unfinished := 0
			texts, _ := labels(t, f, width)
			for _, l := range texts {
				if strings.Contains(strings.ToLower(l.text), "not finished") {
					unfinished++
				}
			}
			if (unfinished > 0) != (len(f.Missing) > 0) {
				t.Errorf("Fig. %s, %v cm: %d texts say that something is not finished, and missing are %v", f.Name, width, unfinished, f.Missing)
			}
		}
	}
	if diff := cmp.Diff(want, drawn); diff != "" {
		t.Errorf("missing configurations of the figures (-want +drawn):\n%s", diff)
	}
}

// label is a text on a page, with the box that its glyphs fill.
type label struct {
	text string
	size vg.Length
	box  vg.Rectangle
}

// labels draws a figure and returns its texts.
func labels(t *testing.T, f *Figure, widthCM float64) (all []label, page vg.Rectangle) {
	t.Helper()
	p, err := f.layout(roundDown(vg.Length(widthCM) * vg.Centimeter))
	if err != nil {
		t.Fatal(err)
	}
	var recorded recorder.Canvas
	p.draw(draw.NewCanvas(&recorded, p.width, p.height()))
	type transform struct {
		turned bool
		shift  vg.Point
	}
	stack := []transform{{}}
	var face font.Face
	for _, action := range recorded.Actions {
		now := &stack[len(stack)-1]
		switch a := action.(type) {
		case *recorder.Push:
			stack = append(stack, *now)
		case *recorder.Pop:
			stack = stack[:len(stack)-1]
		case *recorder.Rotate:
			if math.Abs(a.Angle-math.Pi/2) > 1e-9 {
				t.Fatalf("Fig. %s turns by %v", f.Name, a.Angle)
			}
			now.turned = true
		case *recorder.Translate:
			if now.turned {
				now.shift.X, now.shift.Y = now.shift.X-a.Point.Y, now.shift.Y+a.Point.X
			} else {
				now.shift.X, now.shift.Y = now.shift.X+a.Point.X, now.shift.Y+a.Point.Y
			}
		case *recorder.FillString:
			if strings.TrimSpace(a.String) == "" {
				continue
			}
			face = fonts.Lookup(a.Font, a.Size)
			ascent := 0.7 * a.Size // of capitals and digits
			descent := 0.2 * a.Size
			low, high := vg.Point{X: a.Point.X, Y: a.Point.Y - descent}, vg.Point{X: a.Point.X + face.Width(a.String), Y: a.Point.Y + ascent}
			if now.turned {
				low, high = vg.Point{X: -high.Y, Y: low.X}, vg.Point{X: -low.Y, Y: high.X}
			}
			all = append(all, label{a.String, a.Size, vg.Rectangle{
				Min: vg.Point{X: low.X + now.shift.X, Y: low.Y + now.shift.Y}, Max: vg.Point{X: high.X + now.shift.X, Y: high.Y + now.shift.Y},
			}})
		}
	}
	return all, vg.Rectangle{Max: vg.Point{X: p.width, Y: p.height()}}
}

// TestTextIsLegible checks, at both widths, that no text is below 6 points, outside the
// page, or on another text.
func TestTextIsLegible(t *testing.T) {
	for what, keep := range map[string]func(sweep.Configuration) bool{
		"complete": everything,
		"partial": func(c sweep.Configuration) bool {
			return c.Neurons != 4 && (c.K == 0 || c.Timesteps != 5) && c.Timesteps != 2
		},
	} {
		for _, f := range drawPaper(t, keep) {
			for _, width := range []float64{ColumnWidthCM, FullWidthCM} {
				checkText(t, what, f, width, 10)
			}
		}
	}
}

// checkText checks that a figure has some texts, and none below 6 points, outside the page
// or on another.
func checkText(t *testing.T, what string, f *Figure, width float64, least int) {
	t.Helper()
	all, page := labels(t, f, width)
	if len(all) < least {
		t.Errorf("%s Fig. %s at %g cm has %d texts", what, f.Name, width, len(all))
	}
	for i, a := range all {
		if a.size < 6 {
			t.Errorf("%s Fig. %s at %g cm: %q has %.1f points", what, f.Name, width, a.text, float64(a.size))
		}
		if a.box.Min.X < page.Min.X || a.box.Min.Y < page.Min.Y || a.box.Max.X > page.Max.X || a.box.Max.Y > page.Max.Y {
			t.Errorf("%s Fig. %s at %g cm: %q is outside the page, at %v", what, f.Name, width, a.text, a.box)
		}
		for _, b := range all[:i] {
			if a.box.Min.X < b.box.Max.X && b.box.Min.X < a.box.Max.X && a.box.Min.Y < b.box.Max.Y && b.box.Min.Y < a.box.Max.Y {
				t.Errorf("%s Fig. %s at %g cm: %q is on %q, at %v and %v", what, f.Name, width, a.text, b.text, a.box, b.box)
			}
		}
	}
}

// odd is a Source whose results have numbers that a training may end with.
type odd struct {
	made
	t *rapid.T
}

func (o odd) Result(r table.Row) (sweep.Result, bool, error) {
	result, _, err := o.made.Result(r)
	numbers := rapid.SampledFrom([]float64{0, math.SmallestNonzeroFloat64, 1e-310, 1e-100, 0.3, 1, 50, 1e100, -1})
	for _, values := range []map[string][]float64{result.Model, result.Data} {
		for name := range values {
			if v := numbers.Draw(o.t, name); rapid.Bool().Draw(o.t, "altered") {
				for i := range values[name] {
					values[name][i] = v
				}
			}
		}
	}
	for i := range result.History {
		result.History[i].JSBits = numbers.Draw(o.t, "js")
	}
	if rapid.IntRange(0, 5).Draw(o.t, "bare") == 0 {
		result.History, result.Samples = nil, nil
	}
	return result, rapid.IntRange(0, 9).Draw(o.t, "found") > 0, err
}

// TestAnyTrainingIsDrawn draws random subsets of trainings with odd numbers.
func TestAnyTrainingIsDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keep := map[string]bool{}
		paper, err := Gather(table.Shape{}, paperRows(func(c sweep.Configuration) bool {
			key := fmt.Sprint(c.Neurons, c.Timesteps, c.K)
			if _, drawn := keep[key]; !drawn {
				keep[key] = rapid.IntRange(0, 6).Draw(t, "kept") == 0
			}
			return keep[key] && c.Replicate < 2
		}))
		if err != nil {
			t.Fatal(err)
		}
		chosen := rapid.SampledFrom(Numbers()).Draw(t, "figure")
		figures, err := paper.Draw(odd{t: t}, []string{chosen})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range figures {
			for _, format := range []string{"svg", "csv"} {
				if err := f.Write(new(bytes.Buffer), format, ColumnWidthCM); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// TestFiguresToInspect writes all figures into the folder SPIQSWEEP_FIGURES.
func TestFiguresToInspect(t *testing.T) {
	folder := os.Getenv("SPIQSWEEP_FIGURES")
	if folder == "" {
		t.Skip("SPIQSWEEP_FIGURES names no folder")
	}
	write := func(f *Figure, widths ...float64) {
		for _, width := range widths {
			file, err := os.Create(filepath.Join(folder, fmt.Sprintf("%s-%g.png", f.Name, width)))
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Write(file, "png", width); err != nil {
				t.Fatal(err)
			}
			file.Close()
		}
	}
	for _, f := range drawPaper(t, everything) {
		write(f, ColumnWidthCM, FullWidthCM)
	}
	for _, p := range madeTraining(4, 10, 1).Panels() {
		if p.Figure != nil {
			write(p.Figure, PanelWidthCM)
		}
	}
	for _, p := range madeTraining(6, 1, 0).Panels() {
		if p.Figure != nil {
			p.Figure.Name += "-t1"
			write(p.Figure, PanelWidthCM)
		}
	}
}

func TestFindNumber(t *testing.T) {
	for text, want := range map[string]string{
		"S1": "S1", " s11 ": "S11", "Fig. 2": "2", "fig 3": "3", "Figure S4": "S4", "FIG.S2": "S2", "1": "1",
		"": "", "fig": "", "S12": "", "S 1": "", "01": "",
	} {
		if got, known := FindNumber(text); got != want || known != (want != "") {
			t.Errorf("%q is figure %q (%t), want %q", text, got, known, want)
		}
	}
}

// counted is a Source that counts the results that are read.
type counted struct {
	made
	results int
}

func (c *counted) Result(r table.Row) (sweep.Result, bool, error) {
	c.results++
	return c.made.Result(r)
}

// TestTrainingsInMemoryAreBounded gathers more replicates and more k than are drawn.
func TestTrainingsInMemoryAreBounded(t *testing.T) {
	const replicates = 3 * maxTrainings
	rows := func(yield func(table.Row, error) bool) {
		for r := range paperRows(func(c sweep.Configuration) bool { return c.Neurons == 2 && c.Replicate == 0 && c.K == 1 }) { //nolint:errcheck // the example has no errors
			for _, k := range []float64{4, 1, 2} {
				for i := range replicates {
					r.Configuration.K, r.Configuration.Replicate = k, i
					r.Task = sweep.TaskID(fmt.Sprint(r.Configuration.Timesteps, k, i))
					if !yield(r, nil) {
						return
					}
				}
			}
		}
	}
	paper, err := Gather(table.Shape{}, rows)
	if err != nil {
		t.Fatal(err)
	}
	if want := maxTrainings * len(paperTimesteps); len(paper.facets[0].rows) != want {
		t.Errorf("%d trainings are held, want %d", len(paper.facets[0].rows), want)
	}
	source := &counted{}
	figures, err := paper.Draw(source, []string{"S2"})
	if err != nil {
		t.Fatal(err)
	}
	if want := maxTrainings * len(paperTimesteps); source.results != want {
		t.Errorf("%d results are read, want %d", source.results, want)
	}
	if len(figures[0].Missing) > 0 {
		t.Errorf("without the standard loss, missing are %v", figures[0].Missing)
	}
	if caption := strings.Join(captionOf(t, figures[0]), " "); !strings.Contains(caption, "means over 100 trainings of each configuration, at most the first 100") {
		t.Errorf("caption %q", caption)
	}
	for _, row := range figures[0].Numbers[1:] {
		if row[3] != "" && (row[3] != "1" || row[9] != "100") {
			t.Errorf("row %v, want k = 1 and 100 trainings", row)
		}
	}
}

// narrow is a Source of a recording with bins of half the width.
type narrow struct{ made }

func (n narrow) Excerpt(c sweep.Configuration) ([][]uint32, float64, error) {
	windows, binMS, err := n.made.Excerpt(c)
	return windows, binMS / 2, err
}

// TestLagsFollowTheWidthOfBins compares the lags of the autocorrelogram in two widths.
func TestLagsFollowTheWidthOfBins(t *testing.T) {
	lags := func(source Source) (all []string) {
		paper, err := Gather(table.Shape{}, paperRows(everything))
		if err != nil {
			t.Fatal(err)
		}
		figures, err := paper.Draw(source, []string{"S2"})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range figures[0].Numbers {
			if row[0] == "autocorrelogram" && row[2] == "5" && row[3] == "" {
				all = append(all, row[5])
			}
		}
		return all
	}
	wide, half := lags(made{}), lags(narrow{})
	if fmt.Sprint(wide) != "[20 40 60 80]" || fmt.Sprint(half) != "[10 20 30 40]" {
		t.Errorf("lags are %v in bins of 20 ms and %v in bins of 10 ms", wide, half)
	}
}

// TestLagsCanBeRead checks that the lags of an autocorrelogram can be read: one
// number on an axis gives no scale.
func TestLagsCanBeRead(t *testing.T) {
	paper, err := Gather(table.Shape{}, paperRows(everything))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := paper.Draw(made{}, []string{"S6"}); err != nil {
		t.Fatal(err)
	}
	for _, steps := range paperTimesteps[1:] {
		p, err := paper.facets[0].statisticPanel(shownStatistics[3], place{10, steps})
		if err != nil {
			t.Fatal(err)
		}
		if ticks := p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max); len(ticks) != 2 || ticks[0].Label != "0" {
			t.Errorf("t = %d: lags from %v to %v ms have the ticks %v", steps, p.X.Min, p.X.Max, ticks)
		}
	}
}
