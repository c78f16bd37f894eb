package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// selecting is about which tasks a person means.
var selecting = []life{
	{"by sweep, task and cell", selectTasks},
	{"what cannot be meant", selectWrongly},
	{"more than a page", selectMany},
}

// setAside plans a sweep whose tasks then fail for good.
func setAside(l *Lab, id string, from, to int) {
	l.TB.Helper()
	l.Plan(id, Plan(from, to, 30))
	w := l.Worker(1)
	for l.Status(id).Counts.Failed < to-from {
		for _, h := range w.held() {
			w.Sync(Fails(h.Lease, "NaN"))
		}
		l.Tick(5 * time.Second)
		w.Sync()
	}
	w.Draining = true
	w.Sync()
}

func selectTasks(t *testing.T, l *Lab) {
	setAside(l, "A", 0, 3)
	setAside(l, "B", 2, 5) // task 2 is of both
	counts := func(id string, aside, pending int) {
		t.Helper()
		l.WantCounts(id, queue.Counts{Planned: 3, Failed: aside, Pending: pending})
	}
	retry := func(want int, s queue.Selection) {
		t.Helper()
		if n := l.Retry(queue.RetryRequest{Selection: s}); n != want {
			t.Errorf("%+v reopened %d, want %d", s, n, want)
		}
	}
	retry(1, queue.Selection{Sweep: "A", Tasks: []sweep.TaskID{Task(0).ID, Task(0).ID}})
	retry(0, queue.Selection{Sweep: "A", Tasks: []sweep.TaskID{Task(0).ID}})
	counts("A", 2, 1)
	retry(0, queue.Selection{Sweep: "A", Tasks: []sweep.TaskID{Task(0).ID}, Configurations: []sweep.ConfigurationFilter{{"neurons": 1.0}}})
	retry(2, queue.Selection{Sweep: "A", Configurations: []sweep.ConfigurationFilter{{"k": 0.0}, {"neurons": 1.0, "timesteps": 1.0}}})
	counts("A", 0, 3)
	counts("B", 2, 1)
	retry(2, queue.Selection{})
	counts("B", 0, 3)
}

func selectWrongly(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 3, 30))
	l.Plan("B", Plan(16, 17, 30))
	refuses := func(s queue.Selection, want error) {
		t.Helper()
		if _, _, err := l.Queue.Cancel(ctx, s); !errors.Is(err, want) {
			t.Errorf("%+v: %v, want %v", s, err, want)
		}
	}
	refuses(queue.Selection{Sweep: "C"}, queue.ErrUnknown)
	mistyped := []sweep.ConfigurationFilter{{"neurons": 2.0, "timesteps": 1.0}}
	refuses(queue.Selection{Sweep: "A", Configurations: mistyped}, queue.ErrInvalid)
	refuses(queue.Selection{Sweep: "A", Tasks: []sweep.TaskID{Task(1).ID}, Configurations: mistyped}, queue.ErrInvalid)
	_, err := l.Queue.Retry(ctx, queue.RetryRequest{Selection: queue.Selection{Sweep: "A", Configurations: mistyped}})
	if want := "no configuration of the sweep has neurons=2 (it has neurons = 1)"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want one with %q", err, want)
	}
	refuses(queue.Selection{Sweep: "A", Tasks: []sweep.TaskID{Task(3).ID}}, queue.ErrUnknown)
	refuses(queue.Selection{Sweep: "A", Tasks: []sweep.TaskID{Task(16).ID}}, queue.ErrUnknown)
	refuses(queue.Selection{Tasks: []sweep.TaskID{Task(0).ID[:10]}}, queue.ErrInvalid)
	refuses(queue.Selection{Tasks: []sweep.TaskID{""}}, queue.ErrUnknown)
	l.WantCounts("A", queue.Counts{Planned: 3, Pending: 3})
	// Of sweep B alone the beginning is that of one task.
	if n, _, err := l.Queue.Cancel(ctx, queue.Selection{Sweep: "B", Tasks: []sweep.TaskID{Task(16).ID[:10]}}); n != 1 || err != nil {
		t.Errorf("cancelled %d, %v", n, err)
	}
	l.WantCounts("B", queue.Counts{Planned: 1, Failed: 1})
}

func selectMany(t *testing.T, l *Lab) {
	const many = 600
	l.Plan("A", Plan(0, many, 30))
	cancelled, shared, err := l.Queue.Cancel(ctx, queue.Selection{Sweep: "A"})
	if cancelled != many || shared != 0 || err != nil {
		t.Errorf("cancelled %d, shared %d, %v", cancelled, shared, err)
	}
	if n := l.Retry(queue.RetryRequest{Selection: queue.Selection{Sweep: "A"}}); n != many {
		t.Errorf("reopened %d", n)
	}
	l.WantCounts("A", queue.Counts{Planned: many, Pending: many})
}
