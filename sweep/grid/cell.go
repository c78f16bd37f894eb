package grid

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"spiqsweep/sweep"
)

// short names the settings that every grid has, as papers write them.
var short = map[string]string{"n": "neurons", "t": "timesteps"}

// ReadFilter reads which cells are meant, from setting to value. Names may be
// short (n, t); values are written as in a grid file, texts with or without
// quotes. All faults come back at once.
func ReadFilter(settings map[string]string) (sweep.ConfigurationFilter, error) {
	cell := sweep.ConfigurationFilter{}
	var faults []error
	for _, word := range slices.Sorted(maps.Keys(settings)) {
		setting, err := settingOf(word)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		value, err := valueIn(setting, settings[word])
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if before, twice := cell[setting.Name]; twice && before != value {
			faults = append(faults, fmt.Errorf("%s is given twice: %s and %s", setting.Name, sweep.Format(before), sweep.Format(value)))
		}
		cell[setting.Name] = value
	}
	return cell, errors.Join(faults...)
}

func settingOf(word string) (sweep.Setting, error) {
	name, isShort := short[word]
	if !isShort {
		name = word
	}
	setting, known := sweep.Lookup(name)
	if !known {
		return sweep.Setting{}, fmt.Errorf("%.80q: there is no such setting%s", word, settingsLike(word))
	}
	return setting, nil
}

// settingsLike names the setting that may be meant, or all there are.
func settingsLike(word string) string {
	names := slices.Sorted(maps.Keys(short))
	for _, s := range sweep.Settings() {
		names = append(names, s.Name)
	}
	if hint := didYouMean(word, names); hint != "" {
		return hint
	}
	return "; there are " + strings.Join(names, ", ")
}

// valueIn reads an expression of the setting's type, or else a bare text.
func valueIn(setting sweep.Setting, text string) (any, error) {
	var v any = text
	value, faults := evaluateText(text)
	if !faults.HasErrors() && value.IsWhollyKnown() {
		if cells, ok := cellList(value); ok && setting.Name == "select" {
			v = cells
		} else if n := native(value); n != nil && (setting.Kind() != sweep.Text || isString(n)) {
			v = n
		}
	}
	if err := setting.Check(v); err != nil {
		return nil, fmt.Errorf("%w%s", err, didYouMean(text, setting.Values))
	}
	if number, ok := v.(float64); ok {
		return number + 0, nil // −0 is 0
	}
	return v, nil
}

func isString(value any) bool {
	_, ok := value.(string)
	return ok
}
