//go:build unix

package postgres

import (
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// supported reports whether this system can start servers.
const supported = true

// unprivileged returns the user that runs a server, because PostgreSQL refuses to run
// as root. It returns nil for the current user.
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

// folder creates the temporary folder of a server, owned by its user. It does not use
// TMPDIR, because the path of a socket must be short.
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

// detach makes a command run as the server's user and in its own process group, so that
// signals from the terminal do not reach it.
func detach(c *exec.Cmd) error {
	as, err := unprivileged()
	c.SysProcAttr = &syscall.SysProcAttr{Credential: as, Setpgid: true}
	c.Dir = "/"
	return err
}

// crash ends a server immediately, without a checkpoint.
func crash(pid int) error { return syscall.Kill(pid, syscall.SIGQUIT) }
