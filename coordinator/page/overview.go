package page

import (
	"net/http"
)

// showOverview lists the sweeps.
func (p *Page) showOverview(w http.ResponseWriter, r *http.Request) error {
	sweeps, err := p.Queue.Sweeps(r.Context())
	if err != nil {
		return err
	}
	return p.render(w, r, "overview", view{Data: sweeps})
}
