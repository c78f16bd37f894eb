package figure

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Figure is a drawing and the numbers in it.
type Figure struct {
	Name    string     // of its files, without an ending
	Numbers [][]string // the plotted numbers, a header first

	width, height vg.Length
	draw          func(draw.Canvas)
}

// Formats are the endings that [Figure.Write] knows.
var Formats = []string{"svg", "pdf", "png", "csv"}

// Write writes the figure, or its numbers, in one of the [Formats].
func (f *Figure) Write(w io.Writer, format string) error {
	if format == "csv" {
		return csv.NewWriter(w).WriteAll(f.Numbers)
	}
	if !slices.Contains(Formats, format) {
		return fmt.Errorf("write figure %s: no format %q", f.Name, format)
	}
	canvas := f.canvas(format)
	f.draw(draw.NewCanvas(canvas, f.width, f.height))
	if _, err := canvas.WriteTo(w); err != nil {
		return fmt.Errorf("write figure %s.%s: %w", f.Name, format, err)
	}
	return nil
}

// canvas is where gonum/plot draws and what it then writes.
type canvas interface {
	vg.CanvasSizer
	io.WriterTo
}

func (f *Figure) canvas(format string) canvas {
	switch format {
	case "svg":
		return vgsvg.New(f.width, f.height)
	case "pdf":
		c := vgpdf.New(f.width, f.height)
		c.EmbedFonts(true)
		return c
	default:
		const dotsPerInch = 150
		return vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(f.width, f.height), vgimg.UseDPI(dotsPerInch))}
	}
}
