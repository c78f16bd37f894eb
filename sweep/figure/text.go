package figure

import (
	"fmt"
	"image/color"
	"io"
	"strings"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"

	"spiqsweep/sweep"
)

// sans returns the font of all figures.
func sans(size vg.Length) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
}

var fonts = font.NewCache(liberation.Collection())

func textStyle(size vg.Length, x text.XAlignment, y text.YAlignment) text.Style {
	return text.Style{Color: color.Black, Font: sans(size), XAlign: x, YAlign: y, Handler: plot.DefaultTextHandler}
}

// superscript draws what follows a ^ as an exponent. The font has no characters for
// exponents such as −1.
type superscript struct{ text.Plain }

var powers = superscript{text.Plain{Fonts: fonts}}

const exponentSize = vg.Length(6)

// split returns the base and the exponent of a text, the base's width, and the exponent's
// font.
func (h superscript) split(words string, f font.Font) (base, exponent string, width vg.Length, small font.Font) {
	base, exponent, _ = strings.Cut(words, "^")
	width, _, _ = h.Plain.Box(base, f)
	f.Size = exponentSize
	return base, strings.Replace(exponent, "-", "−", 1), width, f
}

// Box implements text.Handler. The height is that of the base.
func (h superscript) Box(words string, f font.Font) (width, height, depth vg.Length) {
	base, exponent, width, small := h.split(words, f)
	_, height, depth = h.Plain.Box(base, f)
	exponentWidth, _, _ := h.Plain.Box(exponent, small)
	return width + exponentWidth, height, depth
}

// Draw implements text.Handler for text that is not rotated.
func (h superscript) Draw(c vg.Canvas, words string, style text.Style, at vg.Point) {
	at.X += vg.Length(style.XAlign) * style.Width(words)
	style.XAlign = text.XLeft
	base, exponent, width, small := h.split(words, style.Font)
	h.Plain.Draw(c, base, style, at)
	style.Font = small
	h.Plain.Draw(c, exponent, style, at.Add(vg.Point{X: width, Y: 0.4 * small.Size}))
}

// drawable escapes text that is not printable, and replaces each character that the
// font lacks by U+FFFD.
func drawable(text string) string {
	face := fonts.Lookup(sans(0), 1)
	var buffer sfnt.Buffer
	return strings.Map(func(r rune) rune {
		if glyph, err := face.Face.GlyphIndex(&buffer, r); err != nil || glyph == 0 || r > 0xffff {
			return '\ufffd'
		}
		return r
	}, sweep.Printable(text))
}

// wrap breaks a text into lines of at most the given width. It breaks between words,
// and within a word only if the word is longer than a line.
func wrap(s string, size, width vg.Length) []string {
	face := fonts.Lookup(sans(size), size)
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && face.Width(line+" "+word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
		for face.Width(line) > width { // a word longer than a line
			fits := 0
			for i := range line {
				if i > 0 && face.Width(line[:i]) > width {
					break
				}
				fits = i
			}
			if fits == 0 {
				break // not even one character fits
			}
			lines, line = append(lines, line[:fits]), line[fits:]
		}
	}
	return append(lines, line)
}

// outlined draws text as outlines, so that a picture looks the same without the
// font installed.
type outlined struct {
	vg.CanvasSizer
	io.WriterTo
}

// FillString implements vg.Canvas.
func (c outlined) FillString(face font.Face, at vg.Point, text string) {
	var buffer sfnt.Buffer
	var path vg.Path
	em, scale := units(face)
	for _, letter := range letters(face, text) {
		segments, err := face.Face.LoadGlyph(&buffer, letter.glyph, em, nil)
		must(err)
		path = appendGlyph(path, segments, vg.Point{X: at.X + letter.x, Y: at.Y}, scale)
	}
	if len(path) > 0 {
		c.Fill(path)
	}
}

// letter is a character of a text and its position, as gonum measures it.
type letter struct {
	character rune
	glyph     sfnt.GlyphIndex
	x         vg.Length
	kerned    bool // whether kerning moved it
}

func letters(face font.Face, text string) []letter {
	var buffer sfnt.Buffer
	var all []letter
	var x vg.Length
	em, scale := units(face)
	for _, r := range text {
		glyph, err := face.Face.GlyphIndex(&buffer, r)
		must(err)
		l := letter{character: r, glyph: glyph}
		if len(all) > 0 {
			kern, err := face.Face.Kern(&buffer, all[len(all)-1].glyph, glyph, em, 0)
			if l.kerned = err == nil && kern != 0; l.kerned { // an error: the font has no kerning
				x += vg.Length(kern) * scale
			}
		}
		l.x = x
		advance, err := face.Face.GlyphAdvance(&buffer, glyph, em, 0)
		must(err)
		x += vg.Length(advance) * scale
		all = append(all, l)
	}
	return all
}

// units returns the font size at which one font unit has length 1, and the length of
// a unit at the size of the face.
func units(face font.Face) (em fixed.Int26_6, unit vg.Length) {
	em = fixed.Int26_6(face.Face.UnitsPerEm())
	return em, face.Font.Size / vg.Length(em)
}

// must panics on an error of the font, which is part of the program.
func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("read the font: %v", err))
	}
}

func appendGlyph(path vg.Path, segments sfnt.Segments, origin vg.Point, scale vg.Length) vg.Path {
	at := func(p fixed.Point26_6) vg.Point {
		return vg.Point{X: origin.X + vg.Length(p.X)*scale, Y: origin.Y - vg.Length(p.Y)*scale} // fonts count downwards
	}
	for i, s := range segments {
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			if i > 0 {
				path.Close()
			}
			path.Move(at(s.Args[0]))
		case sfnt.SegmentOpLineTo:
			path.Line(at(s.Args[0]))
		case sfnt.SegmentOpQuadTo:
			path.QuadTo(at(s.Args[0]), at(s.Args[1]))
		case sfnt.SegmentOpCubeTo:
			path.CubeTo(at(s.Args[0]), at(s.Args[1]), at(s.Args[2]))
		}
	}
	if len(segments) > 0 {
		path.Close()
	}
	return path
}
