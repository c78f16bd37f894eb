package page

import (
	"context"
	"net/http"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// overviewDetails is the number of sweeps, by turn, whose time left and best error the
// overview shows, and of which it reads the rows.
const overviewDetails = maxSnapshots

// overviewSweep is a sweep in the overview.
type overviewSweep struct {
	queue.Summary
	TimeLeft  time.Duration // 0: no estimate
	Best      float64       // the smallest geometric mean of the error of P(k)
	BestLabel string        // its configuration; "": none yet
}

// showOverview lists the sweeps.
func (p *Page) showOverview(w http.ResponseWriter, r *http.Request) error {
	sweeps, err := p.allSweeps(r.Context())
	if err != nil {
		return err
	}
	shown := make([]overviewSweep, len(sweeps))
	v := view{Events: eventsOf("", false), Version: versionOfAll(sweeps), Data: shown}
	for i, s := range sweeps {
		shown[i].Summary = s
		if i >= overviewDetails {
			continue
		}
		status, err := p.status(r.Context(), s.ID)
		if err != nil {
			continue // it was deleted just now
		}
		shown[i].TimeLeft = status.TimeLeft
		best, made, _ := p.entry(s.ID).best.get(p, version(status), func(ctx context.Context) (best, error) {
			rows, _, err := p.snapshot(ctx, s.ID)
			if err != nil {
				return best{}, err
			}
			b := best{}
			b.label, b.mean, _ = rows.best(sweep.ErrorColumn(sweep.ErrorNames[0]))
			return b, nil
		})
		shown[i].Best, shown[i].BestLabel = best.mean, best.label
		if made != version(status) {
			v.Version = "" // fetch it again
		}
	}
	return p.render(w, r, "overview", v)
}

// best is the configuration with the smallest error.
type best struct {
	label string
	mean  float64
}
