package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"time"

	"spiqsweep/sweep"
	"spiqsweep/sweep/figure"
	"spiqsweep/sweep/table"
)

// The files of the Problems if figures cannot be drawn.
var (
	s1Problem    = path.Join(figuresFolder, "S1.*")
	paperProblem = path.Join(figuresFolder, "*")
)

// drawS1 draws Fig. S1 within the limit.
func (v *View) drawS1(ctx context.Context, shape table.Shape, rows table.Rows, limit time.Duration) error {
	figures, omitted, err := figure.S1(shape, rows)
	if err != nil {
		return fmt.Errorf("draw Fig. S1: %w", err)
	}
	v.warnOmitted(omitted)
	// The other figures are drawn in the end.
	v.undrawn = limit != NoLimit
	return v.writeFigures(ctx, figures, figure.FullWidthCM, limit)
}

func (v *View) warnOmitted(figures int) {
	if figures > 0 {
		v.log.Warn("the grid has more axes than there are figures: see summary.csv", "left_out", figures)
	}
}

// drawPaper draws those of the paper's other figures whose configurations the grid has.
func (v *View) drawPaper(ctx context.Context, paper *figure.Paper) error {
	v.warnOmitted(paper.Omitted)
	figures, err := paper.Draw(paperSource{ctx, v}, nil)
	if err != nil {
		return fmt.Errorf("draw the figures: %w", err)
	}
	return v.writeFigures(ctx, figures, figure.FullWidthCM, NoLimit)
}

// DrawFigures draws the figures of the paper with these numbers, all of them if there are
// none, at a width in centimetres, and returns them, with the number of combinations of
// further axes for which there are none. It checks every result that they show: a corrupt
// one is an IntegrityError, and drawn as missing. Files that could not be written are
// Problems.
func (v *View) DrawFigures(ctx context.Context, numbers []string, widthCM float64) (_ []*figure.Figure, omitted int, _ error) {
	if len(numbers) == 0 {
		numbers = figure.Numbers()
	}
	if v.makeFolder(figuresFolder) {
		return nil, 0, nil
	}
	shown := v.rows(ctx)
	if slices.Contains(numbers, "S1") { // of all results
		shown = v.soundRows(ctx, shown)
	}
	figures, omitted, err := v.figures(ctx, shown, numbers)
	return figures, omitted, errors.Join(err, recovering(func() error { return v.writeFigures(ctx, figures, widthCM, NoLimit) }))
}

// figures returns the figures of the paper with these numbers, and for how many
// combinations of further axes there are none.
func (v *View) figures(ctx context.Context, rows table.Rows, numbers []string) (figures []*figure.Figure, omitted int, err error) {
	var paper *figure.Paper
	err = fanOut(rows,
		func(rows table.Rows) (err error) {
			if slices.Contains(numbers, "S1") {
				figures, omitted, err = figure.S1(v.shape, rows)
			}
			return err
		},
		func(rows table.Rows) (err error) {
			paper, err = figure.Gather(v.shape, rows)
			return err
		})
	if err != nil {
		return nil, 0, err
	}
	err = recovering(func() error {
		others, err := paper.Draw(paperSource{ctx, v}, numbers)
		figures = append(figures, others...)
		return err
	})
	return figures, max(omitted, paper.Omitted), err
}

// writeFigures writes figures in all formats within the limit.
func (v *View) writeFigures(ctx context.Context, figures []*figure.Figure, widthCM float64, limit time.Duration) error {
	var faults error
	began := time.Now()
	for _, f := range figures {
		if time.Since(began) >= limit {
			v.undrawn = true
			break
		}
		for _, format := range figure.Formats {
			if ctx.Err() != nil {
				return errors.Join(faults, ctx.Err())
			}
			name := path.Join(figuresFolder, f.Name+"."+format)
			faults = errors.Join(faults, v.write(name, func(w io.Writer) error { return f.Write(w, format, widthCM) }))
		}
	}
	return faults
}

// paperSource reads what figures show beyond the tables.
type paperSource struct {
	ctx context.Context
	v   *View
}

// Result implements figure.Source.
func (s paperSource) Result(row table.Row) (result sweep.Result, found bool, err error) {
	return s.v.soundResult(s.ctx, row)
}

// Excerpt implements figure.Source.
func (s paperSource) Excerpt(c sweep.Configuration) (windows [][]uint32, binMS float64, err error) {
	selected, err := s.v.sweep.Selected(s.ctx, c)
	return selected.Excerpt, selected.BinMS, err
}
