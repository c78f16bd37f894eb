package npz

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// Writer writes an archive. Its arrays are written one after another, each in C order.
type Writer struct{ zip *zip.Writer }

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{zip.NewWriter(w)} }

// Close writes the end of the archive. It does not close the underlying writer.
func (w *Writer) Close() error { return w.zip.Close() }

// written is the time of the files, the first that a zip archive can express.
var written = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// Create begins an array of a NumPy type such as "|u1" or "<f8". The caller writes its
// numbers to the returned writer, before it begins another array.
func (w *Writer) Create(name, dtype string, shape ...int) (io.Writer, error) {
	file, err := w.zip.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Store, Modified: written})
	if err != nil {
		return nil, fmt.Errorf("create array %s: %w", name, err)
	}
	if _, err := file.Write(header(dtype, shape)); err != nil {
		return nil, fmt.Errorf("create array %s: %w", name, err)
	}
	return file, nil
}

// header returns the header of a .npy file of version 1. Its size is a multiple of 64.
func header(dtype string, shape []int) []byte {
	dims := make([]string, len(shape))
	for i, size := range shape {
		dims[i] = fmt.Sprint(size)
	}
	tuple := strings.Join(dims, ", ")
	if len(dims) == 1 {
		tuple += ","
	}
	const prefix = 10
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", dtype, tuple)
	text += strings.Repeat(" ", 63-(prefix+len(text))%64) + "\n"
	head := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(head[8:], uint16(len(text)))
	return append(head, text...)
}

// Numbers writes an array of numbers in C order. Without a shape, it has no dimension, and
// values has one number.
func Numbers[T int64 | uint64 | float64](w *Writer, name string, values []T, shape ...int) error {
	var zero T
	dtype := map[string]string{"int64": "<i8", "uint64": "<u8", "float64": "<f8"}[fmt.Sprintf("%T", zero)]
	file, err := w.Create(name, dtype, shape...)
	if err == nil {
		err = binary.Write(file, binary.LittleEndian, values)
	}
	return err
}

// Text writes an array of no dimension with a text, which numpy reads as str.
func (w *Writer) Text(name, text string) error {
	file, err := w.Create(name, fmt.Sprintf("<U%d", max(1, utf8.RuneCountInString(text))))
	if err != nil {
		return err
	}
	runes := []rune(text)
	if len(runes) == 0 {
		runes = []rune{0}
	}
	return binary.Write(file, binary.LittleEndian, runes)
}
