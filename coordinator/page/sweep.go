package page

import (
	"errors"
	"net/http"
	"net/url"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep/figure"
	"spiqsweep/sweep/table"
)

// sweepView is what the page of a sweep shows.
type sweepView struct {
	Status   queue.Status
	Address  string // of the sweep
	Choices  []choice
	Error    string // the chosen statistic
	HeatMaps []heatMap
	Figures  []*figure.Figure
	Formats  []string
	Version  string // of the figures
	Claims   []table.Claim
	Drawing  bool   // the figures are being made
	Fault    string // why there are none
	Files    []string
	More     int // figures that are not shown
	// Unresolved reports that settings such as the preset are not known here.
	Unresolved bool
}

// maxFigures bounds the figures on the page of a sweep.
const maxFigures = 12

func (p *Page) showSweep(w http.ResponseWriter, r *http.Request) error {
	s, status, err := p.snapshot(r.Context(), r.PathValue("sweep"))
	if err != nil {
		return err
	}
	chosen := s.choose(r.URL.Query())
	shown := sweepView{
		Status: status, Address: s.address(""), Choices: chosen.all(), Error: chosen.Error.Chosen, HeatMaps: s.heatMaps(chosen),
		Formats: figure.Formats, Unresolved: s.grid == nil, Files: p.files(s),
	}
	v := view{Events: eventsOf(s.sweep.ID, false), Version: s.version, Data: &shown}
	made, of, err := p.report(s)
	switch {
	case errors.Is(err, errNoGrid):
		shown.Fault = err.Error()
	case err != nil:
		p.Log.Warn("cannot draw the figures of a sweep", "sweep", s.sweep.ID, "error", err)
		shown.Fault = "the figures cannot be drawn: " + err.Error()
	case made == nil:
		shown.Drawing = true
	}
	if made != nil {
		shown.Figures, shown.Claims, shown.Version = made.figures, made.claims, url.QueryEscape(of)
		if shown.More = len(shown.Figures) - maxFigures; shown.More > 0 {
			shown.Figures = shown.Figures[:maxFigures]
		}
	}
	if of != s.version && shown.Fault == "" {
		v.Version = "" // fetch it again
	}
	return p.render(w, r, "sweep", v)
}
