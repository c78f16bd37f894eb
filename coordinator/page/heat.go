package page

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"spiqsweep/sweep"
)

// choice is a setting of the heat maps with its values, of which one is chosen.
type choice struct {
	Name, Label string
	Values      []string
	Chosen      string
}

// choices are the settings of the heat maps.
type choices struct {
	Error, Model, K choice
	Axes            []choice // of the settings that are swept
}

// all lists those choices that have several values.
func (c choices) all() []choice {
	return slices.DeleteFunc(append([]choice{c.Error, c.Model, c.K}, c.Axes...), func(one choice) bool { return len(one.Values) < 2 })
}

// choose reads the choices of a query. A value that there is not is replaced by the first.
func (s *snapshot) choose(query url.Values) choices {
	pick := func(name, label string, values []string) choice {
		c := choice{Name: name, Label: label, Values: values}
		if asked := query.Get(name); slices.Contains(values, asked) {
			c.Chosen = asked
		} else if len(values) > 0 {
			c.Chosen = values[0]
		}
		return c
	}
	models, ks := []string{}, map[float64]bool{}
	axes := make([][]string, len(s.settings))
	for _, c := range s.configurations {
		models = addNew(models, c.Model)
		if !c.IsFitted() && c.K != 0 {
			ks[c.K] = true
		}
		for i, setting := range s.settings {
			if setting.ReadBy(c.Configuration) {
				axes[i] = addNew(axes[i], value(setting, c.Configuration))
			}
		}
	}
	var losses []string
	for _, k := range slices.Sorted(maps.Keys(ks)) {
		losses = append(losses, sweep.Format(k))
	}
	all := choices{Error: pick("error", "Statistic", s.columns), Model: pick(sweep.ModelKey, "Model", models), K: pick("k", "K", losses)}
	for i, setting := range s.settings {
		all.Axes = append(all.Axes, pick(setting.Name, setting.Name, axes[i]))
	}
	return all
}

func addNew(values []string, v string) []string {
	if slices.Contains(values, v) {
		return values
	}
	return append(values, v)
}

// has reports whether a heat map shows a configuration. A setting that the configuration
// does not read excludes none.
func (c choices) has(settings []sweep.Setting, of sweep.Configuration) bool {
	if of.Model != c.Model.Chosen {
		return false
	}
	for i, setting := range settings {
		if setting.ReadBy(of) && value(setting, of) != c.Axes[i].Chosen {
			return false
		}
	}
	return true
}

// heatMap is a table of the configurations of one loss: neurons down, timesteps across.
type heatMap struct {
	Title     string
	Timesteps []int
	Rows      []heatRow
	Tasks     int
}

type heatRow struct {
	Neurons int
	Cells   []heatCell // by heatMap.Timesteps
}

// heatCell is a configuration. Tasks is 0 where there is none.
type heatCell struct {
	Tasks, Done, Failed, Leased int
	Mean, Floor                 float64 // of the error; NaN if undefined
	Values                      int     // in the mean
	Level                       int     // of the colour, from 1 for the smallest mean to heatLevels; 0 without a mean
	Link                        string  // of the tasks
	Label                       string

	logarithms float64 // their sum
	zero       bool    // an error is 0, so that the mean is
}

// heatLevels is the number of colours.
const heatLevels = 9

// place is a field of a heat map.
type place struct{ neurons, timesteps int }

// cells returns the fields of the heat maps of the standard loss and of the K-loss.
func (s *snapshot) cells(c choices) (losses [2]map[place]*heatCell) {
	losses = [2]map[place]*heatCell{{}, {}}
	cells := make([]*heatCell, len(s.configurations)) // nil if not shown
	column := slices.Index(s.columns, c.Error.Chosen)
	for i, of := range s.configurations {
		loss := losses[0]
		if !of.IsFitted() && of.K != 0 {
			if loss = losses[1]; sweep.Format(of.K) != c.K.Chosen {
				continue
			}
		}
		if !c.has(s.settings, of.Configuration) {
			continue
		}
		at := place{of.Neurons, of.Timesteps}
		if loss[at] == nil {
			loss[at] = &heatCell{
				Mean: math.NaN(), Floor: math.NaN(), Link: s.tasksLink(of.Configuration), Label: of.LabelOfReplicates(s.settings...),
			}
		}
		cells[i] = loss[at]
		if of.floors != nil && column >= 0 {
			cells[i].Floor = float64(of.floors[column])
		}
	}
	for i := range s.rows {
		if cell := cells[s.rows[i].configuration]; cell != nil {
			cell.add(&s.rows[i], column)
		}
	}
	for _, loss := range losses {
		for _, cell := range loss {
			cell.finish()
		}
	}
	return losses
}

