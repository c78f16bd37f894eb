package hosts

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"spiqsweep/simulator/inputfile"
	"spiqsweep/sweep"
)

// Host is one line of a hosts file.
type Host struct {
	Name    string // as ssh understands it: a host, USER@HOST, or an alias of ~/.ssh/config
	Slots   int    // tasks at a time; 0: as many as the worker finds cores
	Nice    int    // from 0 to 19: the worker's priority for processors is lowered by so much
	Program string // path of the worker program on this machine; "": that of all hosts
	Folder  string // on the host, absolute or below the home folder; "": DefaultFolder
}

// DefaultFolder is the folder on a host that contains those of its nodes.
const DefaultFolder = ".spiqsweep"

const maxFileBytes = 1 << 20

// ReadFile reads a hosts file.
func ReadFile(file string) ([]Host, error) {
	body, err := inputfile.Read(file, maxFileBytes)
	if err != nil {
		return nil, fmt.Errorf("read hosts: %w", err)
	}
	return ParseFile(file, string(body))
}

// ParseFile parses a hosts file: on each line a host and, optionally, settings such as
// slots=4, nice=10, program=bin/worker-arm64 or folder=/scratch/me. A # begins a comment.
// The path of program= is relative to the folder of the file. Errors begin with FILE:LINE.
func ParseFile(file, body string) ([]Host, error) {
	var hosts []Host
	lines := map[string]int{}
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(body, "\xef\xbb\xbf")) {
		number++
		text, _, _ := strings.Cut(line, "#")
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		host, err := parseHost(words)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, number, err)
		}
		if first, twice := lines[host.Name]; twice {
			return nil, fmt.Errorf("%s:%d: %s is also in line %d: a host has one worker, which runs as many tasks as slots=N allows",
				file, number, host.Name, first)
		}
		lines[host.Name] = number
		if host.Program != "" && !filepath.IsAbs(host.Program) {
			host.Program = filepath.Join(filepath.Dir(file), host.Program)
		}
		hosts = append(hosts, host)
	}
	if len(hosts) == 0 {
		return nil, fmt.Errorf("%s names no host: write one on each line, such as \"node17 slots=4\"", file)
	}
	return hosts, nil
}

func parseHost(words []string) (Host, error) {
	h := Host{Name: words[0]}
	if !isPlain(h.Name) || strings.HasPrefix(h.Name, "-") || strings.ContainsAny(h.Name, "=,/") {
		return h, fmt.Errorf("%q is not the name of a host: begin the line with what `ssh` is given, such as node17 or me@node17", h.Name)
	}
	given := map[string]bool{}
	for _, word := range words[1:] {
		name, value, found := strings.Cut(word, "=")
		switch {
		case !found:
			return h, fmt.Errorf("%q: must be a setting with its value, such as slots=4; write each host on its own line", word)
		case given[name]:
			return h, fmt.Errorf("%s is given twice: give it once", name)
		}
		given[name] = true
		if err := h.set(name, value); err != nil {
			return h, err
		}
	}
	return h, nil
}

func (h *Host) set(name, value string) (err error) {
	switch name {
	case "slots":
		h.Slots, err = between(name, value, 1, sweep.MaxSlots)
	case "nice":
		h.Nice, err = between(name, value, 0, 19)
	case "program":
		if h.Program = value; value == "" {
			err = fmt.Errorf("program= is empty: give the path of the program, or leave it out")
		}
	case "folder":
		h.Folder = strings.TrimPrefix(path.Clean(value), "~/")
		if value == "" || !isPlain(value) || strings.Trim(h.Folder, "./") == "" || strings.HasPrefix(h.Folder, "~") || strings.HasPrefix(h.Folder, "../") {
			err = fmt.Errorf("folder=%s: must be a folder, absolute or below the home folder, of letters, digits and the characters %s", value, plainMarks)
		}
	default:
		err = fmt.Errorf("%s is no setting of a host: the settings are slots, nice, program and folder; ports, keys and jump hosts belong into ~/.ssh/config", name)
	}
	return err
}

func between(name, value string, low, high int) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < low || n > high {
		return 0, fmt.Errorf("%s=%s: must be a whole number from %d to %d", name, value, low, high)
	}
	return n, nil
}

// plainMarks are the characters that names may have beside letters and digits. No shell
// gives any of them a meaning within a word.
const plainMarks = "._-@:/+=,%~"

func isPlain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(plainMarks, r)
	})
}

// Select returns the hosts with the given names, in the order of the file; all hosts if
// there are no names.
func Select(hosts []Host, names []string) ([]Host, error) {
	if len(names) == 0 {
		return hosts, nil
	}
	for _, name := range names {
		if !slices.ContainsFunc(hosts, func(h Host) bool { return h.Name == name }) {
			return nil, fmt.Errorf("the file has no host %q: name hosts as it does, or none for all", name)
		}
	}
	return slices.DeleteFunc(slices.Clone(hosts), func(h Host) bool { return !slices.Contains(names, h.Name) }), nil
}
