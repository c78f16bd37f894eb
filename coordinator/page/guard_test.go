package page

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// ask answers a request to a page. Headers are pairs of name and value; Host is one.
func ask(p http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "127.0.0.1:8080"
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		if r.Header.Set(headers[i], headers[i+1]); headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

// TestGuard checks which requests a page of this machine answers, and the headers of every
// answer.
func TestGuard(t *testing.T) {
	t.Parallel()
	p := New(Config{Queue: &fakeQueue{}})
	for _, c := range []struct {
		name, method, target string
		headers              []string
		status               int
		want                 string
	}{
		{"an address", "GET", "/", nil, 200, "Sweeps"},
		{"a name", "GET", "/", []string{"Host", "LOCALHOST:1"}, 200, "Sweeps"},
		{"IPv6", "GET", "/", []string{"Host", "[::1]:8080"}, 200, "Sweeps"},
		{"another loopback address, without a port", "GET", "/", []string{"Host", "127.1.2.3"}, 200, "Sweeps"},
		{"a rebound name", "GET", "/", []string{"Host", "evil.example:8080"}, 421, "localhost or 127.0.0.1"},
		{"a rebound name that looks like ours", "GET", "/", []string{"Host", "127.0.0.1.evil.example"}, 421, ""},
		{"no name", "GET", "/", []string{"Host", ""}, 421, ""},
		{"another machine's address", "GET", "/", []string{"Host", "192.0.2.1"}, 421, ""},
		{"a rebound name, static", "GET", "/static/page.css", []string{"Host", "evil.example"}, 421, ""},
		{"a link of another site", "GET", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 200, "Sweeps"},
		{"a frame of another site", "GET", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403, "another site"},
		{"a script of another site", "GET", "/static/page.js", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "script"}, 403, "another site"},
		{"a part of the page", "GET", "/static/page.js", []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "script"}, 200, "use strict"},
		{"a form of another site", "POST", "/logout", []string{"Origin", "https://evil.example"}, 403, "another site"},
		{"a form of a browser's other site", "POST", "/logout", []string{"Sec-Fetch-Site", "cross-site"}, 403, "another site"},
		{"no such page", "GET", "/nothing", nil, 404, "no such page"},
		{"a static file outside", "GET", "/static/..%2fpage.go", nil, 404, ""},
		{"HEAD", "HEAD", "/", nil, 200, ""},
		{"POST to a page", "POST", "/", nil, 405, ""},
		{"DELETE", "DELETE", "/login", nil, 405, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ask(p, c.method, c.target, "", c.headers...)
			if got.Code != c.status || !strings.Contains(got.Body.String(), c.want) {
				t.Errorf("status %d, want %d; body without %q: %.300s", got.Code, c.status, c.want, got.Body)
			}
			for name, want := range map[string]string{
				"Content-Security-Policy": contentSecurityPolicy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
				"Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
			} {
				if got := got.Header().Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

const testToken = "correct-horse"

// TestLogin checks who may read a page that other machines reach.
func TestLogin(t *testing.T) {
	t.Parallel()
	now := time.Now()
	p := New(Config{
		Queue: &fakeQueue{}, Token: testToken, Encrypted: true, Now: func() time.Time { return now },
		Handlers: map[string]http.Handler{"/metrics": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("numbers")) })},
	})
	form := url.Values{"token": {testToken}, "next": {"/sweeps/x?error=js_bits"}}.Encode()
	logIn := ask(p, "POST", "/login", form)
	cookies := logIn.Result().Cookies()
	if logIn.Code != http.StatusSeeOther || logIn.Header().Get("Location") != "/sweeps/x?error=js_bits" || len(cookies) != 1 {
		t.Fatalf("login: status %d to %q with %d cookies", logIn.Code, logIn.Header().Get("Location"), len(cookies))
	}
	cookie := cookies[0]
	if !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteStrictMode || strings.Contains(logIn.Header().Get("Set-Cookie"), testToken) {
		t.Errorf("the cookie is %s", logIn.Header().Get("Set-Cookie"))
	}
	session := cookie.Name + "=" + cookie.Value
	flipped := []byte(session)
	flipped[len(cookie.Name)+5] ^= 1
	for _, c := range []struct {
		name, path string
		headers    []string
		status     int
		want       string
	}{
		{"nobody, a browser", "/", []string{"Accept", "text/html"}, 303, ""},
		{"nobody, a program", "/metrics", nil, 401, "token is missing"},
		{"nobody, static", "/static/page.css", nil, 200, "body"},
		{"nobody, the login", "/login", nil, 200, "Operator"},
		{"a session", "/", []string{"Cookie", session}, 200, "Log out"},
		{"an altered session", "/", []string{"Cookie", string(flipped)}, 401, ""},
		{"a short session", "/", []string{"Cookie", cookie.Name + "=AAAA"}, 401, ""},
		{"a bearer token", "/metrics", []string{"Authorization", "Bearer " + testToken}, 200, "numbers"},
		{"a bearer token, other case", "/metrics", []string{"Authorization", "bearer " + testToken}, 200, "numbers"},
		{"a wrong bearer token", "/metrics", []string{"Authorization", "Bearer " + testToken + "x"}, 401, ""},
		{"an empty bearer token", "/metrics", []string{"Authorization", "Bearer "}, 401, ""},
		{"another scheme", "/metrics", []string{"Authorization", "Basic " + testToken}, 401, ""},
		{"a wrong bearer token with a session", "/", []string{"Authorization", "Bearer x", "Cookie", session}, 401, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ask(p, "GET", c.path, "", append(c.headers, "Host", "anything.example")...)
			if got.Code != c.status || !strings.Contains(got.Body.String(), c.want) {
				t.Errorf("status %d, want %d: %.200s", got.Code, c.status, got.Body)
			}
		})
	}
	if again := New(Config{Queue: &fakeQueue{}, Token: testToken}); ask(again, "GET", "/", "", "Cookie", session).Code != 200 {
		t.Error("a session does not outlive the coordinator")
	}
	other := New(Config{Queue: &fakeQueue{}, Token: "another"})
	if ask(other, "GET", "/", "", "Cookie", session).Code != 401 {
		t.Error("a session of another token is accepted")
	}
	// Browsers send the cookies of a host to all its ports.
	cookiesOfOther := ask(other, "POST", "/login", "token=another").Result().Cookies()
	if len(cookiesOfOther) != 1 || cookiesOfOther[0].Name == cookie.Name {
		t.Errorf("the session of another coordinator on this host replaces this one: cookies %v", cookiesOfOther)
	}
	now = now.Add(sessionTerm + time.Second)
	if got := ask(p, "GET", "/", "", "Cookie", session); got.Code != 401 {
		t.Errorf("a session that has ended: status %d", got.Code)
	}
	if got := ask(p, "POST", "/logout", "", "Authorization", "Bearer "+testToken).Header().Get("Set-Cookie"); !strings.Contains(got, "Max-Age=0") {
		t.Errorf("log out sets the cookie %s", got)
	}
}

