package figure

import (
	"fmt"
	"image/color"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"spiqsweep/simulator/circuit"
	"spiqsweep/sweep"
)

// The largest numbers of qubits and of layers in a drawing of the ansatz.
const (
	qubitsDrawn = 4
	layersDrawn = 6
)

// ansatzFigure draws the circuit of one time step, and spikes of the recording and of
// both losses (Fig. 1). There is one place.
func (t *trainings) ansatzFigure(places []place) *Figure {
	c := t.configuration(places[0])
	blocks, gates := newBlocks(c), newGates(c)
	numbers := [][]string{paperHeader()}
	numbers = append(numbers, blocks.numbers(places[0])...)
	numbers = append(numbers, gates.numbers(places[0])...)
	numbers = append(numbers, t.rasterNumbers(places)[1:]...)
	return &Figure{Numbers: numbers, layout: func(width vg.Length) (*page, error) {
		p := &page{width: width, caption: append(append(t.describe(places), ansatzCaption(c)), rasterCaption)}
		left := block{share: 0.5, panels: [][]panel{{{Plot: blocks.plot("one time step")}}}}
		right := block{share: 0.5, panels: [][]panel{{{Plot: gates.plot("its parts")}}}}
		p.bands = p.beside(vg.Length(1+blocks.qubits)*0.75*vg.Centimeter, left, right)
		p.bands = append(p.bands, p.split(t.rasterBlock(places), 2.6*vg.Centimeter)...)
		return p, nil
	}}
}

// configuration returns a configuration at a place.
func (t *trainings) configuration(at place) sweep.Configuration {
	for _, r := range t.rows {
		if placeOf(r) == at {
			return r.Configuration
		}
	}
	return sweep.Configuration{}
}

func ansatzCaption(c sweep.Configuration) string {
	s := c.Circuit
	var each []string
	for _, of := range []struct {
		name string
		own  bool
	}{{"qubit", s.Noise == "per_qubit"}, {"encoding", s.NoisePerLayer}, {"time step", s.NoisePerPatch}} {
		if of.own {
			each = append(each, "each "+of.name)
		}
	}
	noise := fmt.Sprintf("γ is uniform on [%.4g, %.4g], one for ", s.NoiseLow, s.NoiseHigh)
	switch {
	case s.Noise == "none":
		noise = "γ is 0"
	case len(each) == 0:
		noise += "all qubits and time steps"
	default:
		noise += strings.Join(each, " and ")
	}
	layers := strconv.Itoa(s.Layers) + " parametrised layers P"
	if s.Layers > layersDrawn {
		layers += fmt.Sprintf(", of which the first %d are drawn,", layersDrawn)
	}
	return fmt.Sprintf("Circuit of one time step: %d qubits for neurons and %d auxiliary, of which the first %d are drawn; %s with an RY and an RZ angle for each qubit; E encodes the noise: %s.",
		c.Neurons, s.Auxiliary, min(qubitsDrawn, c.Neurons+s.Auxiliary), layers, noise)
}

// diagram is a drawing of a circuit, from left to right.
type diagram struct {
	qubits, columns int
	gates           []gate
}

// gate is a box over some qubits, or a CNOT.
type gate struct {
	label       string // of a box; "" for a CNOT
	column      int
	first, last int // qubits of a box; control and target of a CNOT
	colour      color.Color
}

// The colours of gates.
var (
	noiseColour = pale(others[3], 0.6) // encodings of the noise
	angleColour = pale(orange, 0.5)    // trained rotations
)

// newBlocks returns the circuit as blocks E and P.
func newBlocks(c sweep.Configuration) *diagram {
	d := &diagram{qubits: min(qubitsDrawn, c.Neurons+c.Circuit.Auxiliary)}
	add := func(label string, colour color.Color) {
		d.gates = append(d.gates, gate{label: label, column: d.columns, last: d.qubits - 1, colour: colour})
		d.columns++
	}
	for layer := range min(c.Circuit.Layers, layersDrawn) {
		trained := "P" + strconv.Itoa(layer+1)
		if c.Circuit.Order == "encode_first" {
			add("E", noiseColour)
			add(trained, angleColour)
		} else {
			add(trained, angleColour)
			add("E", noiseColour)
		}
	}
	if c.Circuit.FinalEncoding && c.Circuit.Layers <= layersDrawn {
		add("E", noiseColour)
	}
	return d
}

