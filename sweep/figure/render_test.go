package figure

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"image/color"
	imagedraw "image/draw"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"
	"pgregory.net/rapid"

	"spiqsweep/deploy/needs"
	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// drawn returns the example figure in a format.
func drawn(t *testing.T, format string) []byte {
	t.Helper()
	figures, _, err := S1(table.Shape{}, example("chain"))
	if err != nil {
		t.Fatal(err)
	}
	return written(t, figures[0], format)
}

// TestOtherProgramsShowTheSamePicture renders SVG and PDF of every figure with
// rsvg-convert and pdftocairo and compares with the PNG, by the mean colour of blocks of
// 16 × 16 dots. In SVG, anti-aliasing changes a block by up to 1 %. In PDF, whose
// lengths have two decimals, letters and hatching also move by a fraction of a dot, which
// changes a block by up to 5 %. Wrong text, fonts and colours change many blocks by
// more.
func TestOtherProgramsShowTheSamePicture(t *testing.T) {
	allowed := map[string]float64{"svg": 0.02, "pdf": 0.1}
	programs := map[string][]string{
		"svg": {needs.Program(t, "rsvg-convert", "librsvg2-bin"), "-d", "300", "-p", "300", "-o", "out.png", "in.svg"},
		"pdf": {needs.Program(t, "pdftocairo", "poppler-utils"), "-png", "-r", "300", "-singlefile", "in.pdf", "out"},
	}
	for _, f := range drawPaper(t, func(c sweep.Configuration) bool { return c.Replicate == 0 }) {
		for _, width := range []float64{ColumnWidthCM, FullWidthCM} {
			want := decode(t, writtenAt(t, f, "png", width))
			for format, command := range programs {
				t.Run(fmt.Sprintf("%s %s %g cm", f.Name, format, width), func(t *testing.T) {
					got := rendered(t, command, format, writtenAt(t, f, format, width))
					comparePictures(t, want, got, allowed[format])
				})
			}
		}
	}
}

// comparePictures compares blocks of 16 × 16 dots by their mean colours.
func comparePictures(t *testing.T, want, got *image.NRGBA, allowed float64) {
	t.Helper()
	if got.Bounds() != want.Bounds() {
		t.Fatalf("rendered as %v, the PNG is %v", got.Bounds(), want.Bounds())
	}
	worst, at, beyond := 0.0, image.Point{}, 0
	for y := 0; y < want.Bounds().Dy(); y += blockSize {
		for x := 0; x < want.Bounds().Dx(); x += blockSize {
			d := blockDifference(want, got, x, y)
			if d > worst {
				worst, at = d, image.Pt(x, y)
			}
			if d > allowed {
				beyond++
			}
		}
	}
	t.Logf("largest difference of a block: %.3f at %v", worst, at)
	if beyond > 0 {
		t.Errorf("%d blocks differ by more than %g from the PNG, the worst at %v by %.2f", beyond, allowed, at, worst)
	}
}

// written returns a figure in a format, at full width.
func written(t *testing.T, f *Figure, format string) []byte {
	t.Helper()
	return writtenAt(t, f, format, FullWidthCM)
}

func writtenAt(t *testing.T, f *Figure, format string, width float64) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f.Write(&b, format, width); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// rendered runs a program that renders the file in.FORMAT as out.png, without the fonts
// of the machine.
func rendered(t *testing.T, command []string, format string, body []byte) *image.NRGBA {
	t.Helper()
	folder := t.TempDir()
	fonts := filepath.Join(folder, "fonts.conf")
	for path, body := range map[string][]byte{filepath.Join(folder, "in."+format): body, fonts: []byte("<fontconfig></fontconfig>")} {
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := exec.Command(command[0], command[1:]...)
	run.Dir, run.Env = folder, append(os.Environ(), "FONTCONFIG_FILE="+fonts)
	if output, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	picture, err := os.ReadFile(filepath.Join(folder, "out.png"))
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, picture)
}

