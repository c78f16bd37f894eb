package figure

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The usual widths of a figure in a journal, in centimetres.
const (
	ColumnWidthCM = 8.6
	FullWidthCM   = 18.0
)

// dotsPerInch is the resolution of a PNG.
const dotsPerInch = 300

// roundDown rounds a length down to a whole number of points and of dots, so that all
// programs agree on the size of the picture.
func roundDown(length vg.Length) vg.Length {
	const unit = 25 * vg.Inch / dotsPerInch // 6 points
	return vg.Length(math.Floor(float64(length/unit)+1e-9)) * unit
}

// Sizes of text, in points. None is below 6, the least that journals accept.
const (
	letterSize  = vg.Length(9)
	titleSize   = vg.Length(7.5)
	labelSize   = vg.Length(7)
	tickSize    = vg.Length(6.5)
	captionSize = vg.Length(6.5)
	captionLine = captionSize * 1.35
)

// page is the layout of a figure, from top to bottom: its legend, bands of panels, and
// its caption.
type page struct {
	width   vg.Length
	legend  legend
	bands   []band
	caption []string // sentences
	// unlettered leaves out the letters of the panels.
	unlettered bool
}

// band is a row of blocks.
type band struct {
	height vg.Length
	blocks []block
}

// block is a table of panels whose axes are aligned.
type block struct {
	share  float64 // of the page's width
	panels [][]panel
	// labels are those of the vertical axis that the panels of a row share; such a row has
	// one letter. nil: each panel has its own.
	labels []string
	// widest bounds the width of a panel, so that a few are not stretched; 0: no bound.
	widest vg.Length
}

// widestPanel is the bound of panels of which a figure has up to six in a row.
const widestPanel = 6 * vg.Centimeter

// panel is a plot, or a note that says why there is none.
type panel struct {
	*plot.Plot
	note string
}

// title sets the title of a column.
func (b block) title(column int, words string) {
	if p := b.panels[0][column]; p.Plot != nil {
		p.Title.Text = words
	} else {
		b.panels[0][column].note = words + ": " + p.note
	}
}

// isNarrow reports whether the page has the width of a column.
func (p *page) isNarrow() bool { return p.width < 12*vg.Centimeter }

// beside returns blocks side by side, or below each other on a narrow page.
func (p *page) beside(height vg.Length, blocks ...block) []band {
	if !p.isNarrow() {
		return []band{{height, blocks}}
	}
	var bands []band
	for _, b := range blocks {
		b.share = 1
		bands = append(bands, band{height, []block{b}})
	}
	return bands
}

// split returns the block as bands that the page has room for, with rows of a height.
func (p *page) split(b block, rowHeight vg.Length) []band {
	const most = 4 // columns of a narrow page
	columns := len(b.panels[0])
	if p.isNarrow() && columns > most {
		columns = (columns + 1) / 2
	}
	var bands []band
	for first := 0; first < len(b.panels[0]); first += columns {
		part := b
		part.panels = nil
		for _, row := range b.panels {
			part.panels = append(part.panels, row[first:min(first+columns, len(row))])
		}
		bands = append(bands, band{rowHeight * vg.Length(len(b.panels)), []block{part}})
	}
	return bands
}

// legend explains colours and lines.
type legend []entry

type entry struct {
	label      string
	thumbnails []plot.Thumbnailer
}

// add adds an entry unless one has its label already.
func (l *legend) add(label string, thumbnails ...plot.Thumbnailer) {
	if !slices.ContainsFunc(*l, func(e entry) bool { return e.label == label }) {
		*l = append(*l, entry{label, thumbnails})
	}
}

const margin = vg.Length(6) // around a page

// text returns the width of a page between its margins.
func (p *page) text() vg.Length { return p.width - 2*margin }

// lines returns the caption in lines.
func (p *page) lines() []string {
	var all []string
	for _, sentences := range p.caption {
		all = append(all, wrap(sentences, captionSize, p.text())...)
	}
	return all
}

