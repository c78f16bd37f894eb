package program

import (
	"bytes"
	"fmt"
	"io"
	"text/tabwriter"
)

// Output is the standard output of a program. It keeps the first error of writing, since
// commands and cobra ignore some of them.
type Output struct {
	io.Writer
	IsTerminal bool // people read it, so that tables are aligned
	err        error
}

// TableWriter writes lines of cells that are separated by tabs. The caller must call Flush.
type TableWriter interface {
	io.Writer
	Flush() error
}

// NewTable returns a writer of a table: aligned with at least padding spaces between columns
// if out is an Output that is a terminal, otherwise separated by tabs, for programs.
func NewTable(out io.Writer, padding int, flags uint) TableWriter {
	if o, ok := out.(*Output); ok && o.IsTerminal {
		return tabwriter.NewWriter(out, 0, 0, padding, ' ', flags)
	}
	return &plainTable{out: out}
}

// plainTable passes lines on without the tabs at their ends.
type plainTable struct {
	out  io.Writer
	line []byte
}

func (t *plainTable) Write(p []byte) (int, error) {
	for _, b := range p {
		if t.line = append(t.line, b); b != '\n' {
			continue
		}
		if err := t.Flush(); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// Flush implements TableWriter.
func (t *plainTable) Flush() error {
	line, ended := bytes.CutSuffix(t.line, []byte("\n"))
	if line = bytes.TrimRight(line, "\t"); ended {
		line = append(line, '\n')
	}
	t.line = t.line[:0]
	if len(line) == 0 {
		return nil
	}
	_, err := t.out.Write(line)
	return err
}

// Write implements io.Writer.
func (o *Output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if o.err == nil && err != nil {
		o.err = fmt.Errorf("print the answer: %w", err)
	}
	return n, err
}

// Failure returns the first error of writing, or nil.
func (o *Output) Failure() error { return o.err }
