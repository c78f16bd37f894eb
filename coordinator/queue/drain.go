package queue

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// DrainRequest says which workers are to leave; without either, all.
type DrainRequest struct {
	Processes []string // by ID, or by a beginning that only one has
	Hosts     []string
}

// Drain asks workers to hand back what they hold and to leave, and returns how
// many. They learn it with their next Sync, from whichever coordinator answers
// it, and are granted nothing more. Workers that start later are not meant.
//
// Errors: ErrUnknown if a process or host that is named is not there; ErrInvalid
// if the beginning of an ID is that of several; ErrUnavailable.
func (q *Queue) Drain(ctx context.Context, r DrainRequest) (int, error) {
	var meant []Presence
	err := q.update(ctx, func(c *call) (err error) {
		if meant, err = c.meant(r); err != nil {
			return err
		}
		for _, p := range meant {
			p.Leaving = true
			if err := c.tx.PutPresence(p); err != nil {
				return err
			}
		}
		c.stirred = true // idle ones wait at the server
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("drain: %w", err)
	}
	return len(meant), nil
}

func (c *call) meant(r DrainRequest) (meant []Presence, err error) {
	present, err := c.tx.Present()
	if err != nil || len(r.Processes)+len(r.Hosts) == 0 {
		return present, err
	}
	ids := map[string]bool{}
	for _, word := range r.Processes {
		id, err := processOf(word, present)
		if err != nil {
			return nil, err
		}
		ids[id] = true
	}
	for _, host := range r.Hosts {
		if !slices.ContainsFunc(present, func(p Presence) bool { return p.Host == host }) {
			return nil, fmt.Errorf("%w: there is no worker on host %q", ErrUnknown, host)
		}
	}
	for _, p := range present {
		if ids[p.ID] || slices.Contains(r.Hosts, p.Host) {
			meant = append(meant, p)
		}
	}
	return meant, nil
}

func processOf(word string, present []Presence) (id string, err error) {
	for _, p := range present {
		switch {
		case p.ID == word:
			return word, nil
		case word == "" || !strings.HasPrefix(p.ID, word):
		case id != "":
			return "", fmt.Errorf("%w: worker %q: %s and %s both begin so", ErrInvalid, word, id, p.ID)
		default:
			id = p.ID
		}
	}
	if id == "" {
		err = fmt.Errorf("%w: worker %q", ErrUnknown, word)
	}
	return id, err
}
