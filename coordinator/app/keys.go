package app

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"syscall"
	"time"

	"spiqsweep/proto/credentials"
)

// keys are what opens a coordinator and what it proves itself with, as its
// folder keeps them.
type keys struct {
	worker, operator credentials.File
	tls              *tls.Config            // nil: plain text
	authority        *credentials.Authority // nil: plain text
}

// keys finds or makes the keys of a folder for a coordinator that listens at an
// address, and writes down where that is.
func (r Reach) keys(f folder, at net.Addr) (k keys, err error) {
	ca := ""
	if r.encrypted() {
		if k.authority, err = r.authority(f); err != nil {
			return keys{}, err
		}
		if k.tls, err = k.authority.ServerTLS(); err != nil {
			return keys{}, err
		}
		ca = k.authority.Certificate()
	}
	publish := func(name, role string, addresses ...string) (credentials.File, error) {
		file, err := f.credentials(name, role)
		if err != nil {
			return file, err
		}
		if r.Beside {
			addresses = slices.Concat(addresses, listening(file.Addresses))
		}
		file = file.At(distinct(addresses)...)
		if role == credentials.Operator {
			file.Folder = f.whereabouts()
		}
		file.CA, file.Insecure = ca, r.remote() && !r.encrypted()
		return file, file.Save(f.path(name))
	}
	if k.worker, err = publish(workerFile, credentials.Worker, r.advertised(at)...); err != nil {
		return keys{}, err
	}
	k.operator, err = publish(operatorFile, credentials.Operator, r.near(at)...)
	return k, err
}

// ending describes the end of the authority if that is near; else it returns "".
func (k keys) ending() string {
	if k.authority == nil {
		return ""
	}
	return k.authority.Ending()
}

// near are the addresses for commands, which run on this machine most of the time.
func (r Reach) near(at net.Addr) []string {
	return append([]string{nearby(at)}, r.advertised(at)...)
}

// withdraw takes the addresses of a coordinator that has ended out of the files
// that also name others. Where it was the only one, nobody else can be meant.
func (r Reach) withdraw(f folder, at net.Addr) error {
	own := r.near(at)
	for _, name := range []string{workerFile, operatorFile} {
		file, err := credentials.Load(f.path(name))
		if err != nil {
			return err
		}
		others := slices.DeleteFunc(slices.Clone(file.Addresses), func(address string) bool { return slices.Contains(own, address) })
		if len(others) == 0 || len(others) == len(file.Addresses) {
			continue
		}
		if err := file.At(others...).Save(f.path(name)); err != nil {
			return err
		}
	}
	return nil
}

// knock is how long an address of this machine has to say whether anybody listens.
const knock = time.Second

// listening drops the addresses of this machine where nobody listens: those of
// coordinators that were killed. Of other machines, a refusal may be a passing one.
func listening(addresses []string) []string {
	return slices.DeleteFunc(slices.Clone(addresses), func(address string) bool {
		if !credentials.Loopback(address) {
			return false
		}
		conn, err := net.DialTimeout("tcp", address, knock)
		if err != nil {
			return errors.Is(err, syscall.ECONNREFUSED)
		}
		_ = conn.Close()
		return false
	})
}

// distinct keeps the first of equal addresses.
func distinct(addresses []string) []string {
	var kept []string
	for _, address := range addresses {
		if !slices.Contains(kept, address) {
			kept = append(kept, address)
		}
	}
	return kept
}

// authority is the one that was given, else the folder's.
func (r Reach) authority(f folder) (*credentials.Authority, error) {
	if r.CACert != "" {
		return r.given()
	}
	authority, err := credentials.FindAuthority(f.path(authorityFile), f.path(authorityKeyFile), nil)
	if err != nil {
		return nil, badInput("%w: mend it, or delete %s to have a new authority made; workers then need the new %s",
			err, f.path(authorityFile), workerFile)
	}
	return authority, nil
}

// given reads the authority that several coordinators share.
func (r Reach) given() (*credentials.Authority, error) {
	authority, err := credentials.LoadAuthority(r.CACert, r.CAKey, nil)
	if err != nil {
		return nil, &InputError{err}
	}
	return authority, nil
}

// credentials keeps the token that the folder has for a role, so that workers
// which outlived a coordinator find the next one.
func (f folder) credentials(name, role string) (credentials.File, error) {
	file, err := credentials.Load(f.path(name))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return credentials.File{Role: role, Token: credentials.NewToken()}, nil
	case err != nil:
		return credentials.File{}, &InputError{fmt.Errorf("%w: delete the file to have a new one made", err)}
	case file.Role != role:
		return credentials.File{}, badInput("%s is of the role %q: delete the file to have a new one made", f.path(name), file.Role)
	}
	return file, nil
}
