package queue_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/sweep"
)

// TestUnmatchedConfigurations checks that a configuration filter without a task is refused
// by name, whatever other filters match, and that nothing changes.
func TestUnmatchedConfigurations(t *testing.T) {
	for name, test := range map[string]struct {
		configurations []sweep.ConfigurationFilter
		want           int    // selected tasks
		fault          string // or ""
	}{
		"a value":                    {[]sweep.ConfigurationFilter{{"neurons": 8.0}}, 2, ""},
		"two configurations":         {[]sweep.ConfigurationFilter{{"neurons": 8.0, "timesteps": 1.0}, {"neurons": 10.0}}, 3, ""},
		"one configuration twice":    {[]sweep.ConfigurationFilter{{"neurons": 8.0}, {"neurons": 8.0}}, 2, ""},
		"a setting that is no axis":  {[]sweep.ConfigurationFilter{{"neurons": 8.0, "entangler": "chain"}}, 2, ""},
		"every configuration":        {[]sweep.ConfigurationFilter{{}}, 4, ""},
		"no such value":              {[]sweep.ConfigurationFilter{{"neurons": 9.0}}, 0, "no configuration of the sweep has neurons=9 (it has neurons = 8, 10)"},
		"… beside one that is there": {[]sweep.ConfigurationFilter{{"neurons": 8.0}, {"neurons": 9.0}}, 0, "no configuration of the sweep has neurons=9 (it has neurons = 8, 10)"},
		"… of one setting of two":    {[]sweep.ConfigurationFilter{{"neurons": 8.0, "timesteps": 3.0}}, 0, "no configuration of the sweep has timesteps=3 (it has timesteps = 1, 2)"},
		"… of what is no axis":       {[]sweep.ConfigurationFilter{{"neurons": 8.0}, {"entangler": "ring"}}, 0, "no configuration of the sweep has entangler=\"ring\" (it has entangler = \"chain\")"},
		"a model":                    {[]sweep.ConfigurationFilter{{"model": "spiqgan"}}, 4, ""},
		"no such model":              {[]sweep.ConfigurationFilter{{"model": "psth"}}, 0, `no configuration of the sweep has model="psth" (it has model = "spiqgan")`},
		"… of both":                  {[]sweep.ConfigurationFilter{{"neurons": 9.0, "timesteps": 3.0}}, 0, "no configuration of the sweep has neurons=9,timesteps=3 (it has neurons = 8, 10 and timesteps = 1, 2)"},
		"each there, but not both":   {[]sweep.ConfigurationFilter{{"neurons": 10.0, "k": 0.5}, {"neurons": 8.0}}, 0, "no configuration of the sweep has k=0.5,neurons=10 (it has k = 0, 0.5 and neurons = 8, 10)"},
	} {
		t.Run(name, func(t *testing.T) {
			q := queue.New(memory(time.Now), queue.Policy{ChangePage: 3})
			planGrid(t, q)
			s := queue.Selection{Sweep: "A", Configurations: test.configurations}
			n, _, err := q.Cancel(context.Background(), s)
			wantSelected(t, "cancel", n, err, test.want, test.fault)
			n, err = q.Retry(context.Background(), queue.RetryRequest{Selection: s})
			wantSelected(t, "retry", n, err, test.want, test.fault)
			// The configurations exist, but nothing is left to retry.
			n, err = q.Retry(context.Background(), queue.RetryRequest{Selection: s})
			wantSelected(t, "retry once more", n, err, 0, test.fault)
		})
	}
}

// planGrid plans one task each of four configurations.
func planGrid(t *testing.T, q *queue.Queue) {
	t.Helper()
	plan := queuetest.Plan(0, 4, 10)
	for i, configuration := range []struct {
		neurons, timesteps int
		k                  float64
	}{{8, 1, 0}, {8, 2, 0.5}, {10, 1, 0}, {10, 2, 0}} {
		c := &plan[i].Task.Configuration
		c.Neurons, c.Timesteps, c.K = configuration.neurons, configuration.timesteps, configuration.k
	}
	if _, err := q.Plan(context.Background(), queuetest.Sweep("A"), queuetest.Stream(plan)); err != nil {
		t.Fatal(err)
	}
}

func wantSelected(t *testing.T, what string, n int, err error, want int, fault string) {
	t.Helper()
	if n != want || (err == nil) != (fault == "") {
		t.Errorf("%s: %d tasks, %v: want %d, %q", what, n, err, want, fault)
	}
	if err != nil && (!errors.Is(err, queue.ErrInvalid) || !strings.Contains(err.Error(), fault)) {
		t.Errorf("%s: %v: want %v with %q", what, err, queue.ErrInvalid, fault)
	}
}
