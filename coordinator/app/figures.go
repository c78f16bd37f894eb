package app

import (
	"context"
	"path/filepath"

	"spiqsweep/coordinator/folder"
	"spiqsweep/sweep/figure"
)

// Drawn are the figures that DrawFigures has written.
type Drawn struct {
	Figures []*figure.Figure
	Folder  string // with their files
	// Omitted is the number of combinations of further axes that have no figures, since
	// there are too many.
	Omitted  int
	Problems []folder.Problem
	// Corrupt are the results that differ from the accepted ones. The figures omit them.
	Corrupt []folder.IntegrityError
}

// DrawFigures draws figures of the paper from the stored results into the output folder:
// those with the given numbers, or all of them. It trains nothing.
func (s *Stored) DrawFigures(ctx context.Context, numbers []string, widthCM float64) (Drawn, error) {
	v := s.app.view
	figures, omitted, err := v.DrawFigures(ctx, numbers, widthCM)
	return Drawn{figures, filepath.Join(s.app.Folder(), "figures"), omitted, v.Problems(), v.IntegrityErrors()}, err
}
