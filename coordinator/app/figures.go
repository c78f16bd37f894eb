package app

import (
	"context"
	"path/filepath"

	"spiqsweep/coordinator/folder"
	"spiqsweep/sweep/figure"
)

// Drawn are the figures that DrawFigures has written.
type Drawn struct {
	Figures  []*figure.Figure
	Folder   string // with their files
	Problems []folder.Problem
	// Corrupt are the results that differ from the accepted ones. The figures omit them.
	Corrupt []folder.IntegrityError
}

// DrawFigures draws figures of the paper from the stored results of the sweep in
// Config.Out: those with the given numbers, or all of them. It trains nothing.
func DrawFigures(ctx context.Context, c Config, numbers []string, widthCM float64) (Drawn, error) {
	a, err := openStored(ctx, c)
	if err != nil {
		return Drawn{}, err
	}
	defer a.Close()
	figures, err := a.view.DrawFigures(ctx, numbers, widthCM)
	return Drawn{figures, filepath.Join(a.Folder(), "figures"), a.view.Problems(), a.view.IntegrityErrors()}, err
}
