package queue

// turns goes round the sweeps that may be served in one call.
type turns struct {
	sweeps []Sweep // whose turn it is, first; by Turn
	last   int64   // the largest turn
}

func newTurns(sweeps []Sweep) *turns {
	t := &turns{sweeps: append([]Sweep(nil), sweeps...)}
	for _, s := range sweeps {
		t.last = max(t.last, s.Turn)
	}
	return t
}

func (t *turns) any() bool { return len(t.sweeps) > 0 }

// next is the sweep whose turn it is.
func (t *turns) next() Sweep { return t.sweeps[0] }

// drop leaves the next sweep out: it has nothing to give.
func (t *turns) drop() { t.sweeps = t.sweeps[1:] }

// took sends the next sweep to the end of the line. Alone it stays where it is.
func (c *call) took(s Sweep, t *turns) error {
	if len(t.sweeps) == 1 {
		return nil
	}
	t.last++
	s.Turn = t.last
	t.sweeps = append(t.sweeps[1:], s)
	return c.tx.SetTurn(s.ID, s.Turn)
}
