package sweep

// ConfigurationFilter names cells of a grid by the values of some settings, each a float64,
// bool or string: those that have all of them. Without any it names every cell.
type ConfigurationFilter map[string]any

// Has says whether a configuration has all the values of the cell.
func (c ConfigurationFilter) Has(configuration Configuration) bool {
	for name, value := range c {
		setting, known := Lookup(name)
		if !known || setting.Value(configuration) != value {
			return false
		}
	}
	return true
}
