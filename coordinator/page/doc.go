// Package page serves the state of sweeps as web pages: an overview, each sweep with its
// heat maps, figures and tasks, and downloads, kept up to date by server-sent events.
//
// # How to add a page
//
// A page is a method of [Page] in a file under its name, such as workers.go, and a
// template under the same name, such as templates/workers.html, which defines "title" and
// "main". Register the method in Page.routes. It reads the queue and calls Page.render; an
// error that it returns becomes a page with the error's sentence (see Page.fail):
//
//	func (p *Page) showWorkers(w http.ResponseWriter, r *http.Request) error {
//		snapshot, err := p.Queue.Sweeps(r.Context())
//		if err != nil {
//			return err
//		}
//		return p.render(w, r, "workers", view{Events: allSweeps, Data: snapshot})
//	}
//
// Elements with an id and the attribute data-live are replaced when an event of the view's
// Events arrives: the script fetches the same address again. Forms, open details and
// everything else that a reader edits stay outside of them. Templates escape names, notes
// and messages; no template may use a script, a style attribute or an address of another
// host, because the Content-Security-Policy forbids them.
//
// # Security
//
// A page that only this machine reaches needs no login, but refuses requests under other
// names than those of this machine, and requests that other sites make. Any other page
// needs the operator's token: as a bearer token, or once in a form, which sets a cookie
// that is derived from the token and does not reveal it.
package page
