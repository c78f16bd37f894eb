package folder

import (
	"fmt"
	"strings"

	"spiqsweep/sweep"
)

// InputError is an error that the user can fix: a bad grid, file, flag or address, or
// a folder that is in use.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }

func (e *InputError) Unwrap() error { return e.Err }

// BadInput returns an *InputError with a formatted message.
func BadInput(format string, a ...any) error { return &InputError{fmt.Errorf(format, a...)} }

// CommandLine quotes a command for the shell, in one line.
func CommandLine(program string, arguments ...string) string {
	words := []string{program}
	for _, argument := range arguments {
		if sweep.Printable(argument) != argument {
			escaped := strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(argument)
			argument = "$'" + sweep.Printable(escaped) + "'" // as in bash
		} else if argument == "" || strings.ContainsAny(argument, " \t\n\"'\\$&;|<>()*?[]#~`!{}") {
			argument = "'" + strings.ReplaceAll(argument, "'", `'\''`) + "'"
		}
		words = append(words, argument)
	}
	return strings.Join(words, " ")
}
