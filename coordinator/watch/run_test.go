package watch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"spiqsweep/coordinator/app"
)

// screenBuffer is what a terminal got.
type screenBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
	got  chan struct{} // closed when the text has wanted
	want string
}

func newScreenBuffer(want string) *screenBuffer {
	return &screenBuffer{want: want, got: make(chan struct{})}
}

func (b *screenBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, err := b.text.Write(p)
	if b.want != "" && strings.Contains(b.text.String(), b.want) {
		b.want = ""
		close(b.got)
	}
	return n, err
}

const (
	alternateScreen = "\x1b[?1049h"
	mainScreen      = "\x1b[?1049l"
)

// checkRestored checks that the alternate screen was entered, and left at last.
func (b *screenBuffer) checkRestored(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	text := b.text.String()
	if entered, left := strings.LastIndex(text, alternateScreen), strings.LastIndex(text, mainScreen); entered < 0 || left < entered {
		t.Errorf("the alternate screen is entered at %d and left at %d of %q", entered, left, text)
	}
}

// TestTheScreenIsRestored ends the program in every way that needs no terminal.
func TestTheScreenIsRestored(t *testing.T) {
	read := func(context.Context) (app.Overview, error) { return overview(), nil }
	hungUp := errors.New("hang-up")
	for name, test := range map[string]struct {
		read func(context.Context) (app.Overview, error)
		end  func(keys io.Writer, cancel context.CancelCauseFunc)
		want error
	}{
		"a key":    {read, func(keys io.Writer, _ context.CancelCauseFunc) { _, _ = keys.Write([]byte("q")) }, nil},
		"a signal": {read, func(_ io.Writer, cancel context.CancelCauseFunc) { cancel(hungUp) }, hungUp},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			in, keys := io.Pipe()
			out := newScreenBuffer("demo: ")
			go func() {
				<-out.got
				test.end(keys, cancel)
			}()
			err := run(ctx, Source{Read: test.read, Outlook: func(app.Status) string { return "" }}, "mse_k_probability", tea.WithInput(in), tea.WithOutput(out), tea.WithWindowSize(80, 24))
			if !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
			out.checkRestored(t)
		})
	}
}

// TestAPanicRestoresTheScreen checks a fault while a log is read, and while the state is shown.
func TestAPanicRestoresTheScreen(t *testing.T) {
	for name, key := range map[string]string{"reading": "\r", "showing": "j"} {
		t.Run(name, func(t *testing.T) {
			in, keys := io.Pipe()
			out := newScreenBuffer("demo: ")
			source := Source{
				Read: func(context.Context) (app.Overview, error) { return overview(), nil },
				Log:  func(context.Context, app.ConfigurationState) ([]string, error) { panic("a fault of the test") },
				Outlook: func(app.Status) string {
					select {
					case <-out.got:
						if name == "showing" {
							panic("a fault of the test")
						}
					default:
					}
					return ""
				},
			}
			go func() {
				<-out.got
				_, _ = keys.Write([]byte(key))
			}()
			err := run(t.Context(), source, "mse_k_probability", tea.WithInput(in), tea.WithOutput(out), tea.WithWindowSize(80, 24))
			if !errors.Is(err, tea.ErrProgramPanic) {
				t.Errorf("%v, want a panic", err)
			}
			out.checkRestored(t)
		})
	}
}

// TestReadingIsTriedAgain checks that a failed reading is followed by the next, and that a slow
// one leaves its source time.
func TestReadingIsTriedAgain(t *testing.T) {
	p := program{model: newTestModel(), ctx: t.Context(), source: Source{Read: func(context.Context) (app.Overview, error) {
		return app.Overview{}, errors.New("refused")
	}}}
	message := p.read(0)()
	after, next := p.Update(message)
	if next == nil {
		t.Fatal("nothing is read after a failure")
	}
	if m := after.(program).model; m.err == nil || !m.isRead || m.state.Name != "demo" {
		t.Errorf("the last state is lost after a failure: %v, %v, %q", m.err, m.isRead, m.state.Name)
	}
	for took, want := range map[time.Duration]time.Duration{0: readEvery, time.Second: 5 * time.Second, time.Minute: longestPause} {
		if got := pauseAfter(took); got != want {
			t.Errorf("pause after %v: %v, want %v", took, got, want)
		}
	}
}
