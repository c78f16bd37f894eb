package recording

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// npyFile returns a .npy file of version 1 with this header and content.
func npyFile(header string, content ...byte) []byte {
	data := append([]byte(npyMagic), 1, 0)
	data = binary.LittleEndian.AppendUint16(data, uint16(len(header)))
	return append(append(data, header...), content...)
}

func readNPY(data []byte, o Options) (*Recording, error) {
	return read(bytes.NewReader(data), int64(len(data)), "test.npy", o)
}

func npyHeaderOf(descr, fortran, shape string) string {
	return fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", descr, fortran, shape)
}

func TestNPYRejectsMalformedFiles(t *testing.T) {
	u1 := npyHeaderOf("|u1", "False", "(1, 2, 2)")
	long := append([]byte(npyMagic), 2, 0)
	long = binary.LittleEndian.AppendUint32(long, 1<<31)
	unknown := npyFile(u1, 0, 1, 1, 0)
	unknown[6] = 9
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"magic alone", []byte(npyMagic), "truncated or corrupt: copy it again or save it again with numpy.save: it ends too early"},
		{"unknown version", unknown, ".npy version 9.0 is not supported"},
		{"header of 2 GiB", append(long, make([]byte, 100)...), "its .npy header claims 2147483648 bytes"},
		{"header beyond the end", npyFile(u1)[:20], "its .npy header claims"},
		{"no dictionary", npyFile("[1, 2, 3]" + strings.Repeat(" ", 60) + "\n"), `the .npy header "[1, 2, 3]" is not that of an array that numpy.save has written: save it again with numpy.save`},
		{"a key twice", npyFile("{'descr': '|i1', 'fortran_order': False, 'shape': (1, 2, 2), 'descr': '|u1'}\n", 0, 1, 1, 0), `is invalid: it has the key "descr" twice: save it again`},
		{"a key twice, in other quotes", npyFile(`{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 2), "shape": (1, 1, 4)}`, 0, 1, 1, 0), `it has the key "shape" twice`},
		{"no descr", npyFile("{'fortran_order': False, 'shape': (1, 2, 2)}\n", 0, 1, 1, 0), "is not that of an array"},
		{"no order", npyFile("{'descr': '|u1', 'shape': (1, 2, 2)}\n", 0, 1, 1, 0), "is not that of an array"},
		{"an unclosed text", npyFile("{'descr': '|u1, 'fortran_order': False, 'shape': (1, 2, 2)}\n", 0, 1, 1, 0), "is not that of an array"},
		{
			"fields", npyFile(`{'descr': [(('a title', 'a, b'), '<f8', (2,)), ('', '|V3'), ("it's", [('x', '<f4')])], 'fortran_order': False, 'shape': (1, 1, 1), }`, make([]byte, 23)...),
			`it is a structured array with the fields a, b, it's, and a recording is one of numbers; to convert it in Python:` + "\n  import numpy\n" + `  x = numpy.load("test.npy")` + "\n" + `  numpy.save("test-2.npy", x["FIELD"])` + "\nwith your values",
		},
		{"one field", npyFile("{'descr': [('spike', '|u1')], 'fortran_order': False, 'shape': (1, 1, 1), }", 0), `x["spike"])`},
		{"raw bytes", npyFile(npyHeaderOf("|V8", "False", "(1, 2, 2)"), make([]byte, 32)...), `its values are raw bytes (type "|V8"), not numbers`},
		{"times", npyFile(npyHeaderOf("<M8[ns]", "False", "(1, 2, 2)"), make([]byte, 32)...), `its values are of type "<M8[ns]"`},
		{"no numbers", npyFile(u1), "0 bytes of numbers where 1 × 2 × 2 of 1 bytes need 4"},
		{"one number short", npyFile(u1, 0, 1, 1), "3 bytes of numbers"},
		{"one number too many", npyFile(u1, 0, 1, 1, 0, 0), "5 bytes of numbers"},
		{"width of 3", npyFile(npyHeaderOf("<u3", "False", "(1, 2, 2)"), make([]byte, 12)...), `its values are of type "<u3", which is not read; to convert it in Python`},
		{"half floats", npyFile(npyHeaderOf("<f2", "False", "(1, 2, 2)"), make([]byte, 8)...), `its values are of type "<f2", which is not read; to convert it in Python`},
		{"text", npyFile(npyHeaderOf("<U1", "False", "(1, 2, 2)"), make([]byte, 16)...), `its values are of type "<U1", which is not read; to convert it in Python`},
		{"bool of 8 bytes", npyFile(npyHeaderOf("<b8", "False", "(1, 2, 2)"), make([]byte, 32)...), `its values are of type "<b8", which is not read; to convert it in Python`},
		{"scalar", npyFile(npyHeaderOf("|u1", "False", "()"), 1), "0 dimensions"},
		{"no repeats", npyFile(npyHeaderOf("|u1", "False", "(0, 2, 2)")), "0 repeats × 2 neurons × 2 bins: each must be at least 1"},
		{"beyond 64 bits", npyFile(npyHeaderOf("|u1", "False", "(99999999999999999999, 1, 1)"), 1), "at most 8000000 bins are accepted, all repeats together; are the axes in this order?"},
		{"product beyond 64 bits", npyFile(npyHeaderOf("|u1", "False", "(2000000000, 2000000000, 2000000000)"), 1), "at most"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := readNPY(test.data, Options{})
			requireError(t, err, test.want)
		})
	}
}

func TestNPYReadsBothAxisOrders(t *testing.T) {
	// Repeat 1 of 2, neuron 0 of 2, bin 2 of 3.
	for fortran, at := range map[string]int{"False": 1*6 + 0*3 + 2, "True": 1 + 0*2 + 2*4} {
		content := make([]byte, 12)
		content[at] = 1
		r, err := readNPY(npyFile(npyHeaderOf("|b1", fortran, "(2, 2, 3)"), content...), Options{})
		if err != nil {
			t.Fatal(err)
		}
		want := []uint32{0, 0, 0, 0, 0, 1}
		if got := r.Raster([]int{0, 1}).Words; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("fortran_order %s: words %v, want %v", fortran, got, want)
		}
	}
}

func TestNPYAcceptsAnyHeaderSpacing(t *testing.T) {
	header := strings.ReplaceAll(npyHeaderOf("|u1", "False", "(1,2,2)"), ": ", " :\t")
	r, err := readNPY(npyFile(header, 0, 1, 1, 0), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Repeats() != 1 || r.Neurons() != 2 || r.Bins() != 2 {
		t.Errorf("%d × %d × %d", r.Repeats(), r.Neurons(), r.Bins())
	}
}

// TestNPYHasNoVariables gives the name of a variable, which only MATLAB files have.
func TestNPYHasNoVariables(t *testing.T) {
	_, err := readNPY(npyFile(npyHeaderOf("|u1", "False", "(1, 2, 2)"), 0, 1, 1, 0), Options{Variable: "spikes"})
	requireError(t, err, `a .npy file holds one array without a name, not a variable "spikes"`)
	if !errors.Is(err, ErrNoVariables) {
		t.Errorf("%v is not ErrNoVariables", err)
	}
}
