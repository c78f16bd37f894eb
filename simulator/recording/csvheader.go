package recording

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Names of columns, in lower case.
const (
	repeatColumn = "repeat"
	neuronColumn = "neuron"
	timeColumn   = "time_s"
)

// otherNames are names that other programs give to the columns repeat and neuron.
var otherNames = map[string]string{
	"trial": repeatColumn, "trials": repeatColumn, "trial_id": repeatColumn, "trial_number": repeatColumn,
	"repeats": repeatColumn, "repetition": repeatColumn, "rep": repeatColumn, "presentation": repeatColumn, "sweep": repeatColumn,
	"neurons": neuronColumn, "neuron_id": neuronColumn, "unit": neuronColumn, "units": neuronColumn, "unit_id": neuronColumn,
	"cell": neuronColumn, "cell_id": neuronColumn, "cluster": neuronColumn, "cluster_id": neuronColumn, "channel": neuronColumn, "electrode": neuronColumn,
}

// Names of the columns of a table with one row for each bin.
var (
	binNames   = []string{"bin", "bins", "time_bin", "timebin", "frame", "step", "time_step", "timestep"}
	countNames = []string{"count", "counts", "spike", "spikes", "spiking", "value", "n", "n_spikes", "spike_count"}
)

// checkHeader rejects a header whose columns have other names than repeat, neuron and time_s,
// and the header of a table with one row for each bin.
func (f csvFile) checkHeader() error {
	var found, renamed []string
	columns := map[string]int{} // position of each column that is known, by our name
	for i, name := range f.header {
		ours := name
		isRepeated := slices.Index(f.header, name) < i || slices.Contains(f.header[i+1:], name)
		if other, ok := otherNames[name]; ok && !isRepeated && len(f.header) > 1 {
			ours = other
		}
		if _, twice := columns[ours]; twice || slices.Contains(f.header, ours) && ours != name {
			continue
		}
		columns[ours] = i
		if ours != name {
			found, renamed = append(found, fmt.Sprintf("%.40q", name)), append(renamed, ours)
		}
	}
	_, hasNeuron := columns[neuronColumn]
	if _, hasTime := columns[timeColumn]; hasNeuron && !hasTime {
		if i := slices.IndexFunc(f.header, isTimeColumn); i >= 0 {
			if len(found) == 0 {
				return fmt.Errorf("the column %.40q seems to hold spike times: rename it to time_s and give seconds", f.header[i])
			}
			found, renamed = append(found, fmt.Sprintf("%.40q", f.header[i])), append(renamed, timeColumn+" (in seconds)")
		}
	}
	if bin, count := f.column(binNames), f.column(countNames); hasNeuron && bin >= 0 && count >= 0 {
		return f.binTable(bin, count, columns, found, renamed)
	}
	switch {
	case len(found) == 0:
		return nil
	case len(found) == 1:
		return fmt.Errorf("the column %s has another name here: rename it to %s", found[0], renamed[0])
	}
	return errors.New("the columns " + strings.Join(found, ", ") + " have other names here: rename them to " + strings.Join(renamed, ", "))
}

// column returns the position of the first column with one of the names, or -1.
func (f csvFile) column(names []string) int {
	return slices.IndexFunc(f.header, func(name string) bool { return slices.Contains(names, name) })
}

// binTable returns the error for a table with one row for each bin, whose columns found are
// to be renamed too.
func (f csvFile) binTable(bin, count int, columns map[string]int, found, renamed []string) error {
	var index []string
	for _, name := range []string{repeatColumn, neuronColumn} {
		if i, ok := columns[name]; ok {
			index = append(index, strconv.Quote(f.header[i]))
		}
	}
	rename := ""
	if len(found) > 0 {
		rename = "; then rename " + strings.Join(found, ", ") + " to " + strings.Join(renamed, ", ")
	}
	return fmt.Errorf("the table has a row for each bin: write one for each repeat and neuron, with a column for each bin, in pandas with pivot(index=[%s], columns=%q, values=%q)%s",
		strings.Join(index, ", "), f.header[bin], f.header[count], rename)
}

// labels returns how many columns at the left are labels of repeats or neurons: 0 to 2.
func (f csvFile) labels() int {
	n := 0
	for n < len(f.header) && n < 2 && (f.header[n] == repeatColumn || f.header[n] == neuronColumn) {
		n++
	}
	return n
}

// isName reports whether a field of the first record is a name: no number, in whatever
// notation, and no truth value.
func isName(field string) bool {
	_, err := strconv.ParseFloat(field, 64)
	return err != nil && !isBoolean(field) && !hasDecimalComma(field)
}

// isBoolean reports whether a field is a truth value, as programs write them.
func isBoolean(field string) bool {
	return strings.EqualFold(field, "true") || strings.EqualFold(field, "false")
}

// hasDecimalComma reports whether a field is a number with a comma in the place of its point.
func hasDecimalComma(field string) bool {
	if strings.Count(field, ",") != 1 {
		return false
	}
	_, err := parseNumber(strings.Replace(field, ",", ".", 1))
	return err == nil
}

// checkFirst rejects the first record of a table of counts without labels if it is neither a
// header of names nor a row of counts.
func checkFirst(first []string) error {
	if first[0] == "" && len(first) > 1 {
		return fmt.Errorf("the first column has no name, like an index: leave it out; %s", withoutNumbering)
	}
	name := slices.IndexFunc(first, isName)
	if name >= 0 && !slices.ContainsFunc(first, func(field string) bool { return !isName(field) }) {
		return nil
	}
	if name >= 0 {
		return fmt.Errorf("%.40q is not a count of spikes; a header has names in all columns, or begins with repeat or neuron", first[name])
	}
	columns := 0
	for columns < len(first) && isNumber(first[columns], int64(columns), first[0]) {
		columns++
	}
	if columns == len(first) && columns >= minNumbering {
		return fmt.Errorf("the row numbers the columns from %s, and holds no counts: leave it out; %s", first[0], withoutNumbering)
	}
	return nil
}

// withoutNumbering says how pandas writes a table without labels.
const withoutNumbering = "pandas does with to_csv(FILE, index=False, header=False)"

// minNumbering is the smallest number of rows or columns whose numbering is refused: as counts,
// clipped, it would be a neuron that fires in almost every bin. Fewer numbers may be counts.
const minNumbering = 6

// isNumber reports whether a field is number i of a header or an index that counts up from
// first, which is 0 or 1.
func isNumber(field string, i int64, first string) bool {
	return first == "0" && field == strconv.FormatInt(i, 10) || first == "1" && field == strconv.FormatInt(i+1, 10)
}

// isTimeColumn reports whether a name in lower case is that of a column of times, in any unit.
func isTimeColumn(name string) bool {
	letters := strings.Map(func(r rune) rune {
		if r < 'a' || r > 'z' {
			return -1
		}
		return r
	}, name)
	return slices.Contains([]string{
		"t", "ts", "tms", "tsec", "time", "times", "timems", "timesec", "timeseconds", "timemilliseconds", "timeus",
		"spiketime", "spiketimes", "spiketimems", "spiketimesms", "spiketimess", "timestamp", "timestamps", "ms", "seconds", "milliseconds",
	}, letters)
}
