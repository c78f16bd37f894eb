package program

import (
	"fmt"
	"io"
)

// Output is the standard output of a program. It keeps the first error of writing, since
// commands and cobra ignore some of them.
type Output struct {
	io.Writer
	err error
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
