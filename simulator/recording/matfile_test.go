package recording

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"math"
	"strings"
)

// matFile writes valid and malformed MATLAB v5 files for tests.
type matFile struct {
	order binary.AppendByteOrder
	data  []byte
}

func newMATFile(order binary.AppendByteOrder) *matFile {
	header := []byte("MATLAB 5.0 MAT-file, written by a test" + strings.Repeat(" ", 86))
	header = order.AppendUint16(header, 0x0100)
	return &matFile{order: order, data: order.AppendUint16(header, 'M'<<8|'I')}
}

// part appends a data element with its padding, in the short form if it fits.
func (f *matFile) part(to []byte, kind uint32, body []byte) []byte {
	if n := len(body); n > 0 && n <= 4 {
		to = f.order.AppendUint32(to, uint32(n)<<16|kind)
		return append(append(to, body...), make([]byte, 4-n)...)
	}
	to = f.order.AppendUint32(f.order.AppendUint32(to, kind), uint32(len(body)))
	return append(append(to, body...), make([]byte, (8-len(body)%8)%8)...)
}

// head returns the flags, dimensions and name of a matrix.
func (f *matFile) head(class uint32, name string, dims ...int32) []byte {
	head := f.part(nil, matUint32, f.order.AppendUint32(f.order.AppendUint32(nil, class), 0))
	var lengths []byte
	for _, d := range dims {
		lengths = f.order.AppendUint32(lengths, uint32(d))
	}
	return f.part(f.part(head, matInt32, lengths), 1, []byte(name))
}

// matrix appends a matrix element.
func (f *matFile) matrix(body []byte) *matFile {
	f.data = f.part(f.data, matMatrix, body)
	return f
}

// compressed appends a zlib stream of a matrix element.
func (f *matFile) compressed(body []byte) *matFile {
	stream := deflate(f.part(nil, matMatrix, body))
	f.data = f.order.AppendUint32(f.order.AppendUint32(f.data, matCompressed), uint32(len(stream)))
	f.data = append(f.data, stream...)
	return f
}

// values encodes numbers in the stored type kind.
func (f *matFile) values(kind uint32, numbers ...float64) []byte {
	var data []byte
	for _, x := range numbers {
		switch kind {
		case 1, 2:
			data = append(data, byte(int(x)))
		case 3, 4:
			data = f.order.AppendUint16(data, uint16(int(x)))
		case 5, 6:
			data = f.order.AppendUint32(data, uint32(int(x)))
		case 7:
			data = f.order.AppendUint32(data, math.Float32bits(float32(x)))
		case 9:
			data = f.order.AppendUint64(data, math.Float64bits(x))
		default:
			data = f.order.AppendUint64(data, uint64(int(x)))
		}
	}
	return data
}

// spikes returns the body of a matrix of these numbers, repeat fastest.
func (f *matFile) spikes(name string, kind uint32, dims [3]int32, numbers ...float64) []byte {
	return f.part(f.head(uint32(matDouble), name, dims[:]...), kind, f.values(kind, numbers...))
}

// made returns the body of a matrix with the spikes of testdata/make.py.
func (f *matFile) made(name string, kind uint32) []byte {
	var numbers []float64
	for bin := range 5 {
		for neuron := range 3 {
			for repeat := range 4 {
				x := 0.0
				if testdataSpike(repeat, neuron, bin) {
					x = 1
				}
				numbers = append(numbers, x)
			}
		}
	}
	return f.spikes(name, kind, [3]int32{4, 3, 5}, numbers...)
}

// read reads the file's recording.
func (f *matFile) read(o Options) (*Recording, error) {
	return read(bytes.NewReader(f.data), int64(len(f.data)), "test.mat", o)
}

// rewrite inflates a compressed element, changes the bytes and deflates them.
func rewrite(element []byte, change func([]byte) []byte) []byte {
	r, err := zlib.NewReader(bytes.NewReader(element[8:]))
	if err != nil {
		panic(err)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	stream := deflate(change(body))
	tag := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, matCompressed), uint32(len(stream)))
	return append(tag, stream...)
}

func deflate(data []byte) []byte {
	var stream bytes.Buffer
	w := zlib.NewWriter(&stream)
	if _, err := w.Write(data); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return stream.Bytes()
}
