package app

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/inputfile"
	"spiqsweep/sweep"
	"spiqsweep/sweep/atomicfile"
)

const (
	// previewTime bounds the time in which Preview measures training steps.
	previewTime = 500 * time.Millisecond
	// A duration was measured beside whatever else ran, which makes it longer, never shorter. So
	// it counts without another measurement for currentFor only. Later plans measure again, and
	// the shorter one counts, until the first is deleted: the machine itself may have become
	// slower.
	currentFor = 10 * time.Minute
	keptFor    = 24 * time.Hour

	maxStepTimes     = 1000
	maxStepTimesFile = 1 << 20 // bytes; maxStepTimes take about an eighth of that
)

// stepTimes are durations of training steps on this machine, which a file keeps from one plan
// to the next. A file that cannot be read or written only costs time.
type stepTimes struct {
	Machine machine             `json:"machine"`
	Steps   map[string]stepTime `json:"steps"` // by the digest of a configuration, see stepKey

	file  string // "": none
	until time.Time
}

// machine is what the duration of a step depends on beside the configuration.
type machine struct {
	Processor string `json:"processor"`
	Kernel    string `json:"kernel"`
	Software  string `json:"software"`
}

type stepTime struct {
	Seconds  float64   `json:"seconds"`
	Measured time.Time `json:"measured"`
}

// errNoTime is the error of a step that is neither known nor can be measured in time.
var errNoTime = errors.New("no time is left to measure")

// readStepTimes reads the durations of a machine from a file, without those that are too old,
// for a plan that measures within previewTime.
func readStepTimes(file string, of machine) *stepTimes {
	s := &stepTimes{}
	body, err := inputfile.Read(file, maxStepTimesFile)
	if err != nil || json.Unmarshal(body, s) != nil || s.Machine != of || s.Steps == nil {
		s = &stepTimes{Machine: of, Steps: map[string]stepTime{}}
	}
	s.file, s.until = file, time.Now().Add(previewTime)
	maps.DeleteFunc(s.Steps, func(_ string, t stepTime) bool {
		age := time.Since(t.Measured)
		return t.Seconds <= 0 || age < 0 || age > keptFor
	})
	return s
}

// seconds returns the duration of a training step of a configuration. It calls measure if none is
// current, and time is left.
func (s *stepTimes) seconds(c sweep.Configuration, measure func() (float64, error)) (float64, error) {
	key := stepKey(c)
	known, ok := s.Steps[key]
	late := time.Now().After(s.until)
	switch {
	case ok && (late || time.Since(known.Measured) < currentFor):
		return known.Seconds, nil
	case late:
		return 0, errNoTime
	}
	seconds, err := measure()
	if err != nil {
		return 0, err
	}
	if ok && known.Seconds <= seconds {
		return known.Seconds, nil
	}
	if ok || len(s.Steps) < maxStepTimes {
		s.Steps[key] = stepTime{seconds, time.Now()}
	}
	return seconds, nil
}

// write replaces the file, if there is a place for it.
func (s *stepTimes) write() error {
	if s.file == "" {
		return nil
	}
	body, err := json.Marshal(s)
	if err != nil {
		return err
	}
	folder := filepath.Dir(s.file)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	atomicfile.RemoveDrafts(folder, func(name string) bool { return name == filepath.Base(s.file) })
	return atomicfile.Write(s.file, 0o600, body)
}

// stepKey identifies the configurations whose steps do the same work.
func stepKey(c sweep.Configuration) string {
	c.Seed, c.Replicate, c.Training.Steps = 0, 0, 0
	return sweep.Digest(sweep.Canonical(c))
}

// thisMachine describes this machine with a kernel, and this build of a version of the program, as
// far as the system does.
func thisMachine(kernel circuit.Kernel, version string) machine {
	m := machine{Processor: runtime.GOARCH, Kernel: kernel.Name, Software: version}
	if file, err := os.Open("/proc/cpuinfo"); err == nil { // absent on other systems
		m.Processor += " " + processorName(file)
		_ = file.Close()
	}
	if path, err := os.Executable(); err == nil {
		if info, err := os.Stat(path); err == nil {
			m.Software += fmt.Sprintf(" %d bytes of %s", info.Size(), info.ModTime().UTC().Format(time.RFC3339Nano))
		}
	}
	return m
}

// processorName returns the name of the first processor that Linux lists, or "".
func processorName(list io.Reader) string {
	for lines := bufio.NewScanner(list); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// stepTimesFile returns the file of the durations of this user, or "" if there is no place for it.
func stepTimesFile() string {
	folder, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(folder, "spiqsweep", "steps.json")
}
