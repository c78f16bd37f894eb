package folder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Problem is a file of the output folder that could not be written, or not in its
// place. Problems never end a sweep.
type Problem struct {
	File      string // its path
	WrittenTo string // where its new content is; "": nowhere
	Reason    string
}

// problems are those of the last try of each file.
type problems struct {
	mu     sync.Mutex // guards byName: files are written concurrently
	byName map[string]Problem
}

func (p *problems) list() []Problem {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.SortedFunc(maps.Values(p.byName), func(a, b Problem) int { return cmp.Compare(a.File, b.File) })
}

// set notes how the last try ended, and reports whether that is news.
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

// isLost reports whether the content of a file is nowhere.
func (p *problems) isLost(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	problem, found := p.byName[name]
	return found && problem.WrittenTo == ""
}

// unreadError is a failure to read what a file is made of. It says nothing about
// the file.
type unreadError struct{ err error }

func (e *unreadError) Error() string { return e.err.Error() }

func (e *unreadError) Unwrap() error { return e.err }

// note notes how a file was written. Only what has nothing to do with the file is
// returned: a failure to read its rows, or the end of the context.
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
	var beside *NotReplacedError
	if errors.As(err, &beside) {
		problem.WrittenTo, problem.Reason = beside.WrittenTo, beside.Cause.Error()
	}
	if v.problems.set(name, &problem) {
		v.log.Warn("a file of the output folder could not be written: will try again", "file", problem.File, "reason", problem.Reason, "written_to", problem.WrittenTo)
	}
	return nil
}

// recovering calls f and turns a panic into an error: what is made from results may
// fail, the sweep goes on.
func recovering(f func() error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("this is a fault of the program, please report it: %v", fault)
		}
	}()
	return f()
}
