package recording

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// csvMaxRecord bounds the bytes of a record. Package csv keeps a whole one in memory, about
// 30 bytes for each of its fields.
const csvMaxRecord = 2 << 20

// lineError is an error at a line of a text file, counted from 1.
type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.err) }
func (e *lineError) Unwrap() error { return e.err }

// csvFile is a table in text, separated by tabs, semicolons, commas or spaces. A first record
// of names is a header; one that begins with repeat or neuron may have numbers, too.
type csvFile struct {
	file      io.ReaderAt
	size      int64
	separator rune
	header    []string // in lower case; nil without one
	returns   bool     // lines end with a carriage return alone
}

// openCSV opens a table: of spike times if its header has the column time_s, otherwise of
// counts.
func openCSV(file io.ReaderAt, size int64, _ string, o Options) (content, error) {
	if o.Variable != "" {
		return nil, fmt.Errorf("a CSV file %w, not a variable %q", ErrNoVariables, o.Variable)
	}
	order, err := parseAxes(o.Axes)
	if err != nil {
		return nil, err
	}
	f := csvFile{file: file, size: size}
	if err = f.findSeparator(); err != nil {
		return nil, err
	}
	var first []string
	firstLine := 0
	errFirst := errors.New("the first record is read")
	if err := f.each(func(line int, record []string) error {
		first, firstLine = slices.Clone(record), line
		return errFirst
	}); !errors.Is(err, errFirst) {
		return nil, cmp.Or(err, errors.New("the table is empty"))
	}
	if slices.ContainsFunc(first, isName) {
		for _, name := range first {
			f.header = append(f.header, strings.ToLower(name))
		}
	}
	if err := f.checkHeader(); err != nil {
		return nil, &lineError{firstLine, err}
	}
	labelled := slices.Contains(f.header, timeColumn) || f.labels() > 0
	if labelled && joinAxes(order, ",") != DefaultAxes {
		return nil, fmt.Errorf("axes = %q: the columns repeat and neuron say what each row is, so leave axes out", o.Axes)
	}
	if !labelled {
		if err := checkFirst(first); err != nil {
			return nil, &lineError{firstLine, err}
		}
	}
	switch {
	case slices.Contains(f.header, timeColumn):
		return newSpikeTimes(f, o)
	case labelled:
		return newLabelledTable(f, o)
	default:
		return newTable(f, o)
	}
}

// findSeparator chooses the separator by the first line that is no comment, and finds whether
// lines end with a carriage return alone, as in files of old programs.
func (f *csvFile) findSeparator() error {
	head := make([]byte, min(f.size, 1<<16))
	if _, err := f.file.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	f.separator = ','
	f.returns = bytes.ContainsRune(head[:len(head)-1], '\r') && !bytes.ContainsRune(head, '\n')
	if f.returns {
		returnsToNewlines(head)
	}
	for line := range strings.Lines(string(head)) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		for _, separator := range "\t;, " {
			if strings.ContainsRune(line, separator) {
				f.separator = separator
				return nil
			}
		}
		break
	}
	return nil
}

func returnsToNewlines(text []byte) {
	for i, b := range text {
		if b == '\r' {
			text[i] = '\n'
		}
	}
}

// each calls visit with the line and the fields of every record, without surrounding space.
// The fields are valid until visit returns. A visit of rows skips the header itself.
func (f csvFile) each(visit func(line int, record []string) error) error {
	text := io.NewSectionReader(f.file, 0, f.size)
	var mark [3]byte // of UTF-8
	if n, _ := text.ReadAt(mark[:], 0); string(mark[:n]) == "\ufeff" {
		text = io.NewSectionReader(f.file, 3, f.size-3)
	}
	bounded := &recordReader{r: text, left: csvMaxRecord, returns: f.returns}
	r := csv.NewReader(bounded)
	r.Comma, r.Comment, r.TrimLeadingSpace, r.ReuseRecord, r.FieldsPerRecord = f.separator, '#', true, true, -1
	for {
		record, err := r.Read()
		var fault *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &fault):
			return &lineError{fault.StartLine, fmt.Errorf("it is not valid CSV: %w", fault.Err)}
		case err != nil:
			return err
		}
		for i, field := range record {
			record[i] = strings.TrimSpace(field)
		}
		line, _ := r.FieldPos(0)
		if err := visit(line, record); err != nil {
			return err
		}
		bounded.left = csvMaxRecord
	}
}

