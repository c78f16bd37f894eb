//go:build !linux

package circuit

// adviseLargePages does nothing: these systems choose the size of pages by themselves.
func adviseLargePages([]float32) {}
