package app

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"

	"spiqsweep/proto/credentials"
)

// keys are what opens a coordinator and what it proves itself with, as its
// folder keeps them.
type keys struct {
	worker, operator credentials.File
	tls              *tls.Config // nil: plain text
}

// keys finds or makes the keys of a folder for a coordinator that listens at an
// address, and writes down where that is.
func (r Reach) keys(f folder, at net.Addr) (k keys, err error) {
	ca := ""
	if r.encrypted() {
		authority, err := r.authority(f)
		if err != nil {
			return keys{}, err
		}
		if k.tls, err = authority.ServerTLS(); err != nil {
			return keys{}, err
		}
		ca = authority.Certificate()
	}
	publish := func(name, role string, addresses ...string) (credentials.File, error) {
		file, err := f.credentials(name, role)
		if err != nil {
			return file, err
		}
		if r.Beside {
			addresses = append(slices.Clone(file.Addresses), addresses...)
		}
		file = file.At(distinct(addresses)...)
		file.CA, file.Insecure = ca, r.remote() && !r.encrypted()
		return file, file.Save(f.path(name))
	}
	addresses := r.advertised(at)
	if k.worker, err = publish(workerFile, credentials.Worker, addresses...); err != nil {
		return keys{}, err
	}
	// Commands run on this machine most of the time.
	near := append([]string{nearby(at)}, addresses...)
	k.operator, err = publish(operatorFile, credentials.Operator, near...)
	return k, err
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