// rows calls visit with every record after the header. All must have as many fields as
// the first.
func (f csvFile) rows(visit func(line int, record []string) error) error {
	fields, skip := 0, f.header != nil
	return f.each(func(line int, record []string) error {
		if skip {
			skip = false
			return nil
		}
		if fields == 0 {
			fields = len(record)
		}
		if len(record) != fields {
			return &lineError{line, fmt.Errorf("it has %s, and the rows before it have %d: give every row the same number", plural(int64(len(record)), "value"), fields)}
		}
		return visit(line, record)
	})
}

// recordReader fails where a record is longer than package csv may hold in memory. With
// returns, it turns carriage returns into line feeds.
type recordReader struct {
	r       io.Reader
	left    int
	returns bool
}

func (b *recordReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("a row is longer than %s: write one row for each bin and one column for each neuron, with the axes \"bins,neurons\", or a .npy file", megabytes(csvMaxRecord))
	}
	n, err := b.r.Read(p)
	if b.returns {
		returnsToNewlines(p[:n])
	}
	b.left -= n
	return n, err
}

// table is a table of counts: one row for each repeat and neuron, with labels, or a matrix
// of one repeat.
type table struct {
	csvFile
	size            [3]int64
	repeats, neuron *labelSet // nil without the column
	order           []axis
	binMS           float64
}

// newTable returns the table of one repeat without labels: its rows and columns are the two
// axes of o.Axes.
func newTable(f csvFile, o Options) (content, error) {
	var rows, columns int64
	first, numbered := "", int64(0)
	if err := f.rows(func(_ int, record []string) error {
		if rows == 0 {
			first = strings.Clone(record[0])
		}
		if isNumber(record[0], rows, first) {
			numbered++
		}
		rows, columns = rows+1, int64(len(record))
		return nil
	}); err != nil {
		return nil, err
	}
	if numbered == rows && rows >= minNumbering && columns > 1 {
		return nil, fmt.Errorf("the first column numbers the rows from %s, and holds no counts: leave it out; %s", first, withoutNumbering)
	}
	if rows == 0 {
		return nil, errors.New("the table has no row below its header")
	}
	a, err := newArray([]int64{rows, columns}, false, o)
	if err != nil {
		return nil, err
	}
	return &table{csvFile: f, size: a.size, order: a.order, binMS: a.binMS}, nil
}

