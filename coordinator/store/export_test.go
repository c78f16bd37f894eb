package store

// CheckServerVersion lets tests check versions of PostgreSQL that are not installed.
var CheckServerVersion = checkServerVersion
