package main

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// latencies gathers how long calls took.
type latencies struct {
	mu  sync.Mutex
	all []time.Duration // guarded by mu
}

func (l *latencies) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, d)
}

// quantile is the nearest-rank one, of a share in (0, 1]; 0 without any call.
func (l *latencies) quantile(share float64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.all) == 0 {
		return 0
	}
	slices.Sort(l.all)
	return l.all[max(0, min(len(l.all)-1, int(share*float64(len(l.all))+0.5)-1))]
}

func (l *latencies) String() string {
	ms := func(share float64) float64 { return float64(l.quantile(share).Microseconds()) / 1000 }
	return fmt.Sprintf("%d calls, median %.1f ms, p99 %.1f ms, largest %.1f ms", len(l.all), ms(0.5), ms(0.99), ms(1))
}
