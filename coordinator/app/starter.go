package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"spiqsweep/coordinator/folder"
	"spiqsweep/simulator/inputfile"
	"spiqsweep/simulator/recording"
	"spiqsweep/sweep/grid"
)

// starterName is the name of the sweep if the name of its file cannot be one.
const starterName = "sweep"

// WriteStarter writes a commented grid file for a first sweep to a path at which there is no
// file: on the recording of the input, or on the surrogate. It plans the grid before it
// writes it, and returns what Prepare does. The grid of the input is not read.
func WriteStarter(ctx context.Context, path string, in Input) (*Prepared, error) {
	exists := folder.BadInput("%s exists, and init replaces no file: give another name, as in `%s`", path, folder.CommandLine("coordinator", "init", "my-"+filepath.Base(path)))
	if _, err := os.Lstat(path); err == nil {
		return nil, exists
	}
	starter := grid.Starter{Name: strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), File: path}
	if !grid.IsName(starter.Name) {
		starter.Name = starterName
	}
	if in.Recording != "" {
		if err := describeRecording(ctx, &starter, in); err != nil {
			return nil, err
		}
	}
	in.GridName, in.Grid = path, starter.Write()
	in.Recording, in.Variable = "", "" // the grid names them
	prepared, err := Prepare(ctx, in)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, exists
	case err != nil:
		return nil, folder.BadInput("write the grid: %w", inputfile.Explain(path, err))
	}
	_, err = file.Write(in.Grid)
	if err = errors.Join(err, file.Close()); err != nil {
		_ = os.Remove(path)
		return nil, fmt.Errorf("write the grid: %w", err)
	}
	return prepared, nil
}

// describeRecording sets what a starter says of the recording of the input.
func describeRecording(ctx context.Context, s *grid.Starter, in Input) error {
	options := recording.Options{Variable: in.Variable, Limit: in.MaxRecording}
	r, err := OpenRecording(ctx, in.Recording, options, Flags)
	if errors.Is(err, recording.ErrCounts) {
		options.Clip, s.Clip = true, true
		r, err = OpenRecording(ctx, in.Recording, options, Flags)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return &folder.InputError{Err: err}
	}
	s.Recording, s.Variable, s.Neurons, s.Bins = in.Recording, in.Variable, r.Neurons(), r.Bins()
	if filepath.IsAbs(in.Recording) {
		return nil
	}
	if relative, err := filepath.Rel(filepath.Dir(s.File), in.Recording); err == nil {
		s.Recording = relative
		return nil
	}
	s.Recording, err = filepath.Abs(in.Recording)
	return err
}