func decode(t *testing.T, body []byte) *image.NRGBA {
	t.Helper()
	decoded, err := png.Decode(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	picture := image.NewNRGBA(decoded.Bounds())
	imagedraw.Draw(picture, picture.Bounds(), decoded, decoded.Bounds().Min, imagedraw.Src)
	return picture
}

// blockSize is in dots.
const blockSize = 16

// blockDifference returns the largest difference of a channel's mean over a block,
// as a share of the channel's range.
func blockDifference(a, b *image.NRGBA, x0, y0 int) float64 {
	var sums [3]float64
	n := 0.0
	for y := y0; y < min(y0+blockSize, a.Bounds().Dy()); y++ {
		for x := x0; x < min(x0+blockSize, a.Bounds().Dx()); x++ {
			p, q := a.NRGBAAt(x, y), b.NRGBAAt(x, y)
			sums[0] += float64(p.R) - float64(q.R)
			sums[1] += float64(p.G) - float64(q.G)
			sums[2] += float64(p.B) - float64(q.B)
			n++
		}
	}
	return max(math.Abs(sums[0]), math.Abs(sums[1]), math.Abs(sums[2])) / n / 255
}

// TestPDFTextCanBeExtracted extracts the text with poppler and checks the fonts.
func TestPDFTextCanBeExtracted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "S1.pdf")
	if err := os.WriteFile(path, drawn(t, "pdf"), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := exec.Command(needs.Program(t, "pdftotext", "poppler-utils"), "-raw", path, "-").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	words := strings.Join(strings.Fields(string(text)), " ")
	for _, want := range []string{
		"MSE (Hz²)", "k-probability: MSE standard − MSE K", "K-loss better", "time steps t", "K-loss, K = 1", "floor of the data",
		"Data: surrogate. Neurons (numbered from 0; a smaller n takes the first of them), rates in Hz: 0 (8.00), 7 (7.60)",
		"hatched where the 95 % interval covers 0.",
	} {
		if !strings.Contains(words, want) {
			t.Errorf("the PDF's text lacks %q:\n%s", want, words)
		}
	}
	for _, wrong := range []string{"Â", "âˆ"} {
		if strings.Contains(words, wrong) {
			t.Errorf("the PDF's text has %q", wrong)
		}
	}
	fonts, err := exec.Command(needs.Program(t, "pdffonts", "poppler-utils"), path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, fonts)
	}
	lines := strings.Split(strings.TrimSpace(string(fonts)), "\n")
	if len(lines) != 3 || !strings.Contains(lines[2], "Identity-H") || !strings.Contains(lines[2], "yes") {
		t.Errorf("want one embedded font:\n%s", fonts)
	}
}

// TestFiguresHaveOpaqueColoursOnly guards against the different rendering of
// translucent colours.
func TestFiguresHaveOpaqueColoursOnly(t *testing.T) {
	if svg := drawn(t, "svg"); bytes.Contains(svg, []byte("opacity")) || bytes.Contains(svg, []byte("<text")) {
		t.Error("the SVG has translucent colours, or text that needs a font")
	}
	picture := decode(t, drawn(t, "png"))
	seen := map[color.NRGBA]int{}
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			seen[picture.NRGBAAt(x, y)]++
		}
	}
	for _, band := range []color.NRGBA{pale(blue, bandShare), pale(orange, bandShare)} {
		if seen[band] < 1000 {
			t.Errorf("a band's colour %v fills %d dots", band, seen[band])
		}
	}
}

// TestDrawingNeedsNoTemporaryFile also checks that drawing is deterministic.
func TestDrawingNeedsNoTemporaryFile(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	t.Setenv("TMP", os.Getenv("TMPDIR"))
	for _, format := range Formats {
		if first, second := drawn(t, format), drawn(t, format); sha256.Sum256(first) != sha256.Sum256(second) {
			t.Errorf("two %s files of one figure differ", format)
		}
	}
}

// TestLabelsContrastWithTheirBoxes draws the heat map of one difference at a time.
func TestLabelsContrastWithTheirBoxes(t *testing.T) {
	for mean := -1.0; mean <= 1; mean += 0.125 {
		h := heatMap{[]difference{{neurons: 2, timesteps: 1, mean: mean}}, []int{2}, []int{1}, signedLog{largest: 1}}
		p := newPlot()
		p.Add(h)
		var recorded recorder.Canvas
		h.Plot(draw.NewCanvas(&recorded, 100, 100), p)
		var colour color.Color
		labels := 0
		for _, action := range recorded.Actions {
			switch a := action.(type) {
			case *recorder.SetColor:
				colour = a.Color
			case *recorder.FillString:
				labels++
				luminance := float64(color.Gray16Model.Convert(colour).(color.Gray16).Y) / math.MaxUint16
				if got := contrast(h.colours.colour(mean), luminance); got < 4.5 {
					t.Errorf("%s on %v has contrast %.1f, want 4.5 at least", a.String, h.colours.colour(mean), got)
				}
			}
		}
		if labels != 1 {
			t.Errorf("%d labels, want 1", labels)
		}
	}
	if labelColour(blue) != color.White || labelColour(orange) != color.Black {
		t.Error("labels are not white on blue and black on orange")
	}
}

