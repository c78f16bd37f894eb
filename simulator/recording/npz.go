package recording

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// The .npz format (numpy.savez): a zip archive of .npy files, stored or deflated. The name
// of an array is that of its file without the ending.

// Bounds of the list of arrays in an archive. package zip keeps the whole list in memory.
const (
	npzMaxArrays    = 4096
	npzMaxDirectory = 4 << 20 // bytes
)

const (
	fixSaveNPZ = "save it again with numpy.savez_compressed"
	fixCopyNPZ = "the file is truncated or corrupt: copy it again or " + fixSaveNPZ
)

// isNPZ reports whether a file begins like a zip archive whose first file is an array.
func isNPZ(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) && bytes.Contains(head, []byte(".npy"))
}

// npzArray is an array of an archive: its header, and the reader of its numbers.
type npzArray struct {
	name   string
	header npyHeader
	start  int64 // bytes of the header
	values io.ReadCloser
}

// openNPZ opens the recording's array in a .npz file of size bytes: o.Variable, or the only
// array, or the only one of numbers with as many dimensions as o.Axes has names.
func openNPZ(file io.ReaderAt, size int64, path string, o Options) (content, error) {
	order, err := parseAxes(o.Axes)
	if err != nil {
		return nil, err
	}
	files, err := npzFiles(file, size)
	if err != nil {
		return nil, err
	}
	if o.Variable == "" && len(files) == 1 {
		o.Variable = npzName(files[0])
	}
	if o.Variable != "" {
		return openNamed(files, path, o)
	}
	var all, candidates []string
	for _, f := range files {
		a, err := openNPZArray(f)
		if err != nil {
			return nil, err
		}
		_ = a.values.Close()
		all = append(all, a.String())
		if _, err := a.header.number(path); err == nil && len(trimmed(a.header.shape)) == len(order) {
			candidates = append(candidates, a.String())
			o.Variable = a.name
		}
	}
	switch len(candidates) {
	case 0:
		return nil, fmt.Errorf("%w: no array is one of numbers with %d dimensions, %s; the file has %s", ErrAmbiguous, len(order), joinAxes(order, " × "), listed(all))
	case 1:
		return openNamed(files, path, o)
	default:
		return nil, fmt.Errorf("%w: %d variables have %d dimensions: %s", ErrAmbiguous, len(candidates), len(order), listed(candidates))
	}
}

// openNamed opens the array o.Variable.
func openNamed(files []*zip.File, path string, o Options) (content, error) {
	var names []string
	for _, f := range files {
		if npzName(f) != o.Variable {
			names = append(names, printable([]byte(npzName(f))))
			continue
		}
		a, err := openNPZArray(f)
		if err != nil {
			return nil, err
		}
		numbers, err := newNPYArray(a.header, path, a.values, int64(f.UncompressedSize64)-a.start, o)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("array %s: %w", printable([]byte(a.name)), err), a.values.Close())
		}
		numbers.format = ".npz, array " + printable([]byte(a.name))
		numbers.close = a.end
		return numbers, nil
	}
	return nil, fmt.Errorf("no array is named %q; the file has %s", o.Variable, listed(names))
}

// npzFiles returns the .npy files of an archive of size bytes.
func npzFiles(file io.ReaderAt, size int64) ([]*zip.File, error) {
	number, err := zipEntries(file, size)
	if err != nil {
		return nil, err
	}
	if number > npzMaxArrays {
		return nil, fmt.Errorf("it claims to have %d arrays, and at most %d are accepted: save the recording alone with numpy.savez_compressed", number, npzMaxArrays)
	}
	directory := &boundedReaderAt{file, npzMaxDirectory}
	archive, err := zip.NewReader(directory, size)
	if err != nil {
		return nil, unreadable(err, fixCopyNPZ)
	}
	directory.left = math.MaxInt64
	var files []*zip.File
	for _, f := range archive.File {
		if strings.HasSuffix(f.Name, ".npy") {
			files = append(files, f)
		}
	}
	if len(files) == 0 {
		return nil, errors.New("the archive has no array (no .npy file): " + fixSaveNPZ)
	}
	return files, nil
}

