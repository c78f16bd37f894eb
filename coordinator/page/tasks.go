package page

import (
	"cmp"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
)

// pageSize is the number of tasks on a page.
const pageSize = 100

// maxQueryText bounds the text of a query, whose words are looked for in every task.
const maxQueryText = 500

// taskQuery selects and orders tasks.
type taskQuery struct {
	Text  string // words and settings such as neurons=8
	State string // one of stateNames; "" is any
	Sort  string // one of sortKeys
	Down  bool
	Error string // the column that is shown
	Page  int    // from 1
}

// sortKeys are the orders of tasks: of the table, by state, by the error.
var sortKeys = []string{"row", "state", "error"}

func readTaskQuery(query url.Values, columns []string) (taskQuery, error) {
	if text := query.Get("q"); len(text) > maxQueryText {
		return taskQuery{}, badRequest("q has %d bytes: must have at most %d", len(text), maxQueryText)
	}
	q := taskQuery{Text: query.Get("q"), State: query.Get("state"), Sort: cmp.Or(query.Get("sort"), sortKeys[0]), Down: query.Get("down") != "", Error: query.Get("error"), Page: 1}
	if !slices.Contains(columns, q.Error) && len(columns) > 0 {
		q.Error = columns[0]
	}
	if text := query.Get("page"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return q, badRequest("page=%.20q: must be a number from 1 on", text)
		}
		q.Page = n
	}
	if q.State != "" && !slices.Contains(stateNames, q.State) {
		return q, badRequest("state=%.20q: must be %s", q.State, strings.Join(stateNames, ", "))
	}
	if !slices.Contains(sortKeys, q.Sort) {
		return q, badRequest("sort=%.20q: must be %s", q.Sort, strings.Join(sortKeys, ", "))
	}
	return q, nil
}

// address returns the query with another page.
func (q taskQuery) address(page int) string {
	values := url.Values{}
	for name, v := range map[string]string{"q": q.Text, "state": q.State, "error": q.Error} {
		if v != "" {
			values.Set(name, v)
		}
	}
	if q.Sort != sortKeys[0] {
		values.Set("sort", q.Sort)
	}
	if q.Down {
		values.Set("down", "1")
	}
	if page > 1 {
		values.Set("page", strconv.Itoa(page))
	}
	return "?" + values.Encode()
}

// taskFilter is the text of a query, read.
type taskFilter struct {
	settings sweep.ConfigurationFilter
	words    []string // in lower case; a task must have each of them
}

// readTaskFilter reads settings, such as n=8 k=1 or n=8,k=1, and other words.
func readTaskFilter(text string) (taskFilter, error) {
	var f taskFilter
	given := map[string]string{}
	for word := range strings.FieldsSeq(text) {
		if !strings.Contains(word, "=") {
			f.words = append(f.words, strings.ToLower(word))
			continue
		}
		name := ""
		for part := range strings.SplitSeq(word, ",") {
			if before, after, isSetting := strings.Cut(part, "="); isSetting {
				name = before
				given[name] = after
			} else {
				given[name] += "," + part // a list, such as select=50,2
			}
		}
	}
	settings, err := grid.ReadFilter(given)
	if err != nil {
		return f, badRequest("%w", err)
	}
	f.settings = settings
	return f, nil
}

