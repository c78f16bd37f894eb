package host

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"slices"
	"syscall"
	"time"

	"spiqsweep/coordinator/folder"
	"spiqsweep/proto/credentials"
)

// keys are the tokens and the certificate of a coordinator, as its folder keeps them.
type keys struct {
	worker, operator credentials.File
	tls              *tls.Config            // of calls; nil: plain text
	page             *tls.Config            // of the page; nil: plain text
	authority        *credentials.Authority // nil: all is plain text
}

// keys reads or makes the keys of a folder for a coordinator that listens at an
// address, and writes the address to the files.
func (r Endpoint) keys(f folder.Folder, at net.Addr) (k keys, err error) {
	if r.isEncrypted() || r.isPageEncrypted() {
		if k.authority, err = r.authority(f); err != nil {
			return keys{}, err
		}
	}
	ca := ""
	if r.isEncrypted() {
		if k.tls, err = k.authority.ServerTLS(); err != nil {
			return keys{}, err
		}
		ca = k.authority.Certificate()
	}
	if r.isPageEncrypted() {
		if k.page, err = k.authority.ServerTLS(); err != nil {
			return keys{}, err
		}
	}
	publish := func(name, role string, addresses ...string) (credentials.File, error) {
		file, err := readCredentials(f, name, role)
		if err == nil && r.Keys != "" {
			file.Token, err = givenToken(folder.Folder(r.Keys), name, role)
		}
		if err != nil {
			return file, err
		}
		// Callers would trust a coordinator under another authority no more than they send
		// a token to another machine in plain text.
		insecure := r.isRemote() && !r.isEncrypted()
		if r.Shared && file.CA == ca && file.Insecure == insecure {
			addresses = slices.Concat(addresses, listening(file.Addresses))
		}
		file = file.At(distinct(addresses)...)
		if role == credentials.Operator {
			file.Folder = f.Location()
		}
		file.CA, file.Insecure = ca, insecure
		return file, file.Save(f.Path(name))
	}
	if k.worker, err = publish(folder.WorkerFile, credentials.Worker, r.advertised(at)...); err != nil {
		return keys{}, err
	}
	k.operator, err = publish(folder.OperatorFile, credentials.Operator, r.near(at)...)
	return k, err
}

// ending describes when the authority expires, if that is soon; else it returns "".
func (k keys) ending() string {
	if k.authority == nil {
		return ""
	}
	return k.authority.Ending()
}

// near returns the addresses for commands, which mostly run on this machine.
func (r Endpoint) near(at net.Addr) []string {
	return append([]string{nearby(at)}, r.advertised(at)...)
}

// withdraw removes the addresses of a coordinator that has ended from the files. If a
// file has no other address, it stays unchanged.
func (r Endpoint) withdraw(f folder.Folder, at net.Addr) error {
	own := r.near(at)
	for _, name := range []string{folder.WorkerFile, folder.OperatorFile} {
		file, err := credentials.Load(f.Path(name))
		if err != nil {
			return err
		}
		others := slices.DeleteFunc(slices.Clone(file.Addresses), func(address string) bool { return slices.Contains(own, address) })
		if len(others) == 0 || len(others) == len(file.Addresses) {
			continue
		}
		if err := file.At(others...).Save(f.Path(name)); err != nil {
			return err
		}
	}
	return nil
}

// dialTimeout bounds the attempt to connect to an address of this machine.
const dialTimeout = time.Second

// listening drops the addresses of this machine that refuse connections: those of
// coordinators that were killed. A refusal of another machine may be temporary.
func listening(addresses []string) []string {
	return slices.DeleteFunc(slices.Clone(addresses), func(address string) bool {
		if !credentials.Loopback(address) {
			return false
		}
		conn, err := net.DialTimeout("tcp", address, dialTimeout)
		if err != nil {
			return errors.Is(err, syscall.ECONNREFUSED)
		}
		_ = conn.Close()
		return false
	})
}

// distinct drops repeated addresses.
func distinct(addresses []string) []string {
	var kept []string
	for _, address := range addresses {
		if !slices.Contains(kept, address) {
			kept = append(kept, address)
		}
	}
	return kept
}

// WriteKeys writes the tokens and the authority of coordinators that are to be started with
// Keys, and the addresses at which others reach them, HOST:PORT. Keys that the folder has
// stay the same.
func WriteKeys(out string, addresses []string) error {
	r := Endpoint{Listen: "0.0.0.0:0", Advertise: addresses}
	if err := r.check(); err != nil {
		return err
	}
	f := folder.Folder(out)
	lock, err := f.Lock()
	if err != nil {
		return err
	}
	defer lock.Close()
	_, port, err := net.SplitHostPort(addresses[0])
	if err != nil {
		return err
	}
	// Commands first try this machine, where a tunnel to the coordinator may end.
	at, err := net.ResolveTCPAddr("tcp", net.JoinHostPort("0.0.0.0", port))
	if err != nil {
		return err
	}
	_, err = r.keys(f, at)
	return err
}

// givenToken returns the token of a role from a folder of keys.
func givenToken(keys folder.Folder, name, role string) (string, error) {
	const fix = "make the folder with `coordinator keys`"
	file, err := credentials.Load(keys.Path(name))
	switch {
	case err != nil:
		return "", folder.BadInput("--keys %s: %w: %s", keys, err, fix)
	case file.Role != role:
		return "", folder.BadInput("--keys %s: %s has the role %q: %s", keys, name, file.Role, fix)
	}
	return file.Token, nil
}

// authority returns the given authority, else the folder's.
func (r Endpoint) authority(f folder.Folder) (*credentials.Authority, error) {
	if r.CACert != "" {
		return r.given()
	}
	if keys := folder.Folder(r.Keys); r.Keys != "" {
		r.CACert, r.CAKey = keys.Path(folder.AuthorityFile), keys.Path(folder.AuthorityKeyFile)
		return r.given()
	}
	authority, err := credentials.FindAuthority(f.Path(folder.AuthorityFile), f.Path(folder.AuthorityKeyFile), nil)
	if err != nil {
		return nil, folder.BadInput("%w: repair it, or delete %s to have a new authority made; workers then need the new %s",
			err, f.Path(folder.AuthorityFile), folder.WorkerFile)
	}
	return authority, nil
}

// given reads the authority of CACert and CAKey.
func (r Endpoint) given() (*credentials.Authority, error) {
	authority, err := credentials.LoadAuthority(r.CACert, r.CAKey, nil)
	if err != nil {
		return nil, &folder.InputError{Err: err}
	}
	return authority, nil
}

// readCredentials reads the credentials of a role from a folder, or makes a token. The
// token stays the same, so that workers that outlive a coordinator can call the next
// one.
func readCredentials(f folder.Folder, name, role string) (credentials.File, error) {
	file, err := credentials.Load(f.Path(name))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return credentials.File{Role: role, Token: credentials.NewToken()}, nil
	case err != nil:
		return credentials.File{}, folder.BadInput("%w: delete the file to have a new one made", err)
	case file.Role != role:
		return credentials.File{}, folder.BadInput("%s has the role %q: delete the file to have a new one made", f.Path(name), file.Role)
	}
	return file, nil
}