// height returns the height of the page.
func (p *page) height() vg.Length {
	height := 2*margin + legendLine*vg.Length(len(p.legendRows())) + captionLine*vg.Length(len(p.lines()))
	for _, b := range p.bands {
		height += b.height
	}
	return roundDown(height + 6)
}

// draw draws the page on a canvas of its width and height.
func (p *page) draw(c draw.Canvas) {
	c.SetColor(color.White)
	c.Fill(c.Path())
	c = draw.Crop(c, margin, -margin, margin, -margin)
	top := c.Max.Y
	below := func(height vg.Length) draw.Canvas {
		strip := c
		strip.Max.Y, strip.Min.Y = top, top-height
		top -= height
		return strip
	}
	for _, row := range p.legendRows() {
		drawLegend(below(legendLine), row)
	}
	letter := 'A'
	for _, b := range p.bands {
		if p.unlettered {
			b.draw(below(b.height), nil)
		} else {
			b.draw(below(b.height), &letter)
		}
	}
	style := textStyle(captionSize, text.XLeft, text.YTop)
	for _, line := range p.lines() {
		strip := below(captionLine)
		strip.FillText(style, vg.Point{X: strip.Min.X, Y: strip.Max.Y}, line)
	}
}

func (b band) draw(c draw.Canvas, letter *rune) {
	left, width := c.Min.X, c.Max.X-c.Min.X
	for _, block := range b.blocks {
		part := c
		part.Min.X = left
		left += vg.Length(block.share) * width
		part.Max.X = left
		if block.widest > 0 {
			part.Max.X = min(left, part.Min.X+block.widest*vg.Length(len(block.panels[0])))
		}
		block.draw(part, letter)
	}
}

// draw draws the panels with letters from the given one on, which it moves on, or without
// if letter is nil.
func (b block) draw(c draw.Canvas, letter *rune) {
	below := b.shareAxes()
	plots := make([][]*plot.Plot, len(b.panels))
	for i, row := range b.panels {
		for _, p := range row {
			plots[i] = append(plots[i], p.Plot)
		}
	}
	tiles := draw.Tiles{Rows: len(plots), Cols: len(plots[0]), PadTop: 3, PadBottom: 5, PadLeft: 2, PadRight: 4, PadX: 5, PadY: 5}
	if b.labels != nil {
		tiles.PadLeft += letterSize + labelSize + 3
	}
	canvases := plot.Align(plots, tiles, c)
	for i, row := range b.panels {
		for j, p := range row {
			area := canvases[i][j]
			if p.Plot == nil {
				drawNote(area, p.note)
			} else {
				p.Draw(area)
			}
			if j > 0 && b.labels != nil {
				continue
			}
			corner := vg.Point{X: tiles.At(c, j, i).Min.X, Y: area.Max.Y + 1}
			if b.labels != nil {
				corner.X = c.Min.X + 2
			}
			if letter != nil {
				c.FillText(textStyle(letterSize, text.XLeft, text.YTop), corner, string(*letter))
				*letter++
			}
			if b.labels != nil {
				if p.Plot != nil {
					area = p.DataCanvas(area)
				}
				style := textStyle(labelSize, text.XCenter, text.YTop)
				style.Rotation = math.Pi / 2
				c.FillText(style, vg.Point{X: c.Min.X + 2 + letterSize, Y: area.Center().Y}, b.labels[i])
				last := canvases[i][len(row)-1]
				middle := vg.Point{X: (area.Min.X + last.Max.X) / 2, Y: last.Min.Y + 2}
				c.FillText(textStyle(labelSize, text.XCenter, text.YBottom), middle, below[i])
			}
		}
	}
}

