package figure

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// shares of the width: against n, against t, difference, colour scale.
var shares = []float64{0.29, 0.29, 0.32, 0.10}

// drawPanels lays the rows of panels out from top to bottom.
func drawPanels(c draw.Canvas, rows [][]*plot.Plot) {
	size := c.Size()
	height := size.Y / vg.Length(len(rows))
	for i, row := range rows {
		left := vg.Length(0)
		for j, p := range row {
			width := size.X * vg.Length(shares[j])
			below := height * vg.Length(len(rows)-1-i)
			p.Draw(draw.Crop(c, left+padding, left+width-size.X-padding, below+padding, below+height-size.Y-padding))
			left += width
		}
	}
}

const padding = 0.25 * vg.Centimeter

const (
	captionSize = vg.Length(7.5)
	captionLine = captionSize * 1.35
)

// drawCaption writes lines from the top of the canvas down.
func drawCaption(c draw.Canvas, lines []string) {
	style := textStyle(captionSize, text.XLeft, text.YTop)
	y := c.Max.Y
	for _, line := range lines {
		c.FillText(style, vg.Point{X: c.Min.X, Y: y}, line)
		y -= captionLine
	}
}
