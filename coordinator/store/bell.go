package store

import "sync"

// bell is rung by commits that announce themselves. Whoever waits for the next
// ring holds the channel of Changed.
type bell struct {
	mu      sync.Mutex
	changed chan struct{} // guarded by mu; closed by the next ring
}

func newBell() *bell { return &bell{changed: make(chan struct{})} }

func (b *bell) Changed() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.changed
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.changed)
	b.changed = make(chan struct{})
}