// shareAxes removes labels that other panels show: numbers and words below a panel with
// the same axis further down, and to the right of the first panel of a row. It returns
// the words for the middle of each row of a block whose rows share them.
func (b block) shareAxes() (below []string) {
	for i, row := range b.panels {
		words := ""
		labelled := false // whether a panel further left is
		for j, p := range row {
			if p.Plot == nil {
				continue
			}
			if i+1 < len(b.panels) && p.hasAxisOf(b.panels[i+1][j]) {
				p.X.Label.Text, p.X.Tick.Marker = "", unlabelled{p.X.Tick.Marker}
			}
			if b.labels == nil {
				continue
			}
			if labelled {
				p.Y.Tick.Marker = unlabelled{p.Y.Tick.Marker}
			}
			labelled = true
			if p.X.Label.Text != "" {
				words, p.X.Label.Text = p.X.Label.Text, " " // room for the words
			}
		}
		below = append(below, words)
	}
	return below
}

// hasAxisOf reports whether two panels have the same horizontal axis.
func (p panel) hasAxisOf(q panel) bool {
	return q.Plot != nil && p.X.Label.Text == q.X.Label.Text && p.X.Min == q.X.Min && p.X.Max == q.X.Max
}

// drawNote draws a text in the middle of an empty panel.
func drawNote(c draw.Canvas, words string) {
	style := textStyle(tickSize, text.XCenter, text.YCenter)
	style.Color = grey
	lines := wrap(words, tickSize, c.Max.X-c.Min.X)
	at := c.Center()
	at.Y += captionLine * vg.Length(len(lines)-1) / 2
	for _, line := range lines {
		c.FillText(style, at, line)
		at.Y -= captionLine
	}
}

const (
	legendLine      = vg.Length(11)
	thumbnailWidth  = vg.Length(14)
	thumbnailHeight = vg.Length(6)
	legendGap       = vg.Length(10) // between entries
)

func (e entry) width() vg.Length {
	face := fonts.Lookup(sans(labelSize), labelSize)
	return thumbnailWidth + 3 + face.Width(e.label)
}

// legendRows divides the legend into rows that fit the page.
func (p *page) legendRows() [][]entry {
	var rows [][]entry
	left := vg.Length(0)
	for _, e := range p.legend {
		if left -= e.width(); left < 0 {
			rows, left = append(rows, nil), p.text()-e.width()
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], e)
		left -= legendGap
	}
	return rows
}

func drawLegend(c draw.Canvas, row []entry) {
	middle := (c.Min.Y + c.Max.Y) / 2
	for _, e := range row {
		icon := c
		icon.Min.Y, icon.Max.Y = middle-thumbnailHeight/2, middle+thumbnailHeight/2
		icon.Max.X = icon.Min.X + thumbnailWidth
		for _, t := range e.thumbnails {
			t.Thumbnail(&icon)
		}
		c.FillText(textStyle(labelSize, text.XLeft, text.YCenter), vg.Point{X: icon.Max.X + 3, Y: middle}, e.label)
		c.Min.X += e.width() + legendGap
	}
}

// box is a legend's box of a colour.
type box struct{ colour color.Color }

// Thumbnail implements plot.Thumbnailer.
func (b box) Thumbnail(c *draw.Canvas) { c.FillPolygon(b.colour, corners(c.Rectangle)) }

// newPlot returns an empty panel in the style of all figures.
func newPlot() *plot.Plot {
	p := plot.New()
	for style, size := range map[*text.Style]vg.Length{
		&p.Title.TextStyle: titleSize, &p.X.Label.TextStyle: labelSize, &p.Y.Label.TextStyle: labelSize,
		&p.X.Tick.Label: tickSize, &p.Y.Tick.Label: tickSize,
	} {
		style.Font = sans(size)
	}
	p.BackgroundColor = nil // would hide words beside it
	p.Title.Padding = 3
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Padding, axis.Label.Padding = 1, 1
		axis.Tick.Length = 2.5
		axis.Width, axis.Tick.Width = 0.5, 0.5
	}
	return p
}
