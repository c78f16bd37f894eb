package app

// publish writes what others need to find whoever keeps the sweep, and the grid
// as it is run.
func (a *App) publish() error {
	if a.host != nil {
		if err := a.host.publish(); err != nil {
			return err
		}
		a.Notices = append(a.Notices, a.host.warnings()...)
	} else if err := a.Coordinator.Save(a.folder.path(coordinatorFile)); err != nil {
		return err
	}
	a.view = a.newView()
	return a.folder.writeInput(a.prepared.Input)
}

// newView is of a folder of which nothing is known to be written.
func (a *App) newView() *view {
	return newView(a.folder, a.keeper, a.id, a.prepared, a.Log.Named("output"))
}