// heatMaps returns the heat maps of the standard loss and of the K-loss. Their colours have
// one logarithmic scale. A model without k has one map.
func (s *snapshot) heatMaps(c choices) []heatMap {
	losses := s.cells(c)
	var neurons, timesteps []int
	low, high := math.Inf(1), math.Inf(-1)
	for _, loss := range losses {
		for at, cell := range loss {
			neurons, timesteps = append(neurons, at.neurons), append(timesteps, at.timesteps)
			if cell.Mean > 0 {
				low, high = min(low, math.Log(cell.Mean)), max(high, math.Log(cell.Mean))
			}
		}
	}
	slices.Sort(neurons)
	slices.Sort(timesteps)
	neurons, timesteps = slices.Compact(neurons), slices.Compact(timesteps)
	titles := [2]string{"Standard loss (k = 0)", "K-loss (k = " + c.K.Chosen + ")"}
	if c.Model.Chosen != sweep.ModelSpiQGAN && len(losses[1]) == 0 {
		titles[0] = "Model " + c.Model.Chosen
	}
	var all []heatMap
	for i, loss := range losses {
		if len(loss) == 0 {
			continue
		}
		shown := heatMap{Title: titles[i], Timesteps: timesteps}
		for _, n := range neurons {
			row := heatRow{Neurons: n}
			for _, t := range timesteps {
				cell := heatCell{}
				if known := loss[place{n, t}]; known != nil {
					cell = *known
				}
				cell.colour(low, high)
				shown.Tasks += cell.Tasks
				row.Cells = append(row.Cells, cell)
			}
			shown.Rows = append(shown.Rows, row)
		}
		all = append(all, shown)
	}
	return all
}

func (c *heatCell) add(r *taskRow, column int) {
	c.Tasks++
	switch r.state {
	case done:
		c.Done++
	case failed, diverged:
		c.Failed++
	case leased:
		c.Leased++
	case pending:
	}
	if r.errors == nil || column < 0 {
		return
	}
	if v := float64(r.errors[column]); v == 0 {
		c.Values, c.zero = c.Values+1, true
	} else if v > 0 { // not NaN
		c.Values, c.logarithms = c.Values+1, c.logarithms+math.Log(v)
	}
}

// finish computes the geometric mean, as summary.csv has it; it is 0 if an error is 0, where
// summary.csv has no value.
func (c *heatCell) finish() {
	switch {
	case c.zero:
		c.Mean = 0
	case c.Values > 0:
		c.Mean = math.Exp(c.logarithms / float64(c.Values))
	}
}

// colour sets the level of a cell, from the logarithms of the smallest and largest means.
func (c *heatCell) colour(low, high float64) {
	switch {
	case c.Tasks == 0 || math.IsNaN(c.Mean):
	case c.Mean == 0 || high <= low:
		c.Level = 1
	default:
		c.Level = 1 + int(math.Round((heatLevels-1)*(math.Log(c.Mean)-low)/(high-low)))
	}
}

// tasksLink returns the address of the tasks of a configuration.
func (s *snapshot) tasksLink(c sweep.Configuration) string {
	words := []string{fmt.Sprintf("neurons=%d timesteps=%d", c.Neurons, c.Timesteps)}
	if c.IsBaseline() || len(s.models()) > 1 {
		words = append(words, sweep.ModelKey+"="+c.Model)
	}
	if !c.IsFitted() {
		words = append(words, "k="+sweep.Format(c.K))
	}
	for _, setting := range s.settings {
		if setting.ReadBy(c) {
			words = append(words, setting.Name+"="+value(setting, c))
		}
	}
	return s.address("/tasks") + "?" + url.Values{"q": {strings.Join(words, " ")}}.Encode()
}

func (s *snapshot) models() []string {
	var models []string
	for _, c := range s.configurations {
		models = addNew(models, c.Model)
	}
	return models
}

// address returns the address of a part of the sweep.
func (s *snapshot) address(part string) string { return "/sweeps/" + url.PathEscape(s.sweep.ID) + part }

// best returns the configuration with the smallest geometric mean of an error.
func (s *snapshot) best(column string) (label string, mean float64, found bool) {
	at := slices.Index(s.columns, column)
	if at < 0 {
		return "", 0, false
	}
	cells := make([]heatCell, len(s.configurations))
	for i := range s.rows {
		cells[s.rows[i].configuration].add(&s.rows[i], at)
	}
	for i := range cells {
		if cells[i].Mean = math.NaN(); cells[i].Values == 0 {
			continue
		}
		if cells[i].finish(); !found || cmp.Less(cells[i].Mean, mean) {
			label, mean, found = s.configurations[i].LabelOfReplicates(s.settings...), cells[i].Mean, true
		}
	}
	return label, mean, found
}

// Text returns what a cell shows.
func (c heatCell) Text() string {
	if c.Values == 0 {
		return "–"
	}
	return formatNumber(c.Mean)
}

// Progress returns the progress of a cell.
func (c heatCell) Progress() string {
	text := strconv.Itoa(c.Done) + "/" + strconv.Itoa(c.Tasks)
	if c.Failed > 0 {
		text += fmt.Sprintf(", %d failed", c.Failed)
	}
	if c.Leased > 0 {
		text += fmt.Sprintf(", %d at workers", c.Leased)
	}
	return text
}
