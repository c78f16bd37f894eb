package sweep

import "slices"

// IdentitySettings returns the settings that are part of the ID of a configuration's task,
// in the order of the documentation: those that its numbers depend on. The ID also has the
// model, the replicate, and what [NewTaskID] adds.
func IdentitySettings(c Configuration) []Setting {
	return slices.DeleteFunc(Settings(), func(s Setting) bool { return s.outside || !s.ReadBy(c) })
}

// InIdentity reports whether task IDs depend on the setting wherever a model reads it. The
// preset and the way in which a recording's file is read are not in them: their effects are.
func (s Setting) InIdentity() bool { return !s.outside }

// IdentityValue returns the value of a setting in the ID of a configuration's task.
func IdentityValue(s Setting, c Configuration) any { return s.Value(canonical(c)) }

// SettingDifference is a setting, "model" or "replicate" that differs between two
// configurations.
type SettingDifference struct {
	Name string
	// First and Second are the values, nil if the configuration does not read the setting.
	First, Second any
}

// IdentityDifferences returns how the IDs of the tasks of two configurations differ, apart
// from what is not in a configuration: the model, the settings in the order of the
// documentation, and the replicate.
func IdentityDifferences(first, second Configuration) []SettingDifference {
	var all []SettingDifference
	compare := func(name string, a, b any) {
		if a != b {
			all = append(all, SettingDifference{name, a, b})
		}
	}
	value := func(s Setting, c Configuration) any {
		if s.outside || !s.ReadBy(c) {
			return nil
		}
		return IdentityValue(s, c)
	}
	compare(ModelKey, first.Model, second.Model)
	for _, s := range settings {
		compare(s.Name, value(s, first), value(s, second))
	}
	compare("replicate", float64(first.Replicate), float64(second.Replicate))
	return all
}