// newLabelledTable returns the table of a header that begins with repeat, neuron or both.
func newLabelledTable(f csvFile, o Options) (content, error) {
	t := &table{csvFile: f, size: [3]int64{1, 1, 0}, order: []axis{repeatAxis, neuronAxis, binAxis}, binMS: cmp.Or(o.BinMS, DefaultBinMS)}
	labels := f.labels()
	if labels == 2 && f.header[0] == f.header[1] {
		return nil, fmt.Errorf("two columns are named %s", f.header[0])
	}
	for _, name := range f.header[:labels] {
		if name == repeatColumn {
			t.repeats = newLabelSet(name)
		} else {
			t.neuron = newLabelSet(name)
		}
	}
	rows := int64(0)
	if err := f.rows(func(line int, record []string) error {
		if len(record) <= labels {
			return &lineError{line, errors.New("it has labels and no bins: give one column for each bin after them")}
		}
		rows, t.size[binAxis] = rows+1, int64(len(record)-labels)
		for i, name := range f.header[:labels] {
			if err := t.set(name).add(record[i], line); err != nil {
				return &lineError{line, err}
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if rows == 0 {
		return nil, errors.New("the table has no row below its header")
	}
	if err := checkLabels(t.repeats, t.neuron); err != nil {
		return nil, err
	}
	if t.repeats != nil {
		t.size[repeatAxis] = int64(t.repeats.len())
	}
	if t.neuron != nil {
		t.size[neuronAxis] = int64(t.neuron.len())
	}
	return t, checkShape(t.size[repeatAxis], t.size[neuronAxis], t.size[binAxis], cmp.Or(o.Limit, DefaultLimit), "are the rows one for each repeat and neuron?")
}

// labelAxis returns the axis that a column of labels numbers.
func labelAxis(column string) axis {
	if column == repeatColumn {
		return repeatAxis
	}
	return neuronAxis
}

// set returns the labels of a column.
func (t *table) set(name string) *labelSet {
	if name == repeatColumn {
		return t.repeats
	}
	return t.neuron
}

func (t *table) recording(name string, clip bool) (*Recording, error) {
	c, err := newCollector(t.size)
	if err != nil {
		return nil, err
	}
	labels, row := t.labels(), 0
	seen := newBitset(int(t.size[repeatAxis]), int(t.size[neuronAxis]))
	err = t.rows(func(line int, record []string) error {
		var at [3]int
		for i, name := range t.header[:labels] {
			at[labelAxis(name)] = t.set(name).index(record[i])
		}
		if labels > 0 {
			if seen.get(at[repeatAxis], at[neuronAxis]) {
				return &lineError{line, fmt.Errorf("a second row of %s: keep one", t.labelled(at[repeatAxis], at[neuronAxis]))}
			}
			seen.set(at[repeatAxis], at[neuronAxis])
		} else {
			at[t.order[0]] = row
		}
		row++
		if err := t.addRow(c, at, record[labels:], clip); err != nil {
			return &lineError{line, err}
		}
		return nil
	})
	if err == nil && labels > 0 {
		err = t.missing(seen)
	}
	if err != nil {
		return nil, err
	}
	r := c.recording(name)
	r.format, r.axes, r.binMS = "CSV of counts", joinAxes(t.order, ","), t.binMS
	for _, l := range []*labelSet{t.repeats, t.neuron} {
		if l != nil && l.notice() != "" {
			r.notices = append(r.notices, l.notice())
		}
	}
	return r, nil
}

// addRow adds the counts of a row, whose place is known but for the last axis.
func (t *table) addRow(c *collector, at [3]int, counts []string, clip bool) error {
	for i, field := range counts {
		if field == "0" {
			continue
		}
		at[t.order[len(t.order)-1]] = i
		repeat, neuron, bin := at[repeatAxis], at[neuronAxis], at[binAxis]
		switch value, err := parseNumber(field); {
		case err == nil && value == 0: // 0.0
		case isBoolean(field):
			return fmt.Errorf("%.40q is not a count of spikes: write 1 for True and 0 for False, in NumPy with x.astype(int)", field)
		case hasDecimalComma(field):
			return fmt.Errorf("%.40q is not a count of spikes: write whole numbers, without a decimal comma", field)
		case err != nil || !c.add(value, repeat, neuron, bin):
			return fmt.Errorf("%.40q is not a count of spikes; spike times need a header with the columns repeat, neuron and time_s", field)
		case value > 1 && !clip:
			return fmt.Errorf("%v is %w, at repeat %d, neuron %d, bin %d, counted from 0", value, ErrCounts, repeat, neuron, bin)
		}
	}
	return nil
}

// parseNumber reads a decimal number. Unlike strconv.ParseFloat, it accepts neither
// underscores nor hexadecimal, Inf and NaN.
func parseNumber(text string) (float64, error) {
	if strings.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune("0123456789+-.eE", r) }) {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(text, 64)
}

// missing returns an error unless every repeat has a row for each neuron.
func (t *table) missing(seen bitset) error {
	for repeat := range int(t.size[repeatAxis]) {
		for neuron := range int(t.size[neuronAxis]) {
			if !seen.get(repeat, neuron) {
				return fmt.Errorf("there is no row of %s: give every repeat a row for each neuron", t.labelled(repeat, neuron))
			}
		}
	}
	return nil
}

// labelled describes a row by its labels.
func (t *table) labelled(repeat, neuron int) string {
	var words []string
	if t.repeats != nil {
		words = append(words, "repeat "+printable([]byte(t.repeats.label(repeat))))
	}
	if t.neuron != nil {
		words = append(words, "neuron "+printable([]byte(t.neuron.label(neuron))))
	}
	return strings.Join(words, ", ")
}
