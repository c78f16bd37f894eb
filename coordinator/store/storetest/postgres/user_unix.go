//go:build unix

package postgres

import (
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// supported says whether servers can be started on this system.
const supported = true

// unprivileged is who runs a server, since PostgreSQL refuses to run as root:
// nil for whoever runs the tests.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

// folder makes the temporary folder of a server, its user's. A socket's path must
// be short, and TMPDIR may be anything.
func folder() (string, error) {
	path, err := os.MkdirTemp("/tmp", "spiqsweep-postgres-")
	if err != nil {
		return "", err
	}
	as, err := unprivileged()
	if err == nil && as != nil {
		err = os.Chown(path, int(as.Uid), int(as.Gid))
	}
	return path, err
}

// disown lets a program run as the server's user, and not hear what is typed to
// the tests.
func disown(c *exec.Cmd) error {
	as, err := unprivileged()
	c.SysProcAttr = &syscall.SysProcAttr{Credential: as, Setpgid: true}
	c.Dir = "/"
	return err
}

// immediately ends a server as a crash would: what is not on disk is lost.
func immediately(pid int) error { return syscall.Kill(pid, syscall.SIGQUIT) }
