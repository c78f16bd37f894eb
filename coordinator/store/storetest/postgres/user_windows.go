package postgres

import (
	"errors"
	"os/exec"
)

const supported = false

var errUnsupported = errors.New("servers for tests are started on Unix only")

func folder() (string, error) { return "", errUnsupported }
func detach(*exec.Cmd) error  { return errUnsupported }
func crash(pid int) error     { return errUnsupported }
