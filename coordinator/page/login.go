package page

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

const (
	// sessionCookie begins the name of the cookie. The rest depends on the token: browsers send
	// cookies to all ports of a host, where another coordinator may have its page.
	sessionCookie = "spiqsweep_session_"
	// sessionTerm is how long a login lasts.
	sessionTerm = 12 * time.Hour
	// loginBurst and loginEvery limit the attempts to log in from one network, and those of
	// all together to loginFactor times as many.
	loginBurst  = 5
	loginEvery  = 5 * time.Second
	loginFactor = 10
	// maxNetworks bounds the networks whose attempts are remembered.
	maxNetworks = 1 << 12
)

// login knows who has presented the token. A session is its end and a random number, with a
// MAC under a key that is derived from the token: nothing is kept of it here, it outlives
// the coordinator, and it does not reveal the token.
type login struct {
	token     string
	encrypted bool
	key       []byte
	name      string // of the cookie
	all       *rate.Limiter
	networks  *lru.Cache[string, *rate.Limiter]
}

func newLogin(token string, encrypted bool) login {
	derive := func(purpose string) []byte {
		mac := hmac.New(sha256.New, []byte(token))
		mac.Write([]byte("spiqsweep: " + purpose))
		return mac.Sum(nil)
	}
	return login{
		token: token, encrypted: encrypted, key: derive("sessions of the page"), networks: newCache[*rate.Limiter](maxNetworks),
		name: sessionCookie + hex.EncodeToString(derive("name of the cookie of the page")[:8]),
		all:  rate.NewLimiter(rate.Every(loginEvery/loginFactor), loginBurst*loginFactor),
	}
}

// has reports whether a request carries the token or a session.
func (l login) has(r *http.Request, now time.Time) bool {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return sameSecret(token, l.token)
	}
	cookie, err := r.Cookie(l.name)
	return err == nil && l.isSession(cookie.Value, now)
}

const sessionHead = 8 + 16 // bytes: the end of the session in Unix seconds, a random number

// newSession returns a session that begins now.
func (l login) newSession(now time.Time) string {
	head := make([]byte, sessionHead)
	binary.BigEndian.PutUint64(head, uint64(now.Add(sessionTerm).Unix()))
	_, _ = rand.Read(head[8:]) // never fails
	return base64.RawURLEncoding.EncodeToString(slices.Concat(head, l.mac(head)))
}

func (l login) isSession(text string, now time.Time) bool {
	body, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(body) != sessionHead+sha256.Size || !hmac.Equal(body[sessionHead:], l.mac(body[:sessionHead])) {
		return false
	}
	return now.Unix() < int64(binary.BigEndian.Uint64(body))
}

func (l login) mac(body []byte) []byte {
	mac := hmac.New(sha256.New, l.key)
	mac.Write(body)
	return mac.Sum(nil)
}

// mayTry reports whether a network may try to log in now.
func (l login) mayTry(remoteAddr string, now time.Time) bool {
	network := networkOf(remoteAddr)
	fresh := rate.NewLimiter(rate.Every(loginEvery), loginBurst)
	limiter, found, _ := l.networks.PeekOrAdd(network, fresh)
	if !found {
		limiter = fresh
	}
	l.networks.Get(network) // marks it as recently used
	return limiter.AllowN(now, 1) && l.all.AllowN(now, 1)
}

// networkOf returns the host of an address; for IPv6 its /64 network, since one machine may
// use all of its addresses.
func networkOf(remoteAddr string) string {
	host, _, err := net.SplitHostPort(remoteAddr)
	if err != nil {
		return remoteAddr
	}
	address, err := netip.ParseAddr(host)
	if err != nil || address.Unmap().Is4() {
		return host
	}
	return netip.PrefixFrom(address.WithZone(""), 64).Masked().String()
}

// loginForm is what the login shows.
type loginForm struct{ Next, Fault string }

func (p *Page) showLogin(w http.ResponseWriter, r *http.Request) error {
	return p.render(w, r, "login", view{Data: loginForm{Next: localPath(r.FormValue("next"))}})
}

func (p *Page) logIn(w http.ResponseWriter, r *http.Request) error {
	form := loginForm{Next: localPath(r.PostFormValue("next"))}
	status := http.StatusForbidden
	switch {
	case p.Token == "":
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	case !p.login.mayTry(r.RemoteAddr, p.Now()):
		status, form.Fault = http.StatusTooManyRequests, "Too many attempts: wait a minute."
		w.Header().Set("Retry-After", "60")
	case !sameSecret(strings.TrimSpace(r.PostFormValue("token")), p.Token):
		form.Fault = "This is not the operator's token: copy the field token of operator.json in the coordinator's folder."
	default:
		http.SetCookie(w, p.login.cookie(p.login.newSession(p.Now()), int(sessionTerm/time.Second)))
		http.Redirect(w, r, form.Next, http.StatusSeeOther)
		return nil
	}
	return p.renderStatus(w, status, "login", view{Data: form})
}

func (p *Page) logOut(w http.ResponseWriter, r *http.Request) error {
	http.SetCookie(w, p.login.cookie("", -1))
	http.Redirect(w, r, loginPath, http.StatusSeeOther)
	return nil
}

func (l login) cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: l.name, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: l.encrypted, SameSite: http.SameSiteStrictMode,
	}
}

// localPath returns a path of this server, "/" for anything else.
func localPath(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}
