package queue

import (
	"context"
	"fmt"
)

// Find returns the sweep that a person means: by its ID, by a name that only one
// has, or, by an empty word, the only one that there is.
//
// Errors: ErrUnknown if none is meant; ErrInvalid if several are; ErrUnavailable.
func (q *Queue) Find(ctx context.Context, word string) (Sweep, error) {
	var s Sweep
	err := q.view(ctx, func(c *call) (err error) {
		s, err = c.find(word)
		return err
	})
	if err != nil {
		return Sweep{}, fmt.Errorf("find the sweep: %w", err)
	}
	return s, nil
}

func (c *call) find(word string) (Sweep, error) {
	if s, found, err := c.tx.Sweep(word); err != nil || found {
		return s, err
	}
	sweeps, err := c.tx.Sweeps()
	if err != nil {
		return Sweep{}, err
	}
	var meant []Sweep
	for _, s := range sweeps {
		if word == "" || s.Name == word {
			meant = append(meant, s)
		}
	}
	switch {
	case len(meant) == 1:
		return c.sweep(meant[0].ID)
	case len(meant) > 1 && word == "":
		return Sweep{}, fmt.Errorf("%w: there are %d sweeps: name one, as in status SWEEP or cancel --sweep SWEEP", ErrInvalid, len(meant))
	case len(meant) > 1:
		return Sweep{}, fmt.Errorf("%w: %d sweeps are called %q: name one by its ID", ErrInvalid, len(meant), word)
	case word == "":
		return Sweep{}, fmt.Errorf("%w: there is no sweep", ErrUnknown)
	default:
		return Sweep{}, fmt.Errorf("%w: sweep %q", ErrUnknown, word)
	}
}
