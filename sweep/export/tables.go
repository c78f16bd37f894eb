package export

import (
	"encoding/csv"
	"fmt"
	"io"

	"spiqsweep/sweep/claims"
	"spiqsweep/sweep/figure"
	"spiqsweep/sweep/table"
)

// tableFile is a table as the output folder has it.
type tableFile struct {
	name, meaning, mediaType string
	write                    func(io.Writer) error
}

// tablesOf returns the tables of a sweep that every run of it reproduces.
func tablesOf(s Sweep) []tableFile {
	gathered := func(write func(*table.Trainings, io.Writer) error) func(io.Writer) error {
		return func(w io.Writer) error {
			trainings, err := table.Gather(s.Shape, s.Rows)
			if err != nil {
				return err
			}
			return write(trainings, w)
		}
	}
	judged := func(write func(*claims.Report, io.Writer) error) func(io.Writer) error {
		return func(w io.Writer) error {
			report, err := claims.Judge(s.Shape, s.Rows)
			if err != nil {
				return err
			}
			return write(report, w)
		}
	}
	const csvType = "text/csv"
	return []tableFile{
		{"results.csv", "The errors of every training, with floors and intervals", csvType, func(w io.Writer) error { return table.WriteResults(w, s.Shape, s.Rows) }},
		{"summary.csv", "Each error of each configuration over its replicates", csvType, func(w io.Writer) error { return table.WriteSummary(w, s.Shape, s.Rows) }},
		{"comparison.csv", "The standard loss against the K-loss, paired by replicate", csvType, gathered((*table.Trainings).WriteComparison)},
		{"axes.csv", "The effect of every swept setting", csvType, gathered(func(t *table.Trainings, w io.Writer) error { return table.WriteAxes(w, t.Levels()) })},
		{"claims.csv", "The paper's claims, tested on this sweep", csvType, judged(func(r *claims.Report, w io.Writer) error { return table.WriteClaims(w, r.Claims) })},
		{"claims.md", "The paper's claims in words", "text/markdown", judged((*claims.Report).WriteText)},
	}
}

// shown is a part of a table for people.
type shown struct {
	Header  []string
	Rows    [][]string
	Omitted int // rows beyond the limit
}

// show returns the first rows of a CSV file that are to keep.
func (f tableFile) show(limit int, keep func(field map[string]string) bool) (shown, error) {
	reader, writer := io.Pipe()
	defer reader.Close()
	go func() { writer.CloseWithError(f.write(writer)) }()
	records := csv.NewReader(reader)
	var s shown
	for {
		record, err := records.Read()
		switch {
		case err == io.EOF:
			return s, nil
		case err != nil:
			return shown{}, err
		case s.Header == nil:
			s.Header = record
			continue
		}
		field := map[string]string{}
		for i, name := range s.Header {
			field[name] = record[i]
		}
		switch {
		case !keep(field):
		case len(s.Rows) < limit:
			s.Rows = append(s.Rows, record)
		default:
			s.Omitted++
		}
	}
}

// draw writes a figure. The drawing libraries report most errors by panicking.
func draw(f *figure.Figure, format string, w io.Writer) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("draw figure %s: this is a fault of the program, please report it: %v", f.Name, fault)
		}
	}()
	return f.Write(w, format, figure.FullWidthCM)
}
