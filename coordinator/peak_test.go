package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"spiqsweep/deploy/needs"
)

// measured is the program, which says on standard error how much memory it had
// at most.
func measured() {
	code := run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		fmt.Fprintln(os.Stderr, regexp.MustCompile(`VmHWM:.*`).FindString(string(status)))
	}
	os.Exit(code)
}

// peak runs the program and returns its exit code, its output, and the peak memory
// of each process in bytes. A local worker is the same program, and the
// coordinator passes its standard error on.
func peak(t *testing.T, arguments ...string) (code int, said string, memory []int64) {
	t.Helper()
	output, err := exec.Command("measured", arguments...).CombinedOutput()
	if ended := (*exec.ExitError)(nil); errors.As(err, &ended) {
		code = ended.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindAllSubmatch(output, -1) {
		kilobytes, err := strconv.ParseInt(string(found[1]), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		memory = append(memory, kilobytes<<10)
	}
	return code, string(output), memory
}

// matrix returns the head of a MATLAB matrix of uint8 numbers and the size of
// the element with them.
func matrix(name string, dims ...uint32) (head []byte, size int64) {
	word := func(values ...uint32) {
		for _, value := range values {
			head = binary.LittleEndian.AppendUint32(head, value)
		}
	}
	pad := func() { head = append(head, make([]byte, (8-len(head)%8)%8)...) }
	word(6, 8, 9, 0, 5, uint32(4*len(dims)))
	word(dims...)
	pad()
	word(1, uint32(len(name)))
	head = append(head, name...)
	pad()
	values := int64(1)
	for _, d := range dims {
		values *= int64(d)
	}
	word(2, uint32(values))
	return head, int64(len(head)) + (values+7)&^7
}

// deflated returns the compressed matrix of zeros but for its first value, because a
// recording without a spike is refused.
func deflated(t *testing.T, name string, dims ...uint32) []byte {
	t.Helper()
	head, size := matrix(name, dims...)
	head = append(head, 1)
	var stream bytes.Buffer
	w := zlib.NewWriter(&stream)
	tag := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, 14), uint32(size))
	_, err := w.Write(append(tag, head...))
	if err == nil {
		_, err = io.CopyN(w, zeros{}, size-int64(len(head)))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	tag = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, 15), uint32(stream.Len()))
	return append(tag, stream.Bytes()...)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestMemoryIsBoundedByTheHeader runs the program on the worst files: neither it
