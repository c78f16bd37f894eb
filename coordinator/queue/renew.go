package queue

// renew takes note of the progress that a process tells of its leases, and
// returns those that are live. The deadline is the process's and was moved when
// it was greeted. A lease that had expired and was not granted again is live
// once more.
func (c *call) renew(r SyncRequest) ([]Attempt, error) {
	live, err := c.tx.HeldBy(r.ID)
	if err != nil {
		return nil, err
	}
	place := make(map[Lease]int, len(live))
	for i, a := range live {
		place[a.Lease] = i
	}
	for _, h := range r.Held {
		i, ok := place[h.Lease]
		if !ok {
			a, revived, err := c.revive(r.ID, h.Lease)
			if err != nil {
				return nil, err
			}
			if !revived {
				if _, err := c.missing(r.Process, h.Lease, h.Proven); err != nil {
					return nil, err
				}
				continue
			}
			i = len(live)
			live, place[h.Lease] = append(live, a), i
		}
		if err := c.progress(&live[i], h); err != nil {
			return nil, err
		}
	}
	return live, nil
}

// progress stores the step that the holder of an attempt reports. A worker may
// report any number: a step beyond the last one of the task counts as the last.
func (c *call) progress(a *Attempt, h Held) error {
	if h.Step > a.Step {
		s, err := c.specification(a.Task)
		if err != nil {
			return err
		}
		h.Step = min(h.Step, uint64(s.Configuration.Training.Steps))
	}
	if h.Step <= a.Step && (a.Started || !h.Started) {
		return nil
	}
	a.Step = max(a.Step, h.Step)
	a.Started = a.Started || h.Started
	return c.tx.PutAttempt(*a)
}

// revive makes an expired lease live again for its holder, if it was not granted
// again and a sweep still wants the task. The loss is forgotten.
func (c *call) revive(process string, l Lease) (a Attempt, revived bool, err error) {
	a, found, err := c.tx.Attempt(l)
	if err != nil || !found || a.Process != process {
		return a, false, err
	}
	r, newest, err := c.newest(a)
	if err != nil || !newest {
		return a, false, err
	}
	wanted, err := c.tx.Referring(l.Task)
	if err != nil || len(wanted) == 0 {
		return a, false, err
	}
	a.reopen()
	if err := c.tx.PutAttempt(a); err != nil {
		return a, false, err
	}
	attempts, err := c.tx.Attempts(l.Task)
	if err != nil {
		return a, false, err
	}
	r.Phase, r.Reason, r.Alone = Leased, "", c.policy.blame(attempts, r.Pardoned).alone
	return a, true, c.tx.PutRecord(r)
}

// newest says whether what a holder tells of an attempt still counts: no later
// attempt exists, the task is not done, and this one is live or ended only
// because nothing was heard of it or nobody wanted it.
func (c *call) newest(a Attempt) (r Record, ok bool, err error) {
	r, err = c.record(a.Task)
	if err != nil {
		return r, false, err
	}
	open := a.Outcome == Live || a.Outcome == Lost || a.Outcome == Withdrawn
	return r, open && r.Attempt == a.Attempt && r.Phase != Done, nil
}
