package recording

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func readCSV(text string, o Options) (*Recording, error) {
	return read(strings.NewReader(text), int64(len(text)), "test.csv", o)
}

// TestEveryFormatReadsTheSameRecording writes a recording as .npz, as both kinds of CSV of
// counts and as spike times, and requires the same spikes, and so the same digest.
func TestEveryFormatReadsTheSameRecording(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		repeats := rapid.IntRange(1, 4).Draw(t, "repeats")
		r := drawRecording(t, repeats)
		separator := rapid.SampledFrom([]string{",", ";", "\t", " "}).Draw(t, "separator")
		base := rapid.IntRange(0, 1).Draw(t, "labels from")
		binMS := rapid.SampledFrom([]float64{20, 0.1, 12.5, 1}).Draw(t, "width")
		var labelled, times []string
		matrix := make([][]string, r.Neurons())
		for repeat := range r.Repeats() {
			for neuron := range r.Neurons() {
				row := []string{fmt.Sprint(repeat + base), fmt.Sprint(neuron + base)}
				for bin := range r.Bins() {
					if r.trains[neuron]().get(repeat, bin) {
						row = append(row, "1")
						within := rapid.Float64Range(0, 0.999).Draw(t, "time in the bin")
						times = append(times, strings.Join([]string{row[0], row[1], fmt.Sprint((float64(bin) + within) * binMS / 1000)}, separator))
					} else {
						row = append(row, "0")
					}
				}
				labelled = append(labelled, strings.Join(row, separator))
				matrix[neuron] = row[2:]
			}
		}
		shuffle := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 0))
		shuffle.Shuffle(len(labelled), func(i, j int) { labelled[i], labelled[j] = labelled[j], labelled[i] })
		shuffle.Shuffle(len(times), func(i, j int) { times[i], times[j] = times[j], times[i] })
		bins := make([]string, r.Bins())
		for i := range bins {
			bins[i] = fmt.Sprint(i)
		}
		head := strings.Join(append([]string{"repeat", "neuron"}, bins...), separator)
		got, err := readCSV(head+"\n"+strings.Join(labelled, "\n")+"\n", Options{})
		if err != nil {
			t.Fatal(err)
		}
		requireSameSpikes(t, r, got)

		// Silent neurons and repeats at the ends have no row.
		active := !r.Silent([]int{r.Neurons() - 1}) && slices.ContainsFunc(countUp(r.Neurons()), func(n int) bool {
			return slices.ContainsFunc(countUp(r.Bins()), func(b int) bool { return r.trains[n]().get(r.Repeats()-1, b) })
		})
		zero := func(i int) bool { // with labels from 0, label 0 must occur
			return base == 1 || slices.ContainsFunc(times, func(row string) bool { return strings.Split(row, separator)[i] == "0" })
		}
		if active && zero(0) && zero(1) {
			text := strings.Join([]string{"Repeat", "NEURON", "time_s"}, separator) + "\n" + strings.Join(times, "\n")
			got, err = readCSV(text, Options{BinMS: binMS, DurationS: float64(r.Bins()) * binMS / 1000})
			if err != nil {
				t.Fatal(err)
			}
			requireSameSpikes(t, r, got)
		}
		if repeats == 1 {
			var rows []string
			for _, row := range matrix {
				rows = append(rows, strings.Join(row, separator))
			}
			if got, err = readCSV("# a note\n"+strings.Join(rows, "\r\n"), Options{}); err != nil {
				t.Fatal(err)
			}
			requireSameSpikes(t, r, got)
			rows = []string{strings.Join(slices.Repeat([]string{"unit"}, r.Neurons()), separator)}
			for bin := range r.Bins() {
				var row []string
				for _, neuron := range matrix {
					row = append(row, neuron[bin])
				}
				rows = append(rows, strings.Join(row, separator))
			}
			if got, err = readCSV("\ufeff"+strings.Join(rows, "\n"), Options{Axes: "bins,neurons"}); err != nil {
				t.Fatal(err)
			}
			requireSameSpikes(t, r, got)
		}
		order := rapid.SampledFrom(permutations).Draw(t, "axes")
		content, dims := stored(r, order, false)
		array := npyFile(npyHeaderOf("|u1", "False", fmt.Sprintf("(%d, %d, %d)", dims[0], dims[1], dims[2])), content...)
		if got, err = readNPZ(npzFile(map[string][]byte{"x": array}), Options{Axes: joinAxes(order, ",")}); err != nil {
			t.Fatal(err)
		}
		requireSameSpikes(t, r, got)
	})
}