// selectTasks returns the positions of the selected rows, in order.
func (s *snapshot) selectTasks(q taskQuery) ([]int32, error) {
	f, err := readTaskFilter(q.Text)
	if err != nil {
		return nil, err
	}
	fits, labels := make([]bool, len(s.configurations)), make([]string, len(s.configurations))
	for i, c := range s.configurations {
		if fits[i] = f.settings.Has(c.Configuration); fits[i] && len(f.words) > 0 {
			labels[i] = strings.ToLower(c.LabelOfReplicates(s.settings...))
		}
	}
	var found []int32
	for i := range s.rows {
		row := &s.rows[i]
		if fits[row.configuration] && (q.State == "" || row.state.String() == q.State) && hasWords(row, labels[row.configuration], f.words) {
			found = append(found, int32(i))
		}
	}
	column := slices.Index(s.columns, q.Error)
	switch q.Sort {
	case "state":
		slices.SortStableFunc(found, func(a, b int32) int { return direct(q.Down, cmp.Compare(s.rows[a].state, s.rows[b].state)) })
	case "error": // those without one come last
		slices.SortStableFunc(found, func(a, b int32) int {
			x, y := s.error(&s.rows[a], column), s.error(&s.rows[b], column)
			if math.IsNaN(x) || math.IsNaN(y) {
				return -cmp.Compare(x, y) // NaN is less than any number
			}
			return direct(q.Down, cmp.Compare(x, y))
		})
	default:
		if q.Down {
			slices.Reverse(found)
		}
	}
	return found, nil
}

func direct(down bool, order int) int {
	if down {
		return -order
	}
	return order
}

// hasWords reports whether each word is in the label of a row's configuration, its replicate,
// its state or its reason, or begins its ID.
func hasWords(r *taskRow, label string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(label, word) && !strings.Contains("replicate", word) && word != strconv.Itoa(int(r.replicate)) &&
			!strings.Contains(r.state.String(), word) && !strings.HasPrefix(string(r.id), word) && !strings.Contains(strings.ToLower(r.reason), word) {
			return false
		}
	}
	return true
}

// error returns an error of a row, NaN without one.
func (s *snapshot) error(r *taskRow, column int) float64 {
	if column < 0 || r.errors == nil {
		return math.NaN()
	}
	return float64(r.errors[column])
}

// shownTask is a task in a table.
type shownTask struct {
	ID            sweep.TaskID
	Label, Reason string
	State         string
	Error         float64
}

// tasksView is what the list of tasks shows.
type tasksView struct {
	Name, Address string
	Query         taskQuery
	States        []string
	Columns       []string
	Tasks         []shownTask
	Found, First  int // tasks in all, and the number of the first one on this page, from 1
	Pages         int
	Previous      string // addresses of other pages; "": there is none
	Next          string
	Fault         string // why nothing was selected
}

// Last returns the number of the last task on the page.
func (v tasksView) Last() int { return v.First + len(v.Tasks) - 1 }

func (p *Page) showTasks(w http.ResponseWriter, r *http.Request) error {
	s, _, err := p.snapshot(r.Context(), r.PathValue("sweep"))
	if err != nil {
		return err
	}
	q, err := readTaskQuery(r.URL.Query(), s.columns)
	if err != nil {
		return err
	}
	shown := tasksView{Name: s.sweep.Name, Address: s.address(""), Query: q, States: stateNames, Columns: s.columns}
	status := http.StatusOK
	found, err := s.selectTasks(q)
	if err != nil {
		shown.Fault, status = err.Error(), http.StatusBadRequest
	}
	shown.fill(s, q, found)
	return p.renderStatus(w, status, "tasks", view{Events: eventsOf(s.sweep.ID, false), Version: s.version, Data: shown})
}

// fill adds the page of the tasks that were found.
func (v *tasksView) fill(s *snapshot, q taskQuery, found []int32) {
	v.Found, v.Pages = len(found), max(1, (len(found)+pageSize-1)/pageSize)
	number := min(q.Page, v.Pages)
	from := (number - 1) * pageSize
	v.First = from + 1
	column := slices.Index(s.columns, q.Error)
	for _, i := range found[from:min(from+pageSize, len(found))] {
		row := &s.rows[i]
		v.Tasks = append(v.Tasks, shownTask{row.id, s.label(row), row.reason, row.state.String(), s.error(row, column)})
	}
	v.Query.Page = number
	if number > 1 {
		v.Previous = q.address(number - 1)
	}
	if number < v.Pages {
		v.Next = q.address(number + 1)
	}
}