// TestLoginAttempts checks that attempts are limited by network, and that the login leads
// only to pages of this server.
func TestLoginAttempts(t *testing.T) {
	t.Parallel()
	now := time.Now()
	p := New(Config{Queue: &fakeQueue{}, Token: testToken, Now: func() time.Time { return now }})
	for range loginBurst {
		if got := ask(p, "POST", "/login", "token=wrong"); got.Code != 403 || !strings.Contains(got.Body.String(), "operator.json") {
			t.Fatalf("a wrong token: status %d: %s", got.Code, got.Body)
		}
	}
	if got := ask(p, "POST", "/login", "token="+testToken); got.Code != 429 || got.Header().Get("Retry-After") == "" {
		t.Errorf("attempt beyond the limit: status %d", got.Code)
	}
	now = now.Add(loginEvery)
	if got := ask(p, "POST", "/login", "token="+testToken); got.Code != 303 {
		t.Errorf("attempt after the pause: status %d", got.Code)
	}
	for next, want := range map[string]string{
		"": "/", "/sweeps/a?b=c": "/sweeps/a?b=c", "//evil.example": "/", "https://evil.example": "/", `/\evil.example`: "/", "/\t/evil.example": "/", "javascript:1": "/",
	} {
		if got := localPath(next); got != want {
			t.Errorf("next %q leads to %q, want %q", next, got, want)
		}
	}
}
