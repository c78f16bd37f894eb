package browser

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"spiqsweep/deploy/needs"
)

// timeout bounds each action. It is long, for machines under load: only a test that fails
// takes as long.
const timeout = 30 * time.Second

// Browser is a Chromium process without a window. It ends with its test.
type Browser struct{ ctx context.Context }

// Start starts Chromium, or skips the test where there is none.
func Start(t testing.TB) *Browser {
	t.Helper()
	path := needs.Program(t, "chromium", "chromium")
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.CombinedOutput(io.Discard),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // which does not run as root
	}
	processes, end := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(end) // waits for the process
	ctx, cancel := chromedp.NewContext(processes)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return &Browser{ctx}
}

// Scheme is a colour scheme that a reader prefers.
type Scheme string

// The colour schemes.
const (
	Light Scheme = "light"
	Dark  Scheme = "dark"
)

// Tab is a page with a separate width and session. Its methods fail the test, and must be called from
// the test's goroutine.
type Tab struct {
	t   testing.TB
	ctx context.Context

	mu      sync.Mutex
	origin  string   // that requests may have; "" before the first page
	allowed []string // parts of the texts of faults that are expected
	faults  []string
}

// Tab opens an empty tab with a separate session, a width and a height in pixels, and a
// colour scheme. The end of the test checks it.
func (b *Browser) Tab(t testing.TB, width, height int, scheme Scheme) *Tab {
	t.Helper()
	tab := &Tab{t: t}
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(tab.note))
	tab.ctx = ctx
	t.Cleanup(func() {
		cancel()
		tab.Check()
	})
	// The tab lives as long as the context of its first action.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	tab.Resize(width, height)
	tab.Prefer(scheme)
	return tab
}

// note collects what no page may do. It runs between the messages of the browser.
func (tab *Tab) note(event any) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		words := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			words += " " + e.ExceptionDetails.Exception.Description
		}
		tab.faults = append(tab.faults, "exception: "+words)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			words := fmt.Sprintf("console: %s", e.Type)
			for _, a := range e.Args {
				words += " " + string(a.Value) + a.Description
			}
			tab.faults = append(tab.faults, words)
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			tab.faults = append(tab.faults, fmt.Sprintf("%s: %s: %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *network.EventRequestWillBeSent:
		if to, err := url.Parse(e.Request.URL); err != nil || to.Scheme != "data" && tab.origin != "" && to.Scheme+"://"+to.Host != tab.origin {
			tab.faults = append(tab.faults, "request to another server: "+e.Request.URL)
		}
	}
}

// Allow expects faults whose texts contain a part, such as those of a server that is away.
func (tab *Tab) Allow(part string) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.allowed = append(tab.allowed, part)
}

// Check reports the faults since the last check.
func (tab *Tab) Check() {
	tab.t.Helper()
	tab.mu.Lock()
	defer tab.mu.Unlock()
	for _, fault := range tab.faults {
		if !slices.ContainsFunc(tab.allowed, func(part string) bool { return strings.Contains(fault, part) }) {
			tab.t.Errorf("the page has a fault: %s", fault)
		}
	}
	tab.faults = nil
}

// within runs an action and bounds its time.
func within[T any](tab *Tab, what string, action chromedp.Action[T]) T {
	tab.t.Helper()
	return bounded(tab, what, func(ctx context.Context) (T, error) { return chromedp.Run(ctx, action) })
}

// call sends a command of the DevTools protocol.
func call[P, R any](tab *Tab, command cdp.Command[P, R], parameters P) R {
	tab.t.Helper()
	return bounded(tab, command.Method, func(ctx context.Context) (R, error) { return chromedp.Call(ctx, command, parameters) })
}

// bounded calls do, which must heed its context. It calls do again if the page has replaced
// the element that it found, as pages do that fill in live.
func bounded[T any](tab *Tab, what string, do func(context.Context) (T, error)) T {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, timeout)
	defer cancel()
	value, err := do(ctx)
	for err != nil && ctx.Err() == nil && strings.Contains(err.Error(), "No node with given id found") {
		value, err = do(ctx)
	}
	if err != nil {
		tab.Check()
		tab.t.Fatalf("%s: %v", what, err)
	}
	return value
}

// Resize sets the size of the visible part of the page.
func (tab *Tab) Resize(width, height int) {
	tab.t.Helper()
	within(tab, "resize", chromedp.EmulateViewport(int64(width), int64(height)))
}