// TestSpikesOnEdges requires that a spike on the edge of two bins is in the later one, for
// every multiple of widths that are no binary fractions, by division and by multiplication.
func TestSpikesOnEdges(t *testing.T) {
	for _, binMS := range []float64{20, 10, 1, 0.1, 33.3, 7, 1000. / 60} {
		var text strings.Builder
		text.WriteString("neuron,time_s\n")
		const edges = 20000
		for k := range edges {
			fmt.Fprintf(&text, "0,%v\n", float64(k)*(binMS/1000))
		}
		r, err := readCSV(text.String(), Options{BinMS: binMS})
		if err != nil {
			t.Fatal(err)
		}
		if r.Bins() != edges || r.Spikes(0) != edges {
			t.Errorf("bins of %v ms: %d spikes in %d bins, want %d in as many", binMS, r.Spikes(0), r.Bins(), edges)
		}
	}
	for _, test := range []struct {
		time string
		want int
	}{{"0.06", 3}, {"0.0599999", 2}, {"0.0600001", 3}, {"0", 0}, {"0.02", 1}, {"0.019999999", 0}, {"6e-2", 3}, {"1000.02", 50001}} {
		r, err := readCSV("neuron,time_s\n0,"+test.time, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Bins()-1 != test.want {
			t.Errorf("a spike at %s s is in bin %d, want %d", test.time, r.Bins()-1, test.want)
		}
	}
}

func TestSpikeTimesNotices(t *testing.T) {
	text := "repeat,neuron,time_s,depth\na,1,0.01,5\nb,4,0.03,6\nb,4,0.035,6\na,1,0.99,7\n"
	r, err := readCSV(text, Options{Clip: true, DurationS: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Shape(); got != "2 repeats × 4 neurons × 25 bins of 20 ms" {
		t.Error(got)
	}
	want := []string{
		"1 spike in a bin that had one already: clipped to 1",
		"1 spike at or after the end of the last whole bin left out (duration_s)",
		"the repeats are numbered from 0 in the order of their first row: a, b",
		"the neurons are labelled from 1, and numbered from 0: label 1 is neuron 0",
		"2 neurons without a spike: their numbers do not occur in the file",
	}
	if got := r.Notices(); !slices.Equal(got, want) {
		t.Errorf("notices %q, want %q", got, want)
	}
	if r.Format() != "CSV of spike times" || r.Axes() != DefaultAxes {
		t.Error(r.Format(), r.Axes())
	}
}

// TestRowsWithoutATime requires that they keep silent repeats and neurons, at both ends.
func TestRowsWithoutATime(t *testing.T) {
	r, err := readCSV("repeat,neuron,time_s\n0,0,\n1,1,0.03\n2,2,\n", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Shape(); got != "3 repeats × 3 neurons × 2 bins of 20 ms" || r.Spikes(0)+r.Spikes(2) != 0 || r.Spikes(1) != 1 {
		t.Error(got)
	}
	if got, want := r.Notices(), []string{"2 rows without a time: read as repeats and neurons, not as spikes"}; !slices.Equal(got, want) {
		t.Errorf("notices %q, want %q", got, want)
	}
	_, err = readCSV("repeat,neuron,time_s\n0,0,\n", Options{})
	requireError(t, err, "the table has no spike below its header")
}

// TestUnitsOfSpikeTimes requires a question where times look like milliseconds, and none
// where they are seconds.
func TestUnitsOfSpikeTimes(t *testing.T) {
	for name, test := range map[string]struct {
		step float64 // between spikes of one neuron
		want string
	}{
		"whole milliseconds": {137, "all 20 spike times are whole numbers: are these milliseconds? time_s is in seconds: if so, divide the times by 1000"},
		"milliseconds":       {137.3, "a neuron fires at 0.0077 Hz on average, and a repeat lasts 2608.72 s: are the times milliseconds? time_s is in seconds: if so, divide the times by 1000"},
		"active neurons":     {30.7, "a neuron fires at 0.034 Hz on average, and a repeat lasts 583.32 s: are the times milliseconds? time_s is in seconds: if so, divide the times by 1000"},
		"seconds":            {0.137, ""},
		"slow":               {20.3, ""},
	} {
		var text strings.Builder
		text.WriteString("neuron,time_s\n")
		for i := range 20 {
			fmt.Fprintf(&text, "0,%v\n", float64(i)*test.step)
		}
		r, err := readCSV(text.String(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(r.Notices(), "\n"); got != test.want {
			t.Errorf("%s: notices %q, want %q", name, got, test.want)
		}
	}
}

// TestUnitsOfFewSpikes requires the question for a file of a few spikes, too.
func TestUnitsOfFewSpikes(t *testing.T) {
	for text, want := range map[string]string{
		"repeat,neuron,time_s\n0,0,12000.5\n0,1,13.25\n1,0,7000.5\n": "a neuron fires at 6.2e-05 Hz on average, and a repeat lasts 12000.52 s: are the times milliseconds? time_s is in seconds: if so, divide the times by 1000",
		"neuron,time_s\n0,1\n0,2\n":                                  "",
	} {
		r, err := readCSV(text, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(r.Notices(), "\n"); got != want {
			t.Errorf("%q: notices %q, want %q", text, got, want)
		}
	}
}

// TestCountsThatLookNumbered requires that counts are read which begin like the numbering of
// rows or columns, but do not go on so, or are few.
func TestCountsThatLookNumbered(t *testing.T) {
	for _, text := range []string{"0,1,2,3,4\n0,0,1,1,0\n", "0,1,2,3,4,4\n1,0,0,1,1,0\n", "0,1\n1,1\n2,0\n3,0\n4,1\n", "0,1\n1,1\n2,0\n3,0\n4,1\n6,0\n", "0\n1\n2\n3\n4\n5\n"} {
		if _, err := readCSV(text, Options{Clip: true}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestCarriageReturns requires that lines of old programs, which end with a carriage return
// alone, are read.
func TestCarriageReturns(t *testing.T) {
	r, err := readCSV("# note\rneuron;time_s\r0;0.01\r1;0.03\r", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Shape(); got != "1 repeat × 2 neurons × 2 bins of 20 ms" {
		t.Error(got)
	}
}

func TestCSVErrors(t *testing.T) {
	for _, test := range []struct {
		text string
		o    Options
		want string
	}{
		{"0,1\n0,2\n", Options{}, ":2: 2 is neither 0 nor 1, at repeat 0, neuron 1, bin 1, counted from 0"},
		{"0,1\n0,0.5\n", Options{}, `:2: "0.5" is not a count of spikes; spike times need a header with the columns repeat, neuron and time_s`},
		{"a,b\n0,-1\n", Options{}, `:2: "-1" is not a count of spikes`},
		{"0,1\n0\n", Options{}, ":2: it has 1 value, and the rows before it have 2: give every row the same number"},
		{"0,1\n0,\n", Options{}, `:2: "" is not a count of spikes`},
		{"0,1\n\"0,1\n", Options{}, ":2: it is not valid CSV"},
		{"0,1\n", Options{Variable: "x"}, `a CSV file holds one array without a name, not a variable "x"`},
		{"a1,b\n", Options{}, "the table has no row below its header"},
		{"1,0,NA,1\n0,1,1,1\n", Options{}, `:1: "NA" is not a count of spikes; a header has names in all columns, or begins with repeat or neuron`},
		{",0,1\n0,1,1\n", Options{}, `:1: the first column has no name, like an index: leave it out; pandas does with to_csv(FILE, index=False, header=False)`},
		{",a,b\n0,1,1\n", Options{Clip: true}, ":1: the first column has no name, like an index"},
		{",repeat,neuron,0\n0,0,0,1\n", Options{}, ":1: the first column has no name, like an index"},
		{"0,1,2,3,4,5\n0,0,1,1,0,0\n", Options{Clip: true}, ":1: the row numbers the columns from 0, and holds no counts: leave it out; pandas does"},
		{"1\t2\t3\t4\t5\t6\t7\n0\t0\t1\t1\t0\t0\t1\n", Options{Clip: true}, ":1: the row numbers the columns from 1"},
		{"bin,a\n0,1\n1,0\n2,0\n3,1\n4,1\n5,0\n", Options{Clip: true, Axes: "bins,neurons"}, "the first column numbers the rows from 0, and holds no counts: leave it out"},
		{"1,1\n2,0\n3,0\n4,1\n5,1\n6,0\n", Options{Clip: true}, "the first column numbers the rows from 1"},
		{"repeat,neuron,0\n", Options{}, "the table has no row below its header"},
		{"repeat,neuron,0\n0,0,1\n1,1,1\n", Options{}, "there is no row of repeat 0, neuron 1: give every repeat a row for each neuron"},
		{"repeat,neuron,0\n0,a,1\n0,a,1\n", Options{}, ":3: a second row of repeat 0, neuron a: keep one"},
		{"repeat,repeat,0\n0,0,1\n", Options{}, "two columns are named repeat"},
		{"neuron,0\n5\n", Options{}, ":2: it has labels and no bins"},
		{"neuron,0\n,1\n", Options{}, ":2: the label of the neuron is empty"},
		{"neuron,0\n0,1\n", Options{Axes: "bins,neurons"}, `axes = "bins,neurons": the columns repeat and neuron say what each row is, so leave axes out`},
		{"repeat,who,time_s\n0,0,1\n", Options{}, "the table has spike times (time_s) but no column neuron; its columns are repeat, who, time_s: name them repeat, neuron and time_s"},
		{"repeat,unit,time_s\n0,0,1\n", Options{}, `:1: the column "unit" has another name here: rename it to neuron`},
		{"trial,unit,0\n0,0,1\n", Options{}, `:1: the columns "trial", "unit" have other names here: rename them to repeat, neuron`},
		{"# my cells\nCell,Trial,Time\n0,0,1\n", Options{}, `:2: the columns "cell", "trial", "time" have other names here: rename them to neuron, repeat, time_s (in seconds)`},
		{"trial;unit;spike_times\n1;1;0,153\n", Options{}, `:1: the columns "trial", "unit", "spike_times" have other names here`},
		{"repeat,neuron,bin,count\n0,0,0,1\n", Options{}, `:1: the table has a row for each bin: write one for each repeat and neuron, with a column for each bin, in pandas with pivot(index=["repeat", "neuron"], columns="bin", values="count")`},
		{"trial,frame,unit,spikes\n0,0,0,1\n", Options{}, `pivot(index=["trial", "unit"], columns="frame", values="spikes"); then rename "trial", "unit" to repeat, neuron`},
		{"neuron;time_s\n0;0,153\n", Options{}, `:2: time_s = "0,153" has a decimal comma: write a point, as in 0.153`},
		{"neuron,time_s\n0,0,153\n", Options{}, ":2: it has 3 values where the header has 2: if numbers have a decimal comma, write a point"},
		{"0,0;1,0\n1,0;0,0\n", Options{}, `:1: "0,0" is not a count of spikes: write whole numbers, without a decimal comma`},
		{"repeat;neuron;0\n0;0;1,0\n", Options{}, `:2: "1,0" is not a count of spikes: write whole numbers, without a decimal comma`},
		{"True,False\nFalse,False\n", Options{}, `:1: "True" is not a count of spikes: write 1 for True and 0 for False, in NumPy with x.astype(int)`},
		{"repeat,neuron,0\n0,0,FALSE\n", Options{}, `:2: "FALSE" is not a count of spikes: write 1 for True`},
		{"neuron,time_s\n0,-0.1\n", Options{}, ":2: time_s = -0.1 is negative: count the seconds from the start of the repeat"},
		{"neuron,time_s\n0,soon\n", Options{}, `:2: time_s = "soon" is not a number of seconds`},
		{"neuron,time_s\n0,inf\n", Options{}, `is not a number of seconds`},
		{"neuron,time_s\n0,1\n0\n", Options{}, ":3: it has 1 value"},
		{"neuron,time_s\n0,0.001\n0,0.002\n", Options{}, ":3: a second spike in one bin, repeat 0, neuron 0, bin 0, counted from 0: the count is neither 0 nor 1"},
		{"neuron,time_s\n0,1e300\n0,0\n", Options{}, ":2: the last spike is at time_s = 1e300: 1 repeat × 1 neuron × 2147483647 bins: at most 8000000 bins are accepted, all repeats together; are these milliseconds?"},
		{"neuron,time_s\n70000,1\n0,1\n", Options{}, ":2: neuron 70000: at most 65536 neurons are accepted"},
		{"neuron,time_s\n0,1\n", Options{DurationS: 0.001}, "duration_s = 0.001 is shorter than a bin of 20 ms"},
		{"neuron,time_s\n" + strings.Repeat("x", 100) + ",1\n", Options{}, ":2: the label of the neuron has 100 bytes: want at most 64"},
		{"neuron,time_s\n0,1\n", Options{DurationS: 1e7}, "all repeats together; is duration_s in seconds?"},
		{"repeat,neuron,0\n0,9000000,1\n", Options{}, ":2: neuron 9000000: at most 65536 neurons are accepted, and every number up to the largest is one"},
		{"repeat,neuron,time_s\n9000000,0,1\n", Options{}, ":2: repeat 9000000: at most 8000000 repeats are accepted"},
		{"repeat,neuron,time_ms\n0,0,12.5\n", Options{}, `:1: the column "time_ms" seems to hold spike times: rename it to time_s and give seconds`},
		{"repeat,neuron,Time (ms)\n0,0,12.5\n", Options{}, `:1: the column "time (ms)" seems to hold spike times`},
		{"neuron,t\n0,1\n", Options{}, `:1: the column "t" seems to hold spike times`},
		{"time,neuron\n1,0\n", Options{}, `:1: the column "time" seems to hold spike times`},
		{"repeat,neuron,time_s\n01,0,0.1\n1,0,0.2\n", Options{}, ":3: the labels 01 and 1 of the repeats are one number: write each label in one way"},
		{"repeat,neuron,0\n0,+2,1\n1,2,0\n", Options{}, ":3: the labels +2 and 2 of the neurons are one number"},
		{"neuron,time_s\n0,0x1p-2\n", Options{}, `:2: time_s = "0x1p-2" is not a number of seconds`},
		{"neuron,time_s\n0,0x1_0.1p0\n", Options{}, `:2: time_s = "0x1_0.1p0" is not a number of seconds`},
		{"neuron,time_s\n0,1_0.1\n", Options{}, `:2: time_s = "1_0.1" is not a number of seconds`},
		{"neuron,time_s\n0,NaN\n", Options{}, `:2: time_s = "NaN" is not a number of seconds`},
		{"neuron,time_s\n0,1e999\n", Options{}, `:2: time_s = "1e999" is not a number of seconds`},
		{"0,0x1\n", Options{}, `:1: "0x1" is not a count of spikes`},
		{"0,1\nNaN,1\n", Options{}, `:2: "NaN" is not a count of spikes`},
		{"0,1\nInf,1\n", Options{}, `:2: "Inf" is not a count of spikes`},
		{"0,1\n1,\"1\n0,1\n0,1\n", Options{}, ":2: it is not valid CSV"},
		{"0,1\r0,2\r", Options{}, ":2: 2 is neither 0 nor 1"},
		{"repeat,neuron,time_s\n", Options{}, "the table has no spike below its header"},
		{"repeat,neuron,n\xe4chste\n0,0,1\n", Options{}, "it is text that is not UTF-8, such as Latin-1: save it as UTF-8"},
		{"\xff\xfe0\x00,\x001\x00", Options{}, "it is text in UTF-16: save it as UTF-8"},
		{"0,1\n0,\x00\n", Options{}, "it has NUL bytes where text is expected: save it again as CSV in UTF-8"},
		{" \n", Options{}, "neither a MATLAB v5"},
		{"0," + strings.Repeat("0,", 1<<20) + "1\n", Options{}, "a row is longer than 2 MiB"},
	} {
		path := filepath.Join(t.TempDir(), "x.csv")
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(t.Context(), path, test.o)
		requireError(t, err, "read recording "+path, test.want)
	}
	if _, err := readCSV("0,2\n", Options{}); !errors.Is(err, ErrCounts) {
		t.Errorf("%v is not ErrCounts", err)
	}
	labels := bytes.NewBufferString("neuron,time_s\n")
	for i := range csvMaxLabels + 1 {
		fmt.Fprintf(labels, "n%d,1\n", i)
	}
	_, err := readCSV(labels.String(), Options{})
	requireError(t, err, "line 65538: more than 65536 different labels of the neurons")
}
