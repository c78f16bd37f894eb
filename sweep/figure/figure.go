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

// Figure is a drawing and the numbers in it.
type Figure struct {
	Name    string     // of its files, without an ending
	Numbers [][]string // the plotted numbers, a header first

	width, height vg.Length
	caption       []string
	draw          func(draw.Canvas)
}

const dotsPerInch = 150 // of a PNG

// Formats are the endings that [Figure.Write] knows.
var Formats = []string{"svg", "pdf", "png", "csv"}

// Write writes the figure, or its numbers, in one of the [Formats]: always the
// same bytes. It needs no file and no font beside the program.
func (f *Figure) Write(w io.Writer, format string) (err error) {
	if format == "csv" {
		return csv.NewWriter(w).WriteAll(f.Numbers)
	}
	if !slices.Contains(Formats, format) {
		return fmt.Errorf("write figure %s: no format %q", f.Name, format)
	}
	defer recovered(f.Name+"."+format, &err)
	canvas := f.canvas(format)
	f.draw(draw.NewCanvas(canvas, f.width, f.height))
	if _, err := canvas.WriteTo(w); err != nil {
		return fmt.Errorf("write figure %s.%s: %w", f.Name, format, err)
	}
	return nil
}

// recovered turns a panic of the drawing libraries, which report most errors in
// this way, into an error: a figure that cannot be drawn must not end a sweep.
func recovered(name string, err *error) {
	if fault := recover(); fault != nil {
		*err = fmt.Errorf("draw figure %s: %v", name, fault)
	}
}

// canvas is where gonum/plot draws and what it then writes.
type canvas interface {
	vg.CanvasSizer
	io.WriterTo
}

func (f *Figure) canvas(format string) canvas {
	switch format {
	case "svg":
		c := vgsvg.New(f.width, f.height)
		return outlined{c, c}
	case "pdf":
		return newPDF(f.width, f.height)
	default:
		c := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(f.width, f.height), vgimg.UseDPI(dotsPerInch))}
		return outlined{c, c}
	}
}
