package inputfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// Advise returns the cause of an error of the file system at path and the fix, or ""
// if the error is of no kind that needs an explanation. The path is that of the file
// that could not be read, or of the folder in which a file could not be written.
func Advise(path string, err error) string {
	switch {
	case errors.Is(err, syscall.EROFS):
		return "mount the file system for writing, or copy the folder to another file system and use the copy"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "the disk or the quota is full: free some space"
	case errors.Is(err, syscall.EMFILE):
		return "the limit of this process on open files is reached: raise it (`ulimit -n`)"
	case errors.Is(err, syscall.ENFILE):
		return "the limit of the system on open files is reached: end other programs, or raise it"
	case errors.Is(err, syscall.EFBIG):
		return "a file may not grow beyond a limit of this process or of the file system: raise it (`ulimit -f` shows that of the process)"
	case errors.Is(err, syscall.EPERM):
		return fmt.Sprintf("the system forbids changes, as for an immutable or append-only file or folder: `chattr -i -a %s` as root allows them", nearest(path))
	case errors.Is(err, fs.ErrPermission):
		return adviseDenied(path)
	}
	return ""
}

// IsOfRoot reports whether root owns a file, as it owns those that an orchestrator mounts;
// false if the system does not tell.
func IsOfRoot(info fs.FileInfo) bool {
	owner, known := ownerOf(info)
	return known && owner == 0
}

// Explain adds the advice of Advise to an error; nil stays nil.
func Explain(path string, err error) error {
	if advice := Advise(path, err); advice != "" {
		return fmt.Errorf("%w: %s", err, advice)
	}
	return err
}

// AdviseWrite is Advise for a file that could not be created or replaced: its folder is the
// reason, unless the file is immutable or append-only.
func AdviseWrite(file string, err error) string {
	if errors.Is(err, syscall.EPERM) && isUnchangeable(file) {
		return Advise(file, err)
	}
	return Advise(filepath.Dir(file), err)
}

// ExplainWrite adds the advice of AdviseWrite to an error; nil stays nil.
func ExplainWrite(file string, err error) error {
	if advice := AdviseWrite(file, err); advice != "" {
		return fmt.Errorf("%w: %s", err, advice)
	}
	return err
}

// adviseDenied names the owner of the file or folder that denies access.
func adviseDenied(path string) string {
	path = nearest(path)
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	owner, known := ownerOf(info)
	switch self := os.Geteuid(); {
	case !known:
		return ""
	case owner == self:
		return fmt.Sprintf("%s has the mode %v: change it with chmod", path, info.Mode())
	default:
		return fmt.Sprintf("%s belongs to user %s and has the mode %v, and this is user %s: run the command as user %s, or have the owner grant access with chmod",
			path, userName(owner), info.Mode(), userName(self), userName(owner))
	}
}

// nearest returns the path, or the nearest folder above if the path does not exist or lies
// in a folder that this user may not look into.
func nearest(path string) string {
	for {
		if _, err := os.Stat(path); err == nil || filepath.Dir(path) == path {
			return path
		}
		path = filepath.Dir(path)
	}
}

// userName returns the name of a user, or the number if the system knows no name.
func userName(id int) string {
	number := strconv.Itoa(id)
	if u, err := user.LookupId(number); err == nil {
		return u.Username
	}
	return number
}
