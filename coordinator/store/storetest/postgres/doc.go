// Package postgres gives tests PostgreSQL databases.
//
// [Database] creates an empty database for a test. The first call starts a private
// server for the test process: it runs the programs of the machine (in PATH or in
// Debian's folder) on a socket in a temporary folder, as an unprivileged user if the
// tests run as root. The server stops and deletes its folder when the test process
// ends, even after a crash. If SPIQSWEEP_POSTGRES is set, Database uses the server
// at this URL instead; its user must be allowed to create databases. Without either,
// the test is skipped.
//
// [Start] starts a server for one test, which the test can stop, kill and start again
// while its clients keep running.
package postgres
