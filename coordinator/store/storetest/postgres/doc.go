// Package postgres gives tests PostgreSQL databases.
//
// [Database] makes a fresh one for a test, on a server that the test process
// starts for itself at the first call: of the machine's own programs (in PATH or
// where Debian puts them), on a socket in a temporary folder, as an unprivileged
// user if the tests run as root. The server ends with the test process, however
// that ends, and takes its folder with it. If SPIQSWEEP_POSTGRES is set, it is the
// URL of a server to use instead, by a user who may create databases. If there is
// neither, the test is skipped.
//
// [Start] makes a server of a test's own, which can be stopped, killed and started
// again while its clients go on.
package postgres
