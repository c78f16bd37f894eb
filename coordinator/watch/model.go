package watch

import (
	"cmp"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"spiqsweep/coordinator/app"
)

// Messages of the model beside those of Bubble Tea.
type (
	// readMsg is the state that was read, or why it could not be.
	readMsg struct {
		state app.Overview
		err   error
	}
	// logMsg has the lines of the log of a configuration, or why they could not be read.
	logMsg struct {
		label string
		lines []string
		err   error
	}
	// clockMsg is the present time.
	clockMsg time.Time
)

// action is what the program is to do after an update.
type action int

const (
	nothing action = iota
	quit
	suspend
	readLog // of the selected configuration
)

// screen is what the model shows.
type screen int

const (
	tableScreen screen = iota
	workerScreen
	logScreen
	helpScreen
)

// order is what the table is sorted by.
type order int

const (
	byGrid order = iota
	byProgress
	byRunning
	byFailed
	byError
	orders // their number
)

var orderNames = [orders]string{"grid", "progress", "running", "failed", "error"}

// model is the state of the program.
type model struct {
	outlook       func(app.Status) string // how the sweep will go on
	width, height int
	now           time.Time

	state  app.Overview
	isRead bool      // state was read
	readAt time.Time // when it was read, or the program began
	err    error     // of the last reading

	screen    screen
	statistic string // a column of results.csv
	sortedBy  order
	reversed  bool
	filter    string
	typing    bool  // the filter is being typed
	shown     []int // positions of configurations in the order of the table
	longest   int   // width of the column of labels, if there is room
	selected  int   // position of a configuration

	label string   // of the log
	lines []string // of the log
	first int      // the first visible line of the other screens
	ended bool     // the last line of the log is to be visible
}

// newModel returns a model that shows a statistic, and begins at a time.
func newModel(statistic string, now time.Time, outlook func(app.Status) string) model {
	return model{outlook: outlook, width: 80, height: 24, now: now, readAt: now, statistic: statistic}
}

// update returns the model after a message.
func (m model) update(message tea.Msg) (model, action) {
	switch message := message.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = message.Width, message.Height
	case clockMsg:
		m.now = time.Time(message)
	case readMsg:
		if m.err = message.err; message.err == nil {
			m.state, m.isRead, m.readAt = message.state, true, m.now
			m.longest = len("configuration")
			for _, c := range m.state.Configurations {
				m.longest = max(m.longest, len(c.Label))
			}
			m.arrange()
		}
	case logMsg:
		if m.screen == logScreen && message.label == m.label {
			m.lines, m.ended = message.lines, true
			if message.err != nil {
				m.lines = []string{"the log could not be read: " + message.err.Error(), "r tries again"}
			}
		}
	case tea.PasteMsg:
		if m.typing {
			m.filter += strings.Join(strings.Fields(message.Content), " ")
			m.arrange()
		}
	case tea.KeyPressMsg:
		return m.press(message)
	}
	return m, nothing
}

func (m model) press(key tea.KeyPressMsg) (model, action) {
	name := key.String()
	switch {
	case name == "ctrl+c":
		return m, quit
	case name == "ctrl+z":
		return m, suspend
	case m.typing:
		return m.typed(key), nothing
	case name == "q":
		return m, quit
	case m.screen == tableScreen:
		return m.pressInTable(name)
	}
	page := max(1, m.height-chrome)
	switch name {
	case "esc", "backspace", "left", "h":
		m.screen = tableScreen
	case "?":
		m.show(helpScreen)
	case "w":
		m.show(workerScreen)
	case "r":
		if m.screen == logScreen {
			return m, readLog
		}
	case "up", "k":
		m.scroll(-1)
	case "down", "j":
		m.scroll(1)
	case "pgup":
		m.scroll(-page)
	case "pgdown", "space":
		m.scroll(page)
	case "home", "g":
		m.scroll(-len(m.content()))
	case "end", "G":
		m.scroll(len(m.content()))
	}
	return m, nothing
}

// typed changes the filter.
func (m model) typed(key tea.KeyPressMsg) model {
	switch key.String() {
	case "enter":
		m.typing = false
	case "esc":
		m.typing, m.filter = false, ""
	case "backspace":
		if letters := []rune(m.filter); len(letters) > 0 {
			m.filter = string(letters[:len(letters)-1])
		}
	default:
		m.filter += key.Text
	}
	m.arrange()
	return m
}

