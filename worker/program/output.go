package program

import "io"

// Output is the standard output of a program. It keeps the first error of writing,
// because cobra ignores errors of printing the help.
type Output struct {
	io.Writer
	Err error
}

// Write implements io.Writer.
func (o *Output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if o.Err == nil {
		o.Err = err
	}
	return n, err
}
