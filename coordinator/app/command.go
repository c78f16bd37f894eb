package app

import "strings"

// CommandLine writes a command as a shell reads it.
func CommandLine(program string, arguments ...string) string {
	words := []string{program}
	for _, argument := range arguments {
		if argument == "" || strings.ContainsAny(argument, " \t\n\"'\\$&;|<>()*?[]#~`!{}") {
			argument = "'" + strings.ReplaceAll(argument, "'", `'\''`) + "'"
		}
		words = append(words, argument)
	}
	return strings.Join(words, " ")
}
