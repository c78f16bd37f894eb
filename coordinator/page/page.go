package page

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"iter"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// Queue is the part of a queue that the page reads.
type Queue interface {
	Sweeps(context.Context) ([]queue.Summary, error)
	Sweep(ctx context.Context, id string) (queue.Sweep, error)
	Status(ctx context.Context, sweep string) (queue.Status, error)
	Configurations(ctx context.Context, sweep string) iter.Seq2[queue.Planned, error]
	Rows(ctx context.Context, sweep string) iter.Seq2[queue.Row, error]
	Attempts(ctx context.Context, sweep string) iter.Seq2[queue.History, error]
	Result(ctx context.Context, task sweep.TaskID, digest string) ([]byte, error)
	Recording(ctx context.Context, digest string) ([]byte, error)
	Look(ctx context.Context, sweep string, task sweep.TaskID) (queue.Look, error)
	Workers(context.Context) (queue.Present, error)
}

// Config configures a Page.
type Config struct {
	Queue Queue
	// Token is the operator's token, which a reader must present; "": readers need none,
	// because only processes of this machine can connect.
	Token string
	// Encrypted reports that readers connect by TLS.
	Encrypted bool
	// Handlers answer GET on further paths, such as "/metrics" and "/debug/pprof/", after the
	// same checks.
	Handlers map[string]http.Handler
	// Variables are the values of --var for grids that need them.
	Variables map[string]string
	// Folders are the output folders of sweeps, by ID. Their files are offered as they are.
	// The tables and figures of other sweeps are made from the store.
	Folders map[string]string
	// Selected returns what a configuration of a sweep in Folders is trained on; nil: that is
	// not known.
	Selected func(context.Context, sweep.Configuration) (folder.Selected, error)
	Log      hclog.Logger
	Now      func() time.Time // nil: time.Now
}

// Page serves the pages. It is an http.Handler.
type Page struct {
	Config
	handler   http.Handler
	templates map[string]*template.Template
	login     login

	summaries cached[[]queue.Summary]
	statuses  *lru.Cache[string, *cached[queue.Status]] // by sweep
	entries   *lru.Cache[string, *entry]                // by sweep
	trainings *lru.Cache[string, *training]             // by task and result
	drawing   singleflight.Group                        // of trainings
	present   cached[queue.Present]
	hosts     derived[[]hostRow]
	streams   atomic.Int64 // of events, that are open

	mu      sync.Mutex // guards starting in running, and stop
	ctx     context.Context
	stop    context.CancelFunc
	running sync.WaitGroup
}

// entry is what is kept of a sweep.
type entry struct {
	reading sync.Mutex // held while the rows are read

	mu       sync.Mutex // guards the fields below
	snapshot *snapshot
	readAt   time.Time
	took     time.Duration

	report derived[*report]
	best   derived[best]
}

//go:embed templates static
var files embed.FS

// New returns the pages of a queue.
func New(c Config) *Page {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = hclog.NewNullLogger()
	}
	p := &Page{
		Config: c, templates: readTemplates(), login: newLogin(c.Token, c.Encrypted),
		statuses: newCache[*cached[queue.Status]](maxCached), entries: newCache[*entry](maxSnapshots),
		trainings: newCache[*training](maxTrainings),
	}
	p.ctx, p.stop = context.WithCancel(context.Background())
	p.handler = p.guard(p.routes())
	return p
}

// ServeHTTP implements http.Handler.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

