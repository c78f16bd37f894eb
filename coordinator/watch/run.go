package watch

import (
	"context"
	"errors"
	"os"
	"time"

	tea "charm.land/bubbletea/v2"

	"spiqsweep/coordinator/app"
)

// Source reads what is shown. Read is not called concurrently.
type Source struct {
	Read func(context.Context) (app.Overview, error)
	// Log returns the lines of the log of a configuration.
	Log func(context.Context, app.ConfigurationState) ([]string, error)
	// Outlook returns a line on how the sweep will go on, or "".
	Outlook func(app.Status) string
}

// Intervals of reading.
const (
	readEvery = time.Second
	// readPauseFactor is the least ratio of the pause after a reading to its duration, and
	// longestPause bounds the pause.
	readPauseFactor = 5
	longestPause    = 10 * time.Second
)

// Run shows the sweep on a terminal, beginning with a statistic, until the user leaves or ctx
// ends, and returns the cause of ctx then. Input and output are the terminal; signals are left to
// the caller.
func Run(ctx context.Context, source Source, statistic string, in, out *os.File) error {
	return run(ctx, source, statistic, tea.WithInput(in), tea.WithOutput(out))
}

// run is Run on the terminal of the options.
func run(ctx context.Context, source Source, statistic string, terminal ...tea.ProgramOption) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p := tea.NewProgram(program{model: newModel(statistic, time.Now(), source.Outlook), ctx: ctx, source: source},
		append(terminal, tea.WithContext(ctx), tea.WithoutSignalHandler(), tea.WithFPS(30))...)
	defer followSuspension(p)()
	_, err := p.Run()
	if cause := context.Cause(ctx); errors.Is(err, tea.ErrProgramKilled) && cause != nil {
		return cause
	}
	return err
}

// program is the model with the commands that its actions mean.
type program struct {
	model  model
	ctx    context.Context // of the whole program, which Bubble Tea does not pass to commands
	source Source
}

// Init implements tea.Model.
func (p program) Init() tea.Cmd { return tea.Batch(p.read(0), tick()) }

// Update implements tea.Model.
func (p program) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	updated, wanted := p.model.update(message)
	p.model = updated
	switch message := message.(type) {
	case timedReadMsg:
		p.model, _ = p.model.update(message.readMsg)
		return p, p.read(pauseAfter(message.took))
	case clockMsg:
		return p, tick()
	}
	switch wanted {
	case quit:
		return p, tea.Quit
	case suspend:
		stop()
	case readLog:
		return p, p.readLog()
	case nothing:
	}
	return p, nil
}

// View implements tea.Model.
func (p program) View() tea.View {
	v := tea.NewView(p.model.view())
	v.AltScreen = true
	return v
}

func tick() tea.Cmd {
	return tea.Tick(time.Second, func(now time.Time) tea.Msg { return clockMsg(now) })
}

// timedReadMsg is a readMsg with the duration of the reading.
type timedReadMsg struct {
	readMsg
	took time.Duration
}

// pauseAfter returns the pause after a reading that took that long.
func pauseAfter(took time.Duration) time.Duration {
	return min(max(readEvery, readPauseFactor*took), longestPause)
}

// read reads the state after a pause.
func (p program) read(pause time.Duration) tea.Cmd {
	return func() tea.Msg {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-p.ctx.Done():
			return nil
		}
		began := time.Now()
		state, err := p.source.Read(p.ctx)
		return timedReadMsg{readMsg{state, err}, time.Since(began)}
	}
}

func (p program) readLog() tea.Cmd {
	c := p.model.state.Configurations[p.model.selected]
	return func() tea.Msg {
		lines, err := p.source.Log(p.ctx, c)
		return logMsg{c.Label, lines, err}
	}
}
