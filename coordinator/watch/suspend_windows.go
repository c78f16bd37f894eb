package watch

import tea "charm.land/bubbletea/v2"

// followSuspension does nothing: the system has no such signals.
func followSuspension(*tea.Program) (end func()) { return func() {} }

// stop does nothing, too.
func stop() {}
