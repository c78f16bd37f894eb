//go:build unix

package documents

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"spiqsweep/simulator/recording"
)

// promised returns the names of files in the first column of the table "What you get" of a
// document, with all alternatives in braces.
func promised(text string) (names []string) {
	_, section, _ := strings.Cut(text, "## What you get\n")
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "|") {
			break
		}
		cell := strings.Split(line, "|")[1]
		if strings.Contains(cell, "NAME/") || strings.HasPrefix(cell, "---") {
			continue // the head of the table
		}
		for _, span := range codeSpan.FindAllStringSubmatch(cell, -1) {
			names = append(names, alternatives(span[1])...)
		}
	}
	return names
}

// alternatives expands {a,b} as the shell does, and in braces also A2…A11 to all numbers
// between.
func alternatives(name string) (all []string) {
	before, rest, found := strings.Cut(name, "{")
	inside, after, closed := strings.Cut(rest, "}")
	if !found || !closed {
		return []string{name}
	}
	var values []string
	for _, value := range strings.Split(inside, ",") {
		low, high, isRange := strings.Cut(value, "…")
		if !isRange {
			values = append(values, value)
			continue
		}
		prefix := strings.TrimRight(low, "0123456789")
		first, _ := strconv.Atoi(low[len(prefix):])
		last, _ := strconv.Atoi(strings.TrimPrefix(high, prefix))
		for number := first; number <= last; number++ {
			values = append(values, prefix+strconv.Itoa(number))
		}
	}
	for _, value := range values {
		for _, end := range alternatives(after) {
			all = append(all, before+value+end)
		}
	}
	return all
}

func TestPromised(t *testing.T) {
	text := "## What you get\n| file in `runs/NAME/` | |\n|---|---|\n| `a.md`, `a.csv` | `no.csv` |\n| `f/{1,S9…S11}.{svg,csv}` | |\n\n| `x` | |\n"
	want := []string{"a.md", "a.csv", "f/1.svg", "f/1.csv", "f/S9.svg", "f/S9.csv", "f/S10.svg", "f/S10.csv", "f/S11.svg", "f/S11.csv"}
	if got := promised(text); !slices.Equal(got, want) {
		t.Errorf("promised %v, want %v", got, want)
	}
	for _, file := range []string{"README.md", "coordinator/README.md"} {
		if n := len(promised(read(t, file))); n < 10 {
			t.Errorf("%s promises %d files", file, n)
		}
	}
}

// matFile returns the surrogate as MATLAB writes an array of repeats × neurons × bins of
// uint8 with `save -v6`.
func matFile() []byte {
	surrogate := recording.Surrogate(1)
	var words [][]uint32 // of each neuron, by repeat, then by bin
	for neuron := range surrogate.Neurons() {
		words = append(words, surrogate.Raster([]int{neuron}).Words)
	}
	body := make([]byte, 0, surrogate.Repeats()*surrogate.Neurons()*surrogate.Bins())
	for bin := range surrogate.Bins() {
		for neuron := range surrogate.Neurons() {
			for repeat := range surrogate.Repeats() {
				body = append(body, byte(words[neuron][repeat*surrogate.Bins()+bin]))
			}
		}
	}
	const (
		int8Type, uint8Type, int32Type, uint32Type, matrixType = 1, 2, 5, 6, 14
		uint8Class                                             = 9
	)
	order := binary.LittleEndian
	element := func(kind uint32, data []byte) []byte {
		head := order.AppendUint32(order.AppendUint32(nil, kind), uint32(len(data)))
		return append(append(head, data...), make([]byte, (8-len(data)%8)%8)...)
	}
	var shape []byte
	for _, n := range []int{surrogate.Repeats(), surrogate.Neurons(), surrogate.Bins()} {
		shape = order.AppendUint32(shape, uint32(n))
	}
	matrix := slices.Concat(
		element(uint32Type, order.AppendUint32(order.AppendUint32(nil, uint8Class), 0)),
		element(int32Type, shape), element(int8Type, []byte("spikes")), element(uint8Type, body))
	text := "MATLAB 5.0 MAT-file" + strings.Repeat(" ", 105)
	header := order.AppendUint16(order.AppendUint16([]byte(text), 0x0100), 'M'<<8|'I')
	return append(header, element(matrixType, matrix)...)
}

func TestMATFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "recording.mat")
	if err := os.WriteFile(path, matFile(), 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := recording.Open(t.Context(), path, recording.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, neuron := range []int{0, 19} {
		if !slices.Equal(read.Raster([]int{neuron}).Words, recording.Surrogate(1).Raster([]int{neuron}).Words) {
			t.Errorf("neuron %d has other spikes in the file", neuron)
		}
	}
}
