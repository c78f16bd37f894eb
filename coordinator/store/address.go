package store

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Shared reports whether several processes may have the store at an address open: it
// is a PostgreSQL database.
func Shared(address string) bool {
	scheme, _, _ := strings.Cut(address, "://")
	return scheme == "postgres" || scheme == "postgresql"
}

// sqlitePath returns the absolute path of the SQLite file at an address.
func sqlitePath(address string) (string, error) {
	scheme, rest, found := strings.Cut(address, "://")
	prefix, _, colon := strings.Cut(address, ":")
	u, err := url.Parse(address)
	if err != nil {
		u = &url.URL{}
	}
	switch {
	case inMemory(address):
		return "", fmt.Errorf("store %q: a store must outlive its coordinator: name a file", address)
	case u.Scheme == "file" && u.Path+u.Opaque != "":
		return "", fmt.Errorf("store %q: unknown scheme \"file\": write the path alone, %s", WithoutPassword(address), u.Path+u.Opaque)
	case !found && colon && slices.Contains([]string{"postgres", "postgresql", "sqlite"}, prefix):
		return "", fmt.Errorf("store %q: two slashes are missing: give the path of an SQLite file, or postgres://USER@HOST/DATABASE", WithoutPassword(address))
	case !found && isKeywordString(address):
		return "", errors.New("store: connection strings of keywords are not supported: give a URL, postgres://USER@HOST/DATABASE, and the password in PGPASSWORD or ~/.pgpass")
	case !found && len(u.Scheme) > 1 && strings.HasPrefix(u.Path, "/"): // C:/ is a drive
		return "", unknownScheme(address, u.Scheme)
	case !found:
		rest = address
	case scheme != "sqlite":
		return "", unknownScheme(address, scheme)
	}
	if rest == "" {
		return "", fmt.Errorf("store %q: the address names no file: give the path of an SQLite file, or postgres://USER@HOST/DATABASE", address)
	}
	if name := rest[:len(rest)-len(parameters.FindString(rest))]; name != rest {
		return "", fmt.Errorf("store %q: the address of an SQLite file takes no parameters: write the path alone, %s", address, name)
	}
	path, err := filepath.Abs(filepath.FromSlash(rest))
	if err != nil {
		return "", fmt.Errorf("store %q: %w", address, err)
	}
	return path, nil
}

// inMemory reports whether an address is one of SQLite's names for a database that is no
// file.
func inMemory(address string) bool {
	for _, scheme := range []string{"sqlite:", "file:", "//"} {
		address = strings.TrimPrefix(address, scheme)
	}
	name, query, _ := strings.Cut(address, "?")
	return name == ":memory:" || slices.Contains(strings.Split(query, "&"), "mode=memory")
}

// parameters matches the parameters at the end of a URL. Other question marks are part
// of the name of an SQLite file.
var parameters = regexp.MustCompile(`\?[A-Za-z_]+=[^/?#&]*(&[A-Za-z_]+=[^/?#&]*)*$`)

func unknownScheme(address, scheme string) error {
	return fmt.Errorf("store %q: unknown scheme %q: give the path of an SQLite file, or postgres://USER@HOST/DATABASE", WithoutPassword(address), scheme)
}

// isKeywordString reports whether an address is PostgreSQL's other kind of connection
// string, "host=… password=…", which may contain a password.
func isKeywordString(address string) bool {
	return slices.ContainsFunc(strings.Fields(address), func(word string) bool {
		keyword, _, assigned := strings.Cut(word, "=")
		return assigned && slices.Contains([]string{"host", "hostaddr", "port", "dbname", "user", "password", "service"}, keyword)
	})
}

// passwordParameters are the query parameters of a URL that contain passwords.
var passwordParameters = []string{"password", "sslpassword"}

// ShowsPassword reports whether an address contains a password. On a command line,
// other users of the machine can read it in the list of processes.
func ShowsPassword(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	_, given := u.User.Password()
	return given || slices.ContainsFunc(passwordParameters, u.Query().Has)
}

// WithoutPassword returns an address without its passwords, so that it can be shown. It
// returns an address without passwords unchanged.
func WithoutPassword(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil && strings.Contains(address, "://"):
		return "(unreadable)"
	case !ShowsPassword(address):
		return address
	}
	name := u.User.Username()
	u.User = nil
	if name != "" {
		u.User = url.User(name)
	}
	query := u.Query()
	for _, parameter := range passwordParameters {
		query.Del(parameter)
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// redact replaces the passwords of a URL in a text.
func redact(text string, u *url.URL) string {
	password, _ := u.User.Password()
	for _, secret := range []string{password, url.QueryEscape(password), url.PathEscape(password), u.Query().Get("password"), u.Query().Get("sslpassword")} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "xxxxx")
		}
	}
	return text
}

// describeDatabase names a database in messages, without a password.
func describeDatabase(c *pgx.ConnConfig) string {
	host := c.Host
	if !strings.HasPrefix(host, "/") { // else the folder of a socket
		host = net.JoinHostPort(host, strconv.Itoa(int(c.Port)))
	}
	return fmt.Sprintf("database %q at %s (user %q)", c.Database, host, c.User)
}
