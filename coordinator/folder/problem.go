package folder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"spiqsweep/simulator/inputfile"
)

// Problem is a file of the output folder that could not be written, or not in its place.
// A Problem never ends a sweep.
type Problem struct {
	File      string // its path
	WrittenTo string // the file with the new content; "": none
	Reason    string
}

// problems holds the Problem of the last attempt to write each file.
type problems struct {
	mu     sync.Mutex // guards byName: files are written concurrently
	byName map[string]Problem
}

func (p *problems) list() []Problem {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.SortedFunc(maps.Values(p.byName), func(a, b Problem) int { return cmp.Compare(a.File, b.File) })
}

// set records the outcome of the last attempt, and reports whether it has changed.
func (p *problems) set(name string, problem *Problem) (news bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before, had := p.byName[name]
	if problem == nil {
		delete(p.byName, name)
		return had
	}
	if p.byName == nil {
		p.byName = map[string]Problem{}
	}
	p.byName[name] = *problem
	return before != *problem
}

// isLost reports whether the content of a file was not written at all.
func (p *problems) isLost(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	problem, found := p.byName[name]
	return found && problem.WrittenTo == ""
}

// unreadError is a failure to read the rows of a file. It is no Problem of the file.
type unreadError struct{ err error }

func (e *unreadError) Error() string { return e.err.Error() }

func (e *unreadError) Unwrap() error { return e.err }

// note records the outcome of writing a file. It returns only errors that are not
// Problems of the file: a failure to read its rows, or the end of the context.
func (v *View) note(name string, err error) error {
	var unread *unreadError
	if errors.As(err, &unread) || errors.Is(err, context.Canceled) {
		return err
	}
	if err == nil {
		v.problems.set(name, nil)
		return nil
	}
	problem := Problem{File: v.folder.Path(name), Reason: err.Error()}
	var notReplaced *NotReplacedError
	var written *writeError
	switch {
	case errors.As(err, &notReplaced):
		problem.WrittenTo, problem.Reason = notReplaced.WrittenTo, inputfile.ExplainWrite(problem.File, notReplaced.Cause).Error()
	case errors.As(err, &written) && written.path == problem.File:
		problem.Reason = written.reason()
	}
	problem.Reason = strings.ReplaceAll(problem.Reason, "\n", "; ") // of joined errors
	if v.problems.set(name, &problem) {
		v.log.Warn("a file of the output folder could not be written: will try again", "file", problem.File, "reason", problem.Reason, "written_to", problem.WrittenTo)
	}
	return nil
}

// recovering calls f and returns a panic as an error, so that a fault in a table, a figure
// or a model does not end the sweep.
func recovering(f func() error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("this is a fault of the program, please report it: %v", fault)
		}
	}()
	return f()
}
