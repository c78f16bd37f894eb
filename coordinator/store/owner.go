package store

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"spiqsweep/simulator/inputfile"
)

// owner is the note beside a store's file about the process that has it open.
// It is for people; the lock is in the file itself.
type owner struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

func ownerFile(path string) string { return path + ".owner" }

// sign leaves the note. It is a courtesy: a failure to write it is none of the store.
func sign(path string, now time.Time) {
	host, _ := os.Hostname()
	body, err := json.Marshal(owner{PID: os.Getpid(), Host: host, Since: now.UTC().Truncate(time.Second)})
	if err == nil {
		// Written anew, since a link in its place would lead elsewhere.
		_ = os.Remove(ownerFile(path))
		if note, err := os.OpenFile(ownerFile(path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644); err == nil {
			_, _ = note.Write(append(body, '\n'))
			_ = note.Close()
		}
	}
}

// unsign takes the note away. It is still this process's: the lock is held.
func unsign(path string) { _ = os.Remove(ownerFile(path)) }

// inUse is the refusal of a store that another process has open.
func inUse(path string) error {
	note := ""
	var o owner
	if body, err := inputfile.Read(ownerFile(path), 1<<16); err == nil && json.Unmarshal(body, &o) == nil && o.PID != 0 {
		note = fmt.Sprintf(" (process %d on %s since %s, by its own note)", o.PID, o.Host, o.Since.Format(time.RFC3339))
	}
	return fmt.Errorf("%w: %s is open in another process%s: ask that coordinator, wait for it to end, or use another store",
		ErrInUse, path, note)
}
