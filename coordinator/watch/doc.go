// Package watch shows the state of a sweep on a terminal, and keeps it up to date until the user
// leaves: a table of configurations that can be sorted and filtered, the workers, and the logs of
// a configuration.
//
// The model is a pure function of messages: a key, a size, the time, or what was read. Run
// connects it with the terminal and with a Source, which reads one thing at a time. If the source
// fails, the last state stays on the screen, with the reason, and reading is tried again. Only the
// visible lines are formatted, so a sweep of a hundred thousand tasks is drawn as fast as a small
// one.
//
// Bubble Tea switches to the alternate screen, and back however the program ends: by a key, a
// signal or a panic. The text is ASCII but for names of the sweep, and the colours are those of
// the terminal's own palette.
package watch