// newGates returns the gates of one E and one P, without CNOTs to qubits that are not drawn.
func newGates(c sweep.Configuration) *diagram {
	d := &diagram{qubits: min(qubitsDrawn, c.Neurons+c.Circuit.Auxiliary), columns: 3}
	for q := range d.qubits {
		d.gates = append(d.gates,
			gate{"RX(γ)", 0, q, q, noiseColour}, gate{"RY(θ)", 1, q, q, angleColour}, gate{"RZ(φ)", 2, q, q, angleColour})
	}
	a := circuit.Ansatz{Neurons: c.Neurons, Auxiliary: c.Circuit.Auxiliary, Entangler: circuit.Entangler(c.Circuit.Entangler)}
	for _, g := range a.CNOTs() {
		if g[0] >= d.qubits || g[1] >= d.qubits {
			continue
		}
		d.gates = append(d.gates, gate{column: d.columns, first: g[0], last: g[1]})
		d.columns++
	}
	return d
}

func (d *diagram) numbers(at place) [][]string {
	var rows [][]string
	for _, g := range d.gates {
		item := g.label
		if item == "" {
			item = fmt.Sprintf("CNOT %d→%d", g.first, g.last)
		}
		rows = append(rows, []string{
			"circuit", strconv.Itoa(at.neurons), strconv.Itoa(at.timesteps), "", item,
			strconv.Itoa(g.column), strconv.Itoa(g.first), "", "", "",
		})
	}
	return rows
}

func (d *diagram) plot(title string) *plot.Plot {
	p := newPlot()
	p.HideAxes()
	p.Title.Text = title
	p.X.Min, p.X.Max = -1.1, float64(d.columns)-0.2
	p.Y.Min, p.Y.Max = -float64(d.qubits)+0.4, 0.6
	p.Add(d)
	return p
}

// Plot implements plot.Plotter.
func (d *diagram) Plot(c draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&c)
	x, y := func(column float64) vg.Length { return toX(column) }, func(qubit float64) vg.Length { return toY(-qubit) }
	line := draw.LineStyle{Color: color.Black, Width: 0.6}
	for q := range d.qubits {
		c.StrokeLine2(line, x(-0.6), y(float64(q)), x(float64(d.columns)-0.3), y(float64(q)))
		c.FillText(textStyle(tickSize, text.XRight, text.YCenter), vg.Point{X: x(-0.65), Y: y(float64(q))}, "|0>")
	}
	for _, g := range d.gates {
		at := float64(g.column)
		if g.label != "" {
			box := corners(vg.Rectangle{
				Min: vg.Point{X: x(at - 0.42), Y: y(float64(g.last) + 0.36)}, Max: vg.Point{X: x(at + 0.42), Y: y(float64(g.first) - 0.36)},
			})
			c.FillPolygon(g.colour, box)
			c.StrokeLines(draw.LineStyle{Color: color.Black, Width: 0.5}, append(box, box[0]))
			c.FillText(textStyle(tickSize, text.XCenter, text.YCenter), vg.Point{X: x(at), Y: y(float64(g.first+g.last) / 2)}, g.label)
			continue
		}
		control, target := vg.Point{X: x(at), Y: y(float64(g.first))}, vg.Point{X: x(at), Y: y(float64(g.last))}
		c.StrokeLine2(line, control.X, control.Y, target.X, target.Y)
		c.DrawGlyph(draw.GlyphStyle{Color: color.Black, Radius: 1.6, Shape: draw.CircleGlyph{}}, control)
		const radius = 3.5
		c.DrawGlyph(draw.GlyphStyle{Color: color.White, Radius: radius, Shape: draw.CircleGlyph{}}, target)
		c.SetLineStyle(line)
		c.DrawGlyph(draw.GlyphStyle{Color: color.Black, Radius: radius, Shape: draw.RingGlyph{}}, target)
		c.StrokeLine2(line, target.X-radius, target.Y, target.X+radius, target.Y)
		c.StrokeLine2(line, target.X, target.Y-radius, target.X, target.Y+radius)
	}
}