// TestAnyResultIsDrawn checks that no name or number of a result makes drawing fail
// or puts a control character into a file.
func TestAnyResultIsDrawn(t *testing.T) {
	numbers := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{
		0, math.SmallestNonzeroFloat64, 1e-310, 1e-300, 1e-100, 1, 1e100, 1e300, math.MaxFloat64, math.Inf(1), math.NaN(), -1,
	}))
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.String().Draw(t, "data")
		var rows []table.Row
		for r, err := range example("chain") {
			if err != nil {
				t.Fatal(err)
			}
			if rapid.IntRange(0, 40).Draw(t, "chosen") == 0 {
				r.Data = data
				for _, values := range []map[string]float64{r.Measures.Errors, r.Measures.Floors} {
					for _, s := range s1Rows {
						values[s.error] = numbers.Draw(t, s.error)
					}
				}
				rows = append(rows, r)
			}
		}
		figures, _, err := S1(table.Shape{}, func(yield func(table.Row, error) bool) {
			for _, r := range rows {
				if !yield(r, nil) {
					return
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range figures {
			for _, format := range []string{"svg", "pdf", "csv"} { // a PNG takes the same code and more time
				if err := f.Write(new(bytes.Buffer), format, FullWidthCM); err != nil {
					t.Fatal(err)
				}
			}
			for _, line := range captionOf(t, f) {
				if strings.ContainsFunc(line, unicode.IsControl) {
					t.Fatalf("a control character in %q", line)
				}
			}
		}
	})
}

// TestLabelsOfAnAxisAreBounded checks that labels do not overlap.
func TestLabelsOfAnAxisAreBounded(t *testing.T) {
	values := make([]int, 100)
	for i := range values {
		values[i] = i + 1
	}
	labels := 0
	for _, tick := range positions(values) {
		if tick.Label != "" {
			labels++
		}
	}
	if labels == 0 || labels > maxLabels {
		t.Errorf("%d labels", labels)
	}
	rapid.Check(t, func(t *rapid.T) {
		low := math.Pow(10, rapid.Float64Range(-100, 100).Draw(t, "low"))
		high := low * rapid.OneOf(rapid.Float64Range(2, 20), rapid.Float64Range(2, 1e12)).Draw(t, "span")
		visible := 0
		for _, tick := range (powersOfTen{}).Ticks(low, high) {
			if tick.Label != "" && low <= tick.Value && tick.Value <= high {
				visible++
			}
		}
		if visible < 1 || visible > 2*maxLabels {
			t.Fatalf("%d labels between %g and %g", visible, low, high)
		}
	})
	if ticks := (powersOfTen{}).Ticks(1e-90, 1e100); len(ticks) > 2*maxLabels {
		t.Errorf("%d ticks: %v", len(ticks), ticks)
	}
}

// TestAnAxisHasTwoNumbers checks that every axis from about 0 on has a scale, with labels
// that say the values.
func TestAnAxisHasTwoNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		high := math.Pow(10, rapid.Float64Range(-8, 8).Draw(t, "exponent"))
		low := -high * rapid.SampledFrom([]float64{0, 0.06 / 1.06, 0.2, 0.9, 1}).Draw(t, "below 0")
		most := rapid.IntRange(2, 3).Draw(t, "most")
		ticks := (fewTicks{most}).Ticks(low, high)
		if len(ticks) < 2 || len(ticks) > most {
			t.Fatalf("%d numbers from %v to %v: %v", len(ticks), low, high, ticks)
		}
		for _, tick := range ticks {
			if v, err := strconv.ParseFloat(tick.Label, 64); err != nil || math.Abs(v-tick.Value) > 1e-9*high || v < low || v > high {
				t.Fatalf("from %v to %v, %v is labelled %q", low, high, tick.Value, tick.Label)
			}
		}
	})
}

// captionOf returns the lines of a figure's caption.
func captionOf(t rapid.TB, f *Figure) []string {
	t.Helper()
	p, err := f.layout(500)
	if err != nil {
		t.Fatal(err)
	}
	return p.lines()
}
