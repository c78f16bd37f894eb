package recording

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Options say how a file is read.
type Options struct {
	// Clip accepts counts above 1 as 1; a notice says how many there were.
	Clip bool
	// Variable names the variable of a MATLAB file that holds the recording;
	// empty means the only one with three dimensions.
	Variable string
}

const (
	mendSave = "save it anew, with save(..., '-v7') in MATLAB or numpy.save in Python"
	mendCopy = "the file is truncated or corrupt: copy it again or " + mendSave
)

// Open reads a recording from a MATLAB v5 or a .npy file, told apart by
// content. Errors name the file, what is wrong, where, and the mend.
func Open(path string, o Options) (*Recording, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read recording %s: it is not a regular file", path)
	}
	r, err := read(file, info.Size(), filepath.Base(path), o)
	if err != nil {
		return nil, fmt.Errorf("read recording %s: %w", path, err)
	}
	return r, nil
}

// read reads a file of size bytes.
func read(file io.ReaderAt, size int64, name string, o Options) (*Recording, error) {
	open, err := reader(file)
	if err != nil {
		return nil, err
	}
	a, err := open(file, size, o)
	if err != nil {
		return nil, err
	}
	return a.recording(name, o.Clip)
}

// reader returns what opens a file of this content.
func reader(file io.ReaderAt) (func(io.ReaderAt, int64, Options) (*array, error), error) {
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
	case isHDF5(head):
		return nil, errors.New("it is a MATLAB v7.3 (HDF5) file, which is not supported: load it in MATLAB and save(..., '-v7'), or in Python (h5py) and numpy.save it as repeats × neurons × bins")
	case isMAT(head):
		return openMAT, nil
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return nil, errors.New("it is a zip archive: if it is a .npz, unzip it and give the .npy inside")
	default:
		return nil, errors.New("it is neither a MATLAB v5 nor a .npy file: " + mendSave)
	}
}

const (
	hdf5Magic  = "\x89HDF\r\n\x1a\n"
	hdf5Offset = 512 // MATLAB puts its own header before
)

func isHDF5(head []byte) bool {
	return bytes.HasPrefix(head, []byte(hdf5Magic)) ||
		len(head) > hdf5Offset && bytes.HasPrefix(head[hdf5Offset:], []byte(hdf5Magic)) ||
		bytes.HasPrefix(head, []byte("MATLAB 7.3 MAT-file"))
}
