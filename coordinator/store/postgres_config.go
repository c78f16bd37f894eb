package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// maxConns is how many transactions one coordinator has under way at once,
	// unless the URL says pool_max_conns.
	maxConns = 16
	// connectTimeout bounds an attempt to connect, unless the URL says
	// connect_timeout.
	connectTimeout = 5 * time.Second
)

// settings are those of every connection. A transaction that waits for a coordinator
// which was frozen within another outlives it: that one is cut off first.
const settings = `
	SET synchronous_commit = on;
	SET lock_timeout = '5s';
	SET idle_in_transaction_session_timeout = '3s';
	DO $$ BEGIN
		PERFORM set_config('client_connection_check_interval', '1s', false);
	EXCEPTION WHEN invalid_parameter_value OR undefined_object THEN NULL; -- a server on Windows cannot look
	END $$`

// planByIndex is the first statement of every transaction of the queue. Its statements
// are written for their indexes; the planner, which knows nothing yet of a table that was
// filled a moment ago, must not prefer to read it whole. The settings end with the
// transaction, so that a connection which a pool lends to others is as they expect it.
const planByIndex = `SELECT set_config(name, value, true) FROM (VALUES ('enable_seqscan', 'off'), ('enable_hashjoin', 'off'),
	('enable_mergejoin', 'off'), ('plan_cache_mode', 'force_generic_plan'), ('jit', 'off')) AS settings (name, value)`

// configOf reads the address of a database.
func configOf(address string) (*pgxpool.Config, error) {
	u, err := url.Parse(address)
	if err != nil { // the error quotes the password
		return nil, errors.New("store: its URL cannot be read: want postgres://USER@HOST/DATABASE, special characters as %XX")
	}
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("store %q: %s", unsaid(address, u), unsaid(err.Error(), u))
	}
	if !u.Query().Has("pool_max_conns") {
		config.MaxConns = maxConns
	}
	config.PingTimeout = connectTimeout
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, settings)
		return err
	}
	c := config.ConnConfig
	if c.Database == "" {
		return nil, fmt.Errorf("store %q: it names no database: give postgres://USER@HOST/DATABASE", unsaid(address, u))
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = connectTimeout
	}
	if _, named := c.RuntimeParams["application_name"]; !named {
		c.RuntimeParams["application_name"] = "spiqsweep"
	}
	return config, nil
}

// unsaid takes passwords out of a text.
func unsaid(text string, u *url.URL) string {
	password, _ := u.User.Password()
	for _, secret := range []string{password, url.QueryEscape(password), url.PathEscape(password), u.Query().Get("password"), u.Query().Get("sslpassword")} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "xxxxx")
		}
	}
	return text
}

// placeOf is a database's address, for people: without a password.
func placeOf(c *pgx.ConnConfig) string {
	host := c.Host
	if !strings.HasPrefix(host, "/") { // else it is the folder of a socket
		host = net.JoinHostPort(host, strconv.Itoa(int(c.Port)))
	}
	return fmt.Sprintf("database %q at %s (user %q)", c.Database, host, c.User)
}