func (m model) pressInTable(name string) (model, action) {
	page := max(1, m.rows())
	switch name {
	case "up", "k":
		m.move(-1)
	case "down", "j":
		m.move(1)
	case "pgup":
		m.move(-page)
	case "pgdown", "space":
		m.move(page)
	case "home", "g":
		m.move(-len(m.shown))
	case "end", "G":
		m.move(len(m.shown))
	case "s":
		m.sortedBy = (m.sortedBy + 1) % orders
		m.arrange()
	case "S":
		m.sortedBy = (m.sortedBy + orders - 1) % orders
		m.arrange()
	case "r":
		m.reversed = !m.reversed
		m.arrange()
	case "e":
		m.turn(1)
	case "E":
		m.turn(-1)
	case "/":
		m.typing = true
	case "esc":
		m.filter = ""
		m.arrange()
	case "?":
		m.show(helpScreen)
	case "w":
		m.show(workerScreen)
	case "enter", "l", "right":
		if len(m.shown) > 0 {
			m.show(logScreen)
			m.label, m.lines = m.state.Configurations[m.selected].Label, []string{"reading the log ..."}
			return m, readLog
		}
	}
	return m, nothing
}

func (m *model) show(s screen) { m.screen, m.first, m.ended = s, 0, false }

// turn chooses another statistic.
func (m *model) turn(by int) {
	n := len(m.state.Statistics)
	if n == 0 {
		return
	}
	at := slices.Index(m.state.Statistics, m.statistic)
	if at < 0 && by < 0 {
		at = 0
	}
	m.statistic = m.state.Statistics[(at+by+n)%n]
	m.arrange()
}

// arrange filters and sorts the table. The selection stays on its configuration if that is shown.
func (m *model) arrange() {
	all := m.state.Configurations
	wanted := strings.ToLower(m.filter)
	m.shown = make([]int, 0, len(all))
	for i, c := range all {
		if wanted == "" || strings.Contains(strings.ToLower(c.Label), wanted) {
			m.shown = append(m.shown, i)
		}
	}
	statistic := slices.Index(m.state.Statistics, m.statistic)
	direction := 1
	if m.reversed {
		direction = -1
	}
	compare := m.comparison(statistic)
	if compare != nil || m.reversed {
		slices.SortStableFunc(m.shown, func(a, b int) int {
			if compare == nil {
				return direction * (a - b)
			}
			before, absent := compare(a, b)
			if absent {
				return before // configurations without the value come last in both directions
			}
			return direction * before
		})
	}
	if m.selected >= len(all) || !slices.Contains(m.shown, m.selected) {
		m.selected = 0
		if len(m.shown) > 0 {
			m.selected = m.shown[0]
		}
	}
}

// comparison returns how the table is sorted, the most remarkable configuration first, or nil
// for the order of the grid. absent reports that one of the two has no value.
func (m *model) comparison(statistic int) func(a, b int) (before int, absent bool) {
	all := m.state.Configurations
	switch m.sortedBy {
	case byProgress:
		return func(a, b int) (int, bool) {
			share := func(c app.ConfigurationState) float64 { return float64(c.Done) / float64(max(1, c.Tasks)) }
			return cmp.Compare(share(all[b]), share(all[a])), false
		}
	case byRunning:
		return func(a, b int) (int, bool) { return m.state.Running[b] - m.state.Running[a], false }
	case byFailed:
		return func(a, b int) (int, bool) {
			return all[b].Failed + all[b].Diverged - all[a].Failed - all[a].Diverged, false
		}
	case byError:
		return func(a, b int) (int, bool) {
			first, _, hasFirst := all[a].Mean(statistic)
			second, _, hasSecond := all[b].Mean(statistic)
			switch {
			case hasFirst && hasSecond:
				return cmp.Compare(first, second), false
			case hasFirst:
				return -1, true
			case hasSecond:
				return 1, true
			}
			return 0, true
		}
	case byGrid, orders:
	}
	return nil
}

// move moves the selection.
func (m *model) move(by int) {
	if len(m.shown) == 0 {
		return
	}
	at := min(max(0, slices.Index(m.shown, m.selected)+by), len(m.shown)-1)
	m.selected = m.shown[at]
}

// scroll moves the lines of another screen than the table.
func (m *model) scroll(by int) {
	m.first = min(max(0, m.visible()+by), m.lastFirst())
	m.ended = m.screen == logScreen && m.first == m.lastFirst()
}

// lastFirst returns the first visible line at the end of the content.
func (m *model) lastFirst() int { return max(0, len(m.content())-max(0, m.height-chrome)) }

// visible returns the first visible line of the content.
func (m *model) visible() int {
	if m.ended {
		return m.lastFirst()
	}
	return min(m.first, m.lastFirst())
}