// Prefer sets the colour scheme that the reader prefers.
func (tab *Tab) Prefer(scheme Scheme) {
	tab.t.Helper()
	call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: string(scheme)}},
	})
}

// Open opens an address, and waits until the page and its parts are there.
func (tab *Tab) Open(address string) {
	tab.t.Helper()
	to, err := url.Parse(address)
	if err != nil {
		tab.t.Fatal(err)
	}
	tab.mu.Lock()
	tab.origin = to.Scheme + "://" + to.Host
	tab.mu.Unlock()
	within(tab, "open "+address, chromedp.Navigate(address))
}

// Until waits until an expression of JavaScript is true, also in a page that replaces the
// present one.
func (tab *Tab) Until(expression string) {
	tab.t.Helper()
	promise := "new Promise(resolve => { const check = () => { if (" + expression + ") resolve(true); else setTimeout(check, 10); }; check(); })"
	bounded(tab, "wait until "+expression, func(ctx context.Context) (bool, error) {
		for {
			met, err := chromedp.Run(ctx, chromedp.Evaluate[bool](promise, chromedp.EvalAwaitPromise))
			if err == nil || ctx.Err() != nil || !isReplaced(err) {
				return met, err
			}
		}
	})
}

// isReplaced reports whether an evaluation failed because another page took the place of
// its page.
func isReplaced(err error) bool {
	for _, words := range []string{"context was destroyed", "navigated or closed", "Cannot find context", "Promise was collected", "TypeError: Cannot read properties of null"} {
		if strings.Contains(err.Error(), words) {
			return true
		}
	}
	return false
}

// Eval returns the value of an expression of JavaScript, after a promise is fulfilled.
func Eval[T any](tab *Tab, expression string) T {
	tab.t.Helper()
	return within(tab, "evaluate "+expression, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Text returns the visible text of the first element that a selector of CSS matches.
func (tab *Tab) Text(selector string) string {
	tab.t.Helper()
	return within(tab, "read "+selector, chromedp.Text(chromedp.CSS(selector)))
}

// Click clicks the first visible element that a selector matches.
func (tab *Tab) Click(selector string) {
	tab.t.Helper()
	within(tab, "click "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Type enters text in the first element that a selector matches.
func (tab *Tab) Type(selector, text string) {
	tab.t.Helper()
	within(tab, "type into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Press presses keys in the focused element, such as kb.Tab of chromedp/kb.
func (tab *Tab) Press(keys string) {
	tab.t.Helper()
	within(tab, "press keys", chromedp.KeyEvent(keys))
}

// Screenshot writes the page as NAME.png into the folder SPIQSWEEP_SCREENSHOTS, if it is
// set, for a person to look at.
func (tab *Tab) Screenshot(name string) {
	tab.t.Helper()
	folder := os.Getenv("SPIQSWEEP_SCREENSHOTS")
	if folder == "" {
		return
	}
	beyond := true
	shot := call(tab, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: &beyond})
	if err := os.WriteFile(filepath.Join(folder, name+".png"), shot.Data, 0o644); err != nil {
		tab.t.Fatal(err)
	}
}

// Accessible checks the page with axe-core: contrasts, labels, roles and the other rules of
// WCAG 2.2 AA and of best practice.
func (tab *Tab) Accessible() {
	tab.t.Helper()
	_, module := needs.NodeModule(tab.t, "axe-core")
	source, err := os.ReadFile(filepath.Join(module, "axe.min.js"))
	if err != nil {
		tab.t.Fatal(err)
	}
	// The evaluation is no part of the page, so its Content-Security-Policy stays in force.
	within(tab, "load axe-core", chromedp.Evaluate[chromedp.Void](string(source)))
	type finding struct {
		ID    string   `json:"id"`
		Help  string   `json:"help"`
		Nodes []string `json:"nodes"`
	}
	findings := Eval[[]finding](tab, `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v => ({
		id: v.id, help: v.help, nodes: v.nodes.slice(0, 3).map(n => n.html.slice(0, 200) + " " + n.failureSummary)})))`)
	for _, f := range findings {
		tab.t.Errorf("%s: %s (%s): %s", Eval[string](tab, "location.pathname + ' at ' + innerWidth + ' px, ' + (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')"),
			f.Help, f.ID, strings.Join(f.Nodes, "\n"))
	}
}
