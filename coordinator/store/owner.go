package store

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"spiqsweep/simulator/inputfile"
)

// owner is the content of the owner file, FILE.owner, which names the process that has
// the store open. It is only for people: SQLite's lock on the file decides.
type owner struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

func ownerFile(path string) string { return path + ".owner" }

// writeOwner writes the owner file. It ignores errors, since no decision depends on
// the file.
func writeOwner(path string, now time.Time) {
	host, _ := os.Hostname()
	body, err := json.Marshal(owner{PID: os.Getpid(), Host: host, Since: now.UTC().Truncate(time.Second)})
	if err != nil {
		return
	}
	_ = os.Remove(ownerFile(path)) // it may be a link to another file
	if file, err := os.OpenFile(ownerFile(path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644); err == nil {
		_, _ = file.Write(append(body, '\n'))
		_ = file.Close()
	}
}

// removeOwner deletes the owner file. The caller must still hold the lock.
func removeOwner(path string) { _ = os.Remove(ownerFile(path)) }

// inUse returns the error for a store that another process has open.
func inUse(path string) error {
	by := ""
	var o owner
	if body, err := inputfile.Read(ownerFile(path), 1<<16); err == nil && json.Unmarshal(body, &o) == nil && o.PID != 0 {
		by = fmt.Sprintf(" (process %d on %s since %s, according to %s)", o.PID, o.Host, o.Since.Format(time.RFC3339), ownerFile(path))
	}
	return fmt.Errorf("%w: %s is open in another process%s: use that coordinator, wait until it ends, or name another store",
		ErrInUse, path, by)
}
