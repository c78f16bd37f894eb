package figure

import (
	"image"
	"image/color"
	"io"
	"math"
	"time"

	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"codeberg.org/go-pdf/fpdf"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// pdfCanvas draws one page of a PDF. It embeds the used part of the font from
// memory, with a map to Unicode, and supports only opaque colours. gonum's own
// canvas needs temporary files for fonts, writes UTF-8 text as code page 1252, and
// darkens translucent colours.
type pdfCanvas struct {
	document      *fpdf.Fpdf
	width, height vg.Length
	stack         []pdfState
}

// pdfState is the state that Push saves besides the transformation. fpdf's own stack
// does not restore it.
type pdfState struct {
	colour color.Color
	width  vg.Length
	dashes []vg.Length
	offset vg.Length
}

const pdfFont = "LiberationSans"

func newPDF(width, height vg.Length) *pdfCanvas {
	c := &pdfCanvas{
		document: fpdf.NewCustom(&fpdf.InitType{UnitStr: "pt", Size: fpdf.SizeType{Wd: width.Points(), Ht: height.Points()}}),
		width:    width, height: height, stack: make([]pdfState, 1),
	}
	// Makes the bytes reproducible: no time of creation, no order of a map.
	c.document.SetCatalogSort(true)
	c.document.SetCreationDate(time.Unix(0, 0).UTC())
	c.document.SetModificationDate(time.Unix(0, 0).UTC())
	c.document.SetProducer("spiqsweep", true)
	c.document.AddUTF8FontFromBytes(pdfFont, "", liberationsansregular.TTF)
	c.document.SetMargins(0, 0, 0)
	c.document.SetAutoPageBreak(false, 0)
	c.document.AddPage()
	c.document.TransformBegin() // required for transformations outside Push and Pop
	vg.Initialize(c)
	return c
}

// WriteTo implements io.WriterTo. Nothing can be drawn after it.
func (c *pdfCanvas) WriteTo(w io.Writer) (int64, error) {
	c.document.TransformEnd()
	counted := &countingWriter{Writer: w}
	err := c.document.Output(counted)
	return counted.written, err
}

type countingWriter struct {
	io.Writer
	written int64
}

func (w *countingWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.written += int64(n)
	return n, err
}

// Size implements vg.CanvasSizer.
func (c *pdfCanvas) Size() (x, y vg.Length) { return c.width, c.height }

func (c *pdfCanvas) state() *pdfState { return &c.stack[len(c.stack)-1] }

// SetLineWidth implements vg.Canvas.
func (c *pdfCanvas) SetLineWidth(width vg.Length) {
	c.state().width = width
	c.document.SetLineWidth(width.Points())
}

// SetLineDash implements vg.Canvas.
func (c *pdfCanvas) SetLineDash(pattern []vg.Length, offset vg.Length) {
	c.state().dashes, c.state().offset = pattern, offset
	dashes := make([]float64, len(pattern))
	for i, d := range pattern {
		dashes[i] = d.Points()
	}
	c.document.SetDashPattern(dashes, offset.Points())
}

// SetColor implements vg.Canvas.
func (c *pdfCanvas) SetColor(colour color.Color) {
	if colour == nil {
		colour = color.Black
	}
	c.state().colour = colour
	solid := color.NRGBAModel.Convert(colour).(color.NRGBA)
	r, g, b := int(solid.R), int(solid.G), int(solid.B)
	c.document.SetFillColor(r, g, b)
	c.document.SetDrawColor(r, g, b)
	c.document.SetTextColor(r, g, b)
}

// Rotate implements vg.Canvas.
func (c *pdfCanvas) Rotate(radians float64) {
	c.document.TransformRotate(radians*180/math.Pi, 0, c.height.Points())
}

// Translate implements vg.Canvas.
func (c *pdfCanvas) Translate(by vg.Point) {
	c.document.TransformTranslate(by.X.Points(), -by.Y.Points())
}

// Scale implements vg.Canvas.
func (c *pdfCanvas) Scale(x, y float64) {
	c.document.TransformScale(100*x, 100*y, 0, c.height.Points())
}

// Push implements vg.Canvas.
func (c *pdfCanvas) Push() {
	c.stack = append(c.stack, *c.state())
	c.document.TransformBegin()
}

// Pop implements vg.Canvas.
func (c *pdfCanvas) Pop() {
	c.document.TransformEnd()
	c.stack = c.stack[:len(c.stack)-1]
	saved := *c.state()
	c.SetColor(saved.colour)
	c.SetLineWidth(saved.width)
	c.SetLineDash(saved.dashes, saved.offset)
}

// Stroke implements vg.Canvas.
func (c *pdfCanvas) Stroke(path vg.Path) {
	if c.state().width > 0 {
		c.draw(path, "D")
	}
}

// Fill implements vg.Canvas.
func (c *pdfCanvas) Fill(path vg.Path) { c.draw(path, "F") }

func (c *pdfCanvas) draw(path vg.Path, style string) {
	if len(path) == 0 {
		return
	}
	for _, part := range path {
		x, y := c.at(part.Pos)
		switch part.Type {
		case vg.MoveComp:
			c.document.MoveTo(x, y)
		case vg.LineComp:
			c.document.LineTo(x, y)
		case vg.ArcComp:
			c.arc(part)
		case vg.CurveComp:
			panic("curves cannot be drawn to PDF") // only outlined text has curves
		case vg.CloseComp:
			c.document.ClosePath()
		}
	}
	c.document.DrawPath(style)
}

// at converts from an origin at the lower left to fpdf's, at the upper left.
func (c *pdfCanvas) at(p vg.Point) (x, y float64) {
	return p.X.Points(), (c.height - p.Y).Points()
}

// arc draws a line to the start of the arc, and Bézier curves of at most a quarter
// circle along it.
func (c *pdfCanvas) arc(part vg.PathComp) {
	point := func(angle, scale float64) vg.Point {
		sin, cos := math.Sincos(angle)
		return vg.Point{X: part.Radius * vg.Length(cos*scale), Y: part.Radius * vg.Length(sin*scale)}
	}
	c.document.LineTo(c.at(part.Pos.Add(point(part.Start, 1))))
	pieces := math.Ceil(math.Abs(part.Angle) / (math.Pi / 2))
	step := part.Angle / pieces
	reach := 4.0 / 3 * math.Tan(step/4)
	for i := range int(pieces) {
		from, to := part.Start+float64(i)*step, part.Start+float64(i+1)*step
		x1, y1 := c.at(part.Pos.Add(point(from, 1)).Add(point(from+math.Pi/2, reach)))
		x2, y2 := c.at(part.Pos.Add(point(to, 1)).Sub(point(to+math.Pi/2, reach)))
		x, y := c.at(part.Pos.Add(point(to, 1)))
		c.document.CurveBezierCubicTo(x1, y1, x2, y2, x, y)
	}
}

// FillString implements vg.Canvas. It ignores the typeface: there is one font.
func (c *pdfCanvas) FillString(face font.Face, at vg.Point, text string) {
	if face.Font.Size == 0 {
		return
	}
	c.document.SetFont(pdfFont, "", face.Font.Size.Points())
	x, y := c.at(at)
	// fpdf does not kern, so a kerned letter begins a new text.
	var run []rune
	var start vg.Length
	for _, l := range letters(face, text) {
		if l.kerned {
			c.document.Text(x+start.Points(), y, string(run))
			run, start = nil, l.x
		}
		run = append(run, l.character)
	}
	c.document.Text(x+start.Points(), y, string(run))
}

// DrawImage panics: no figure has an image. It implements vg.Canvas.
func (*pdfCanvas) DrawImage(vg.Rectangle, image.Image) {
	panic("images cannot be drawn to PDF")
}
