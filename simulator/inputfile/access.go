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
	case errors.Is(err, syscall.EFBIG):
		return "a file may not grow beyond a limit of this process or of the file system: raise it (`ulimit -f` shows that of the process)"
	case errors.Is(err, syscall.EPERM):
		return fmt.Sprintf("the system forbids changes, as in an immutable or append-only folder: `chattr -i -a %s` as root allows them; else use another folder", path)
	case errors.Is(err, fs.ErrPermission):
		return adviseDenied(path)
	}
	return ""
}

// adviseDenied names the owner of the file or folder that denies access.
func adviseDenied(path string) string {
	info, err := os.Stat(path)
	for err != nil && filepath.Dir(path) != path { // the folder above denies the search in it, or the file does not exist
		path = filepath.Dir(path)
		info, err = os.Stat(path)
	}
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

// userName returns the name of a user, or the number if the system knows no name.
func userName(id int) string {
	number := strconv.Itoa(id)
	if u, err := user.LookupId(number); err == nil {
		return u.Username
	}
	return number
}
