package figure

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
)

// position returns the place of a value on an axis with evenly spaced values.
func position(values []int, v int) float64 { return float64(slices.Index(values, v)) }

// maxLabels is the number of labels of an axis that do not overlap.
const maxLabels = 12

// positions returns the ticks of such an axis.
func positions(values []int) plot.ConstantTicks {
	ticks := make(plot.ConstantTicks, len(values))
	every := (len(values) + maxLabels - 1) / maxLabels
	for i, v := range values {
		ticks[i].Value = float64(i)
		if i%every == 0 {
			ticks[i].Label = strconv.Itoa(v)
		}
	}
	return ticks
}

// powersOfTen marks the powers of ten, and their multiples without labels. An axis of
// more than maxPowers decades has labels at every second power, say; one of very many
// decades has only those marks. An axis too short for two labels has labels at multiples.
type powersOfTen struct{}

const maxPowers = 4

// Ticks implements plot.Ticker; both ends are positive.
func (powersOfTen) Ticks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	first, last := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	every := max(1, math.Ceil((last-first)/maxPowers))
	for _, labelled := range [][]float64{{1}, {1, 2, 5}, {1, 2, 3, 4, 5, 6, 7, 8, 9}} {
		ticks = nil
		visible := 0
		for i := first; i <= last; i++ {
			isLabelled := math.Mod(i, every) == 0
			for multiple := 1.0; multiple < 10 && (isLabelled && multiple == 1 || every < maxPowers); multiple++ {
				tick := plot.Tick{Value: multiple * math.Pow(10, i)}
				if isLabelled && slices.Contains(labelled, multiple) {
					tick.Label = strings.TrimPrefix(fmt.Sprintf("%.0f×10^%.0f", multiple, i), "1×")
					if low <= tick.Value && tick.Value <= high {
						visible++
					}
				}
				ticks = append(ticks, tick)
			}
		}
		if visible >= 2 {
			break
		}
	}
	return ticks
}

// setLogarithmic gives a panel a logarithmic axis, which has powers of ten as labels.
func setLogarithmic(a *plot.Axis) {
	a.Scale, a.Tick.Marker, a.Tick.Label.Handler = plot.LogScale{}, powersOfTen{}, powers
}

// widen makes a logarithmic axis span a factor of 2 at least: gonum would extend an empty
// one below 0.
func widen(a *plot.Axis) {
	if a.Max < 2*a.Min {
		a.Min, a.Max = a.Min/1.5, a.Max*1.5
	}
}

// fewTicks marks at most so many round values, which are not close together, and at least
// two if 0 is on the axis: one number gives no scale.
type fewTicks struct{ most int }

// Ticks implements plot.Ticker.
func (f fewTicks) Ticks(low, high float64) []plot.Tick {
	if !(high > low) {
		return nil
	}
	var finer []plot.Tick
	for exponent := math.Floor(math.Log10(high-low)) - 1; ; exponent++ {
		for _, multiple := range []float64{1, 2, 5} {
			step := multiple * math.Pow(10, exponent)
			ticks := multiples(low, high, step, int(max(0, -exponent)))
			switch {
			case len(ticks) <= f.most && step*float64(f.most) >= high-low && (len(ticks) >= 2 || finer == nil):
				return ticks
			case len(ticks) >= 2:
				finer = ticks
			default:
				return everyOf(finer, f.most)
			}
		}
	}
}

// multiples marks the multiples of a step on an axis.
func multiples(low, high, step float64, decimals int) (ticks []plot.Tick) {
	first, last := math.Ceil(low/step), math.Floor(high/step)
	for j := 0.0; j <= last-first; j++ { // ends also where adding 1 to first changes nothing
		i := first + j
		label := "0" // and not −0
		if i != 0 {
			label = strconv.FormatFloat(i*step, 'f', decimals, 64)
		}
		ticks = append(ticks, plot.Tick{Value: i * step, Label: label})
	}
	return ticks
}

// everyOf returns the first tick and every so-many-th after it, at most so many.
func everyOf(ticks []plot.Tick, most int) (some []plot.Tick) {
	for i := 0; i < len(ticks); i += (len(ticks) + most - 1) / most {
		some = append(some, ticks[i])
	}
	return some
}

// unlabelled marks the values of another Ticker without labels.
type unlabelled struct{ plot.Ticker }

// Ticks implements plot.Ticker.
func (u unlabelled) Ticks(low, high float64) []plot.Tick {
	ticks := u.Ticker.Ticks(low, high)
	for i := range ticks {
		if ticks[i].Label != "" {
			ticks[i].Label = " " // a tick without a label is short
		}
	}
	return ticks
}

// wordTicks marks up to four words by their bits.
type wordTicks struct{ neurons int }

// Ticks implements plot.Ticker.
func (w wordTicks) Ticks(float64, float64) []plot.Tick {
	words, marked := 1<<w.neurons, 4
	if w.neurons > 4 {
		marked = 2 // long words
	}
	var ticks []plot.Tick
	for i := 0; i < words; i += max(1, words/marked) {
		label := strconv.FormatUint(uint64(words|i), 2)[1:]
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: label})
	}
	return ticks
}
