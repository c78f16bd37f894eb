package runner

// Failure is an error of a task, with its log.
type Failure struct {
	Err error
	Log string // lines; the last ones of a long log
	// Reproducible: it follows from the task alone, and would come out the same again.
	Reproducible bool
}

func (f *Failure) Error() string { return f.Err.Error() }

func (f *Failure) Unwrap() error { return f.Err }
