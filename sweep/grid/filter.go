package grid

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"spiqsweep/sweep"
)

// shortNames are the names that papers use for some settings.
var shortNames = map[string]string{"n": "neurons", "t": "timesteps"}

// ReadFilter reads a filter from texts, setting to value. Names may be short (n,
// t); sweep.ModelKey is the model. Values are written as in a grid file, texts with or without quotes. The
// error joins all faults.
func ReadFilter(settings map[string]string) (sweep.ConfigurationFilter, error) {
	filter := sweep.ConfigurationFilter{}
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if name == sweep.ModelKey {
			model, err := readModel(settings[name])
			if filter[name] = model; err != nil {
				faults = append(faults, err)
			}
			continue
		}
		setting, err := findSetting(name)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		value, err := readValue(setting, settings[name])
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if before, twice := filter[setting.Name]; twice && before != value {
			faults = append(faults, fmt.Errorf("%s is given twice: %s and %s", setting.Name, sweep.Format(before), sweep.Format(value)))
		}
		filter[setting.Name] = value
	}
	return filter, errors.Join(faults...)
}

func findSetting(name string) (sweep.Setting, error) {
	setting, known := sweep.Lookup(cmp.Or(shortNames[name], name))
	if !known {
		return sweep.Setting{}, fmt.Errorf("%.80q: there is no such setting%s", name, suggestSetting(name))
	}
	return setting, nil
}

// suggestSetting suggests similar settings, or lists all of them.
func suggestSetting(name string) string {
	names := append(append(slices.Sorted(maps.Keys(shortNames)), settingNames()...), sweep.ModelKey)
	if hint := didYouMean(name, names); hint != "" {
		return hint
	}
	return "; there are " + strings.Join(names, ", ")
}

// numberLiteral matches a number, which the reader rejects only if it is out of range.
var numberLiteral = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// readValue reads an expression of the setting's type, or else a bare text.
func readValue(setting sweep.Setting, text string) (any, error) {
	var v any = text
	value, faults := evaluateText(text)
	if !faults.HasErrors() && value.IsWhollyKnown() {
		if neurons, ok := neuronList(value); ok && setting.Name == "select" {
			v = neurons
		} else if n := native(value); n != nil && (setting.Kind() != sweep.Text || isString(n)) {
			v = n
		}
	}
	if kind := setting.Kind(); (kind == sweep.Real || kind == sweep.Whole) && faults.HasErrors() && numberLiteral.MatchString(text) {
		return nil, fmt.Errorf("%s = %.80q: %w", setting.Name, text, errHuge)
	}
	if err := setting.Check(v); err != nil {
		return nil, fmt.Errorf("%w%s", err, didYouMean(text, setting.Values))
	}
	if number, ok := v.(float64); ok {
		return number + 0, nil // −0 is 0
	}
	return v, nil
}

// readModel reads the name of a model, with or without quotes.
func readModel(text string) (string, error) {
	model := text
	if value, faults := evaluateText(text); !faults.HasErrors() && value.IsWhollyKnown() {
		if quoted, ok := native(value).(string); ok {
			model = quoted
		}
	}
	models := append([]string{sweep.ModelSpiQGAN}, sweep.Baselines...)
	if !slices.Contains(models, model) {
		return "", fmt.Errorf("%s = %.80q: must be %s%s", sweep.ModelKey, model, sweep.Alternatives(models), didYouMean(model, models))
	}
	return model, nil
}

func isString(value any) bool {
	_, ok := value.(string)
	return ok
}
