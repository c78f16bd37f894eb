package figure

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Figure is a drawing and its numbers.
type Figure struct {
	Name    string     // of its files, without the extension
	Numbers [][]string // the plotted numbers, after a header
	Missing []string   // the configurations that it should show and that have no result

	layout func(width vg.Length) (*page, error)
}

// Formats are the extensions that [Figure.Write] supports.
var Formats = []string{"svg", "pdf", "png", "csv"}

// Write writes the figure at a width in centimetres, or its numbers, in one of the
// [Formats]. It always writes the same bytes, and needs no file and no installed font.
// The drawing libraries report most errors by panicking: the caller must recover.
func (f *Figure) Write(w io.Writer, format string, widthCM float64) error {
	if format == "csv" {
		return csv.NewWriter(w).WriteAll(f.Numbers)
	}
	if !slices.Contains(Formats, format) {
		return fmt.Errorf("write figure %s: there is no format %q", f.Name, format)
	}
	p, err := f.layout(roundDown(vg.Length(widthCM) * vg.Centimeter))
	if err != nil {
		return fmt.Errorf("draw figure %s: %w", f.Name, err)
	}
	height := p.height()
	canvas := newCanvas(format, p.width, height)
	p.draw(draw.NewCanvas(canvas, p.width, height))
	if _, err := canvas.WriteTo(w); err != nil {
		return fmt.Errorf("write figure %s.%s: %w", f.Name, format, err)
	}
	return nil
}

// canvas is a drawing surface of gonum/plot that can write its content.
type canvas interface {
	vg.CanvasSizer
	io.WriterTo
}

func newCanvas(format string, width, height vg.Length) canvas {
	switch format {
	case "svg":
		c := vgsvg.New(width, height)
		return outlined{c, c}
	case "pdf":
		return newPDF(width, height)
	default:
		c := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dotsPerInch))}
		return outlined{c, c}
	}
}
