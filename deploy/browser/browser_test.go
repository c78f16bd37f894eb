package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// recorder is a test whose failures are kept. It does not end at the first.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, arguments ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, arguments...))
}

// TestFaultsAreReported opens pages with one fault each, and one without.
func TestFaultsAreReported(t *testing.T) {
	browser := Start(t)
	for _, test := range []struct{ what, body, fault string }{
		{"nothing", `<p>text</p>`, ""},
		{"an exception", `<script src="/throw.js"></script>`, "Error: thrown"},
		{"an error in the console", `<script src="/error.js"></script>`, "console: error"},
		{"a script in the page", `<script>document.title = "ran"</script>`, "Content Security Policy"},
		{"a style in the page", `<p style="color: red">text</p>`, "Content Security Policy"},
		{"a missing file", `<img src="/none.png" alt="none">`, "404"},
		{"another server", `<img src="http://127.0.0.1:1/x.png" alt="none">`, "127.0.0.1:1"},
		{"low contrast", `<p class="pale">text</p>`, "contrast"},
		{"a field without a label", `<input id="x">`, "label"},
	} {
		t.Run(test.what, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src *")
				switch r.URL.Path {
				case "/":
					w.Header().Set("Content-Type", "text/html")
					fmt.Fprintf(w, `<!doctype html><html lang="en"><title>x</title><link rel="icon" href="/icon.svg" type="image/svg+xml"><link rel="stylesheet" href="/x.css"><main><h1>x</h1>%s</main>`, test.body)
				case "/x.css":
					w.Header().Set("Content-Type", "text/css")
					fmt.Fprint(w, ".pale { color: #ccc; background: #fff }")
				case "/icon.svg":
					w.Header().Set("Content-Type", "image/svg+xml")
					fmt.Fprint(w, `<svg xmlns="http://www.w3.org/2000/svg"/>`)
				case "/throw.js":
					fmt.Fprint(w, `throw new Error("thrown")`)
				case "/error.js":
					fmt.Fprint(w, `console.error("said")`)
				default:
					http.NotFound(w, r)
				}
			}))
			defer server.Close()
			recorded := &recorder{TB: t}
			tab := browser.Tab(recorded, 800, 600, Light)
			tab.Open(server.URL)
			tab.Accessible()
			tab.Check()
			said := strings.Join(recorded.failures, "\n")
			if test.fault == "" && said != "" || !strings.Contains(said, test.fault) {
				t.Errorf("reported %q, want %q", said, test.fault)
			}
		})
	}
}
