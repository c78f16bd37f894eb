package recording

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"

	"spiqsweep/simulator/inputfile"
)

// Options configures Open.
type Options struct {
	// Clip replaces counts above 1 by 1; a notice reports how many there were.
	Clip bool
	// Variable names the variable of a MATLAB file, or the array of a .npz file, that holds
	// the recording; empty means the only array of a .npz file, otherwise the only one with three dimensions, or with two if Axes has two
	// names. A .npy file has none.
	Variable string
	// BinMS is the width of a bin in milliseconds; 0 means DefaultBinMS.
	BinMS float64
	// Axes is the order of the axes in the file, the first one as the header gives it:
	// "repeats", "neurons" and "bins", separated by commas, or "neurons" and "bins" for one
	// repeat; "" means DefaultAxes. An array of two dimensions is one repeat.
	Axes string
	// DurationS is the length of every repeat in seconds, of a table of spike times; 0 means up
	// to the last spike. Other formats ignore it.
	DurationS float64
	// Limit bounds the recording's size in bytes, at one bit per number of the
	// shape in the file's header; 0 means DefaultLimit.
	Limit int64
}

const (
	fixSaveNPY = "save it again with numpy.save"
	fixCopyNPY = "the file is truncated or corrupt: copy it again or " + fixSaveNPY
	fixSave    = "save it again, with save(..., '-v7') in MATLAB or numpy.save in Python"
	fixCopy    = "the file is truncated or corrupt: copy it again or " + fixSave
)

// Open reads a recording from a MATLAB v5, a .npy, a .npz or a CSV file, which it
// tells apart by content. An error names the file, the fault, its place and the fix. It wraps
// ErrTooLarge, ErrCounts, ErrAmbiguous or ErrNoVariables where another option would
// accept the file, and ctx's error once ctx is done.
func Open(ctx context.Context, path string, o Options) (*Recording, error) {
	file, err := inputfile.Open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	defer file.Close()
	r, err := read(file, file.Size(), path, o)
	var line *lineError
	switch {
	case errors.As(err, &line):
		return nil, fmt.Errorf("read recording %s:%d: %w", path, line.line, line.err)
	case err != nil:
		return nil, fmt.Errorf("read recording %s: %w", path, err)
	}
	return r, nil
}

// read reads a file of size bytes.
func read(file io.ReaderAt, size int64, path string, o Options) (*Recording, error) {
	if !(o.BinMS >= 0) || math.IsInf(o.BinMS, 1) {
		return nil, fmt.Errorf("bins of %v ms: want a positive number", o.BinMS)
	}
	open, err := reader(file, path, o.Variable)
	if err != nil {
		return nil, err
	}
	c, err := open(file, size, path, o)
	if err != nil {
		return nil, err
	}
	return c.recording(filepath.Base(path), o.Clip)
}

// content is an open file whose shape is known and within the bounds, its spikes still unread.
type content interface {
	// recording reads the spikes. With clip, counts above 1 become 1.
	recording(name string, clip bool) (*Recording, error)
}

// reader returns the function that opens a file of this content.
func reader(file io.ReaderAt, path, variable string) (func(io.ReaderAt, int64, string, Options) (content, error), error) {
	var buffer [hdf5Offset + len(hdf5Magic)]byte
	n, err := file.ReadAt(buffer[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	head := buffer[:n]
	switch {
	case n == 0:
		return nil, errors.New("the file is empty")
	case bytes.HasPrefix(head, []byte(npyMagic)):
		return openNPY, nil
	case isMAT(head) && !isMAT73(head):
		return openMAT, nil
	case isNPZ(head):
		return openNPZ, nil
	case isTable(head, path) && !isMAT73(head) && unsupportedArchive(head, path, path) == nil:
		return openCSV, nil
	default:
		return nil, unsupportedFormat(head, path, variable)
	}
}