func npzName(f *zip.File) string { return strings.TrimSuffix(f.Name, ".npy") }

// openNPZArray reads the header of an array. It refuses sizes that the compressed bytes
// cannot have. The caller must close the values.
func openNPZArray(f *zip.File) (a npzArray, err error) {
	a.name = npzName(f)
	defer func() {
		if err != nil {
			err = fmt.Errorf("array %s: %w", printable([]byte(a.name)), err)
		}
	}()
	switch {
	case f.Flags&1 != 0:
		return a, errors.New("it is encrypted: " + fixSaveNPZ)
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return a, fmt.Errorf("its compression (method %d) is not supported: %s", f.Method, fixSaveNPZ)
	case f.UncompressedSize64 > math.MaxInt64/2 || f.UncompressedSize64/deflateRatio > f.CompressedSize64:
		return a, fmt.Errorf("%s: it claims %d bytes, more than %d compressed bytes can hold", fixCopyNPZ, f.UncompressedSize64, f.CompressedSize64)
	}
	if a.values, err = f.Open(); err != nil {
		return a, unreadable(err, fixCopyNPZ)
	}
	defer func() {
		if err != nil {
			_ = a.values.Close()
		}
	}()
	a.header, a.start, err = readNPYHeader(a.values, int64(f.UncompressedSize64))
	return a, err
}

// end checks that the numbers are followed by nothing, which verifies the checksum.
func (a npzArray) end() error {
	_, err := io.Copy(io.Discard, a.values)
	if err := errors.Join(err, a.values.Close()); err != nil {
		return unreadable(err, fixCopyNPZ)
	}
	return nil
}

// String describes the array: "spikes (|u1, 297 × 160 × 953)".
func (a npzArray) String() string {
	kind := printable([]byte(a.header.descr))
	if len(a.header.fields) > 0 {
		kind = "structured"
	}
	return fmt.Sprintf("%s (%s, %s)", printable([]byte(a.name)), kind, times(a.header.shape))
}

// listed joins the first of many names for a message.
func listed(names []string) string {
	if more := len(names) - maxNamed; more > 0 {
		return fmt.Sprintf("%s, %d more", strings.Join(names[:maxNamed], ", "), more)
	}
	return strings.Join(names, ", ")
}

// boundedReaderAt fails once it has read a number of bytes.
type boundedReaderAt struct {
	r    io.ReaderAt
	left int64
}

func (b *boundedReaderAt) ReadAt(p []byte, at int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, errors.New("its list of arrays is too long")
	}
	return b.r.ReadAt(p, at)
}

// zipEntries returns the number of entries that the end of an archive claims. It finds the
// end as package zip does, which allocates memory by this number, in proportion to the size
// of the file.
func zipEntries(file io.ReaderAt, size int64) (uint64, error) {
	const (
		endBytes     = 22
		locatorBytes = 20
		window       = 65 << 10
	)
	tail := make([]byte, min(size, window))
	if _, err := file.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	at := len(tail) - endBytes
	for ; at >= 0; at-- {
		if end := tail[at:]; string(end[:4]) == "PK\x05\x06" && endBytes+int(binary.LittleEndian.Uint16(end[20:])) <= len(end) {
			break
		}
	}
	if at < 0 {
		return 0, errors.New(fixCopyNPZ + ": it has no list of arrays at its end")
	}
	number := uint64(binary.LittleEndian.Uint16(tail[at+10:]))
	var locator [locatorBytes]byte // of a longer end, with 64-bit numbers
	where := size - int64(len(tail)) + int64(at) - locatorBytes
	if where < 0 {
		return number, nil
	}
	if _, err := file.ReadAt(locator[:], where); err != nil {
		return 0, unreadable(err, fixCopyNPZ)
	}
	if string(locator[:4]) != "PK\x06\x07" {
		return number, nil
	}
	var end [40]byte
	if where := binary.LittleEndian.Uint64(locator[8:]); where < uint64(size) {
		if _, err := file.ReadAt(end[:], int64(where)); err != nil {
			return 0, unreadable(err, fixCopyNPZ)
		}
	}
	return max(number, binary.LittleEndian.Uint64(end[32:])), nil
}
