package runner

// Failure is an error of a task, with its log.
type Failure struct {
	Err error
	Log string // lines; the last ones of a long log
}

func (f *Failure) Error() string { return f.Err.Error() }

func (f *Failure) Unwrap() error { return f.Err }