// nor its worker ever has more memory than twice the bits of the recording and
// 200 MB.
func TestMemoryIsBoundedByTheHeader(t *testing.T) {
	needs.NoRaceDetector(t, "it takes additional memory")
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("skipped: needs /proc to measure memory")
	}
	folder := t.TempDir()
	write := func(name string, parts ...[]byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, bytes.Join(parts, nil), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	mat := func(name string, elements ...[]byte) string {
		start := append([]byte("MATLAB 5.0 MAT-file"+strings.Repeat(" ", 105)), "\x00\x01IM"...)
		return write(name, append([][]byte{start}, elements...)...)
	}
	npy := func(name, shape string, size int64) string {
		header := fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': %s, }", shape)
		path := write(name, []byte("\x93NUMPY\x01\x00"), binary.LittleEndian.AppendUint16(nil, uint16(len(header))), []byte(header))
		if err := os.Truncate(path, int64(10+len(header))+size); err != nil {
			t.Fatal(err)
		}
		return path
	}
	npz := func(name, shape string) string {
		header := fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': %s, }", shape)
		var file bytes.Buffer
		w := zip.NewWriter(&file)
		entry, err := w.Create("x.npy")
		if err == nil {
			_, err = entry.Write(append(binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(header))), header...))
		}
		if err = cmp.Or(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		return write(name, file.Bytes())
	}
	tiny := write("tiny.hcl", []byte("sweep \"tiny\" {\n  grid {\n    neurons = [1]\n    timesteps = [1]\n  }\n  training {\n    steps = 1\n  }\n}\n"))

	const order = "are the axes in this order?"
	tests := []struct {
		path string
		bits int64 // of the recording, 0 if it is refused
		want string
	}{
		{mat("repeats.mat", deflated(t, "x", 400_000_000, 1, 1)), 0, "400000000 repeats × 1 neuron × 1 bin: at most 8000000 bins are accepted, all repeats together; " + order},
		{mat("most_repeats.mat", deflated(t, "x", 8_000_000, 1, 1)), 8_000_000, "8000000 repeats × 1 neuron × 1 bin of 20 ms"},
		{mat("most_bins.mat", deflated(t, "x", 1, 1, 8_000_000)), 8_000_000, "1 repeat × 1 neuron × 7999999 bins of 20 ms"},
		{mat("two.mat", deflated(t, "x", 2, 16, 4_000_000)), 16 * 8_000_000, "2 repeats × 16 neurons × 3999999 bins"},
		{mat("most_neurons.mat", deflated(t, "x", 1, 65536, 1000)), 65536 * 1000, "there are more neurons (65536) than bins"},
		{mat("neurons.mat", deflated(t, "x", 1, 100_000_000, 1)), 0, "1 repeat × 100000000 neurons × 1 bin: at most 65536 neurons are accepted; " + order},
		{npy("sparse.npy", "(1000, 65536, 8000)", 1<<39), 0, "62500 MiB, one bit each, and at most 256 MiB are accepted; " + order},
		{npy("overflow.npy", "(4294967296, 4294967296, 4)", 100), 0, order},
		{write("header.npy", []byte("\x93NUMPY\x03\x00\xf0\xff\xff\xff"), make([]byte, 1000)), 0, "its .npy header claims 4294967280 bytes"},
		{npz("shape.npz", "(1000, 65536, 8000)"), 0, "62500 MiB, one bit each, and at most 256 MiB are accepted; " + order},
		{write("wide.csv", []byte("1"), bytes.Repeat([]byte(",0"), 4<<20)), 0, "a row is longer than 2 MiB"},
		{write("quoted.csv", []byte("0,\""), bytes.Repeat([]byte("0\n"), 4<<20)), 0, "a row is longer than 2 MiB"},
		{write("times.csv", []byte("neuron,time_s\n0,0.01\n65535,19.99\n")), 65536 * 1000, "there are more neurons (65536) than bins"},
		{write("late.csv", []byte("neuron,time_s\n0,1e9\n")), 0, "at most 8000000 bins are accepted"},
	}
	for _, test := range tests {
		for _, command := range [][]string{
			{"describe", test.path},
			{"plan", "--recording", test.path, "--grid", tiny},
			{"--local", "1", "--recording", test.path, "--grid", tiny, "--out", filepath.Join(folder, "out "+filepath.Base(test.path))},
		} {
			t.Run(command[0]+" "+filepath.Base(test.path), func(t *testing.T) {
				if command[0] == "--local" && filepath.Base(test.path) == "most_repeats.mat" {
					t.Skip("skipped: the floors of so many repeats take minutes")
				}
				code, said, memory := peak(t, command...)
				t.Logf("%d bytes of memory", memory)
				if most := 2*test.bits/8 + 200_000_000; slices.Max(append(memory, 0)) > most {
					t.Errorf("%d bytes of memory, want %d at most", memory, most)
				}
				want, processes := 2, 1
				if test.bits > 0 {
					want = 0
					if command[0] == "--local" {
						processes = 2
					}
				}
				if len(memory) != processes {
					t.Errorf("%d processes were measured, want %d: %s", len(memory), processes, said)
				}
				if code != want || !strings.Contains(said, test.want) {
					t.Errorf("exit code %d, want %d, and %q in\n%s", code, want, test.want, said)
				}
			})
		}
	}
}
