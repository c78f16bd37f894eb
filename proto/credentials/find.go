package credentials

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
)

// Find returns the credentials of a role from the flags --coordinator and --credentials: one
// file, or addresses, which are tried in turn, and a file with the token. It rejects an
// operator's file that other users can read; for a worker's file, see Exposed.
func Find(role string, coordinators []string, file string) (File, error) {
	for _, one := range coordinators {
		if scheme, _, ok := strings.Cut(one, "://"); ok && !exists(one) {
			return File{}, fmt.Errorf("--coordinator %q is a URL: write HOST:PORT without %s://, or the path of %s.json", one, scheme, role)
		}
	}
	switch {
	case len(coordinators) == 0:
		return File{}, fmt.Errorf("--coordinator is missing: give %s.json of the coordinator's output folder, "+
			"or an address with --credentials", role)
	case file != "":
		return fromAddresses(role, coordinators, file)
	case len(coordinators) == 1 && !isAddress(coordinators[0]):
		f, err := load(role, coordinators[0])
		if errors.Is(err, fs.ErrNotExist) {
			return File{}, misread(role, coordinators[0])
		}
		return f, err
	}
	for _, one := range coordinators {
		if !isAddress(one) {
			return File{}, fmt.Errorf("--coordinator %q stands beside others: give one file, or addresses with --credentials", one)
		}
	}
	return File{}, fmt.Errorf("--coordinator %s is an address: its token is missing, give --credentials", coordinators[0])
}

// misread explains a value that is neither an address nor a file.
func misread(role, given string) error {
	if err := checkPort(given); err != nil {
		return fmt.Errorf("--coordinator %q: %w", given, err)
	}
	return fmt.Errorf("--coordinator %q is neither HOST:PORT nor a file that exists: give %s.json of the coordinator's output folder, "+
		"or an address with --credentials", given, role)
}

// checkPort returns an error if the port of HOST:PORT is a number that no port has.
func checkPort(address string) error {
	_, port, _ := net.SplitHostPort(address)
	if n, err := strconv.Atoi(port); errors.Is(err, strconv.ErrRange) || n < 0 || n > 65535 {
		return fmt.Errorf("port %s is out of range: must be up to 65535", port)
	}
	return nil
}

func fromAddresses(role string, addresses []string, file string) (File, error) {
	for _, one := range addresses {
		if !isAddress(one) {
			if err := checkPort(one); err != nil {
				return File{}, misread(role, one)
			}
			return File{}, fmt.Errorf("--coordinator %q is not HOST:PORT, as it must be with --credentials: give an address such as 127.0.0.1:7473, or leave --credentials out", one)
		}
	}
	f, err := load(role, file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return File{}, fmt.Errorf("--credentials: %w: give %s.json of the coordinator's output folder", err, role)
	case err != nil:
		return File{}, err
	}
	return f.At(addresses...), nil
}

func load(role, path string) (File, error) {
	if why := Exposed(path); why != "" && role == Operator {
		return File{}, fmt.Errorf("credentials: %s", why)
	}
	return Load(path)
}

// isAddress reports whether a value is host:port and not an existing file.
func isAddress(given string) bool {
	if exists(given) {
		return false
	}
	_, port, err := net.SplitHostPort(given)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
