package page

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

const (
	staticPath = "/static/"
	loginPath  = "/login"

	// contentSecurityPolicy lets a page use nothing but what this server sends, and no
	// script or style inside a page.
	contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
		"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

	// figurePolicy lets an SVG file that is opened by itself use the styles inside it, and
	// nothing else.
	figurePolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

	// maxBody bounds the body of a request, which is a form.
	maxBody = 16 << 10
)

// guard refuses requests that may not read the pages, and sets the headers of every answer.
func (p *Page) guard(next http.Handler) http.Handler {
	sites := http.NewCrossOriginProtection()
	sites.SetDenyHandler(p.handle(func(http.ResponseWriter, *http.Request) error { return errForeignSite }))
	next = sites.Handler(p.authenticate(next))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", contentSecurityPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		switch {
		case p.Token == "" && !isLocalHost(r.Host):
			p.fail(w, r, &httpError{http.StatusMisdirectedRequest, errForeignName})
		case isEmbedded(r):
			p.fail(w, r, errForeignSite)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

var (
	errForeignName = errorText("this page answers under the names of this machine alone, such as localhost or 127.0.0.1: another site may have sent you here")
	errForeignSite = &httpError{http.StatusForbidden, errorText("another site made this request: open the page itself")}
)

// errorText is a constant error.
type errorText string

func (e errorText) Error() string { return string(e) }

// isLocalHost reports whether the Host of a request names this machine by a loopback
// address. A site that rebinds its own name to 127.0.0.1 has its own name there.
func isLocalHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}

// isEmbedded reports whether a page of another site uses an answer as its part. A link to a
// page is none.
func isEmbedded(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		return r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document"
	default:
		return false
	}
}

// authenticate lets readers pass that have presented the token, if there is one. Browsers
// are sent to the login.
func (p *Page) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		isPublic := r.URL.Path == loginPath || strings.HasPrefix(r.URL.Path, staticPath)
		switch {
		case p.Token == "" || isPublic || p.login.has(r, p.Now()):
			next.ServeHTTP(w, r)
		case r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html"):
			http.Redirect(w, r, loginPath+"?"+url.Values{"next": {r.URL.RequestURI()}}.Encode(), http.StatusSeeOther)
		default:
			w.Header().Set("WWW-Authenticate", "Bearer")
			p.fail(w, r, &httpError{http.StatusUnauthorized, errorText("the operator's token is missing or wrong: send it as a bearer token, or log in at " + loginPath)})
		}
	})
}

// sameSecret compares two texts in a time that depends on neither.
func sameSecret(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
