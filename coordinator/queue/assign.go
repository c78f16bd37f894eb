package queue

import "slices"

// assign says what the process of a newer call should hold.
func (c *call) assign(r SyncRequest, free *slots, sweeps []Sweep) ([]Assignment, error) {
	held, err := c.renew(r)
	if err != nil {
		return nil, err
	}
	kept, err := c.keep(r, held, free)
	if err != nil || r.Draining {
		return kept, err
	}
	if shut, err := c.shut(kept); err != nil || shut {
		return kept, err
	}
	granted, err := c.fill(r.Process, free, suitable(r.Process, sweeps), len(kept) == 0 && r.restsAfterwards())
	return append(kept, granted...), err
}

// restsAfterwards says whether a process works on nothing once its reports are taken.
func (r SyncRequest) restsAfterwards() bool {
	reported := make(map[Lease]bool, len(r.Reports))
	for _, report := range r.Reports {
		reported[report.Lease] = true
	}
	return !slices.ContainsFunc(r.Held, func(h Held) bool { return !reported[h.Lease] })
}

// keep assigns the live leases of a process once more. One that it did not name
// it never heard of: it is granted again under the same attempt, or taken back
// from a process that drains.
func (c *call) keep(r SyncRequest, live []Attempt, free *slots) ([]Assignment, error) {
	named := r.named()
	var kept []Assignment
	for _, a := range live {
		switch {
		case named[a.Lease]:
			kept = append(kept, Assignment{Lease: a.Lease})
		case r.Draining:
			if err := c.handBack(a, "the grant never reached the process, which drains"); err != nil {
				return nil, err
			}
		default:
			again, cost, err := c.work(a)
			if err != nil {
				return nil, err
			}
			free.occupy(cost)
			kept = append(kept, again)
		}
	}
	return kept, nil
}

// remind repeats to an old call what its process should hold.
func (c *call) remind(r SyncRequest) ([]Assignment, error) {
	live, err := c.tx.HeldBy(r.ID)
	if err != nil {
		return nil, err
	}
	named := r.named()
	var held []Assignment
	for _, a := range live {
		again := Assignment{Lease: a.Lease}
		if !named[a.Lease] {
			if again, _, err = c.work(a); err != nil {
				return nil, err
			}
		}
		held = append(held, again)
	}
	return held, nil
}

func (r SyncRequest) named() map[Lease]bool {
	named := make(map[Lease]bool, len(r.Held))
	for _, h := range r.Held {
		named[h.Lease] = true
	}
	return named
}