// routes returns the handlers of all paths.
func (p *Page) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, show := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /{$}":                                p.showOverview,
		"GET /events":                             p.sendEvents,
		"GET /sweeps/{sweep}":                     p.showSweep,
		"GET /sweeps/{sweep}/tasks":               p.showTasks,
		"GET /sweeps/{sweep}/tasks/{task}":        p.showTask,
		"GET /sweeps/{sweep}/tasks/{task}/{file}": p.sendTrainingFile,
		"GET /workers":                            p.showWorkers,
		"GET /sweeps/{sweep}/figures/{file}":      p.sendFigure,
		"GET /sweeps/{sweep}/files/{name...}":     p.sendFile,
		"GET /login":                              p.showLogin,
		"POST /login":                             p.logIn,
		"POST /logout":                            p.logOut,
		"GET /":                                   func(http.ResponseWriter, *http.Request) error { return notFound("there is no such page") },
	} {
		mux.Handle(pattern, p.handle(show))
	}
	static, err := fs.Sub(files, "static")
	if err != nil {
		panic(err) // the folder is embedded
	}
	mux.Handle("GET "+staticPath, http.StripPrefix(staticPath, http.FileServerFS(static)))
	for path, handler := range p.Handlers {
		mux.Handle("GET "+path, handler)
	}
	return mux
}

// handle adapts a method that may fail. A method that fails must not have written before.
func (p *Page) handle(show func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := show(w, r); err != nil {
			p.fail(w, r, err)
		}
	})
}

// httpError is an error with the status code that a browser gets.
type httpError struct {
	status int
	err    error
}

func (e *httpError) Error() string { return e.err.Error() }
func (e *httpError) Unwrap() error { return e.err }

// notFound returns an error for what does not exist.
func notFound(format string, arguments ...any) error {
	return &httpError{http.StatusNotFound, fmt.Errorf(format, arguments...)}
}

// badRequest returns an error for a request that a reader can correct.
func badRequest(format string, arguments ...any) error {
	return &httpError{http.StatusBadRequest, fmt.Errorf(format, arguments...)}
}

// fail writes a page with the sentence of an error.
func (p *Page) fail(w http.ResponseWriter, r *http.Request, err error) {
	known := (*httpError)(nil)
	status := http.StatusInternalServerError
	switch {
	case r.Context().Err() != nil:
		return // nobody reads the answer
	case errors.As(err, &known):
		status = known.status
	case errors.Is(err, queue.ErrUnknown):
		status = http.StatusNotFound
	case errors.Is(err, queue.ErrUnavailable):
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "5")
	default:
		p.Log.Error("cannot show a page", "path", r.URL.Path, "error", err)
	}
	if fault := p.renderStatus(w, status, "error", view{Data: err.Error()}); fault != nil {
		p.Log.Error("cannot show an error", "error", fault)
	}
}

// view is what a template shows.
type view struct {
	// Events is the address of the events after which the page fetches itself again, as of
	// eventsOf; "": it never changes.
	Events string
	// Version is the version of the events that the page shows. While it is another than
	// that of the last event, the script fetches the page again.
	Version string
	Data    any
	// HasLogin is set by render: the page has a login, and so a way to log out.
	HasLogin bool
}

// render writes a page.
func (p *Page) render(w http.ResponseWriter, _ *http.Request, name string, v view) error {
	return p.renderStatus(w, http.StatusOK, name, v)
}

func (p *Page) renderStatus(w http.ResponseWriter, status int, name string, v view) error {
	v.HasLogin = p.Token != "" && name != "login"
	var body bytes.Buffer // so that an error leaves no half page
	if err := p.templates[name].ExecuteTemplate(&body, "base", v); err != nil {
		return fmt.Errorf("render page %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err := body.WriteTo(w)
	if err != nil {
		p.Log.Debug("a reader left before the end of a page", "page", name, "error", err)
	}
	return nil
}

// newCache returns a cache of the values that were used last.
func newCache[T any](size int) *lru.Cache[string, T] {
	c, err := lru.New[string, T](size)
	if err != nil {
		panic(err) // the size is positive
	}
	return c
}

// readTemplates reads the templates of all pages, by name, each with base.html.
func readTemplates() map[string]*template.Template {
	base := template.Must(template.New("").Funcs(functions).ParseFS(files, "templates/base.html"))
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		panic(err)
	}
	all := map[string]*template.Template{}
	for _, name := range names {
		if name == "templates/base.html" {
			continue
		}
		page := template.Must(template.Must(base.Clone()).ParseFS(files, name))
		all[name[len("templates/"):len(name)-len(".html")]] = page
	}
	return all
}
