package store

// Recent lets tests ask about versions of PostgreSQL that the machine has not.
var Recent = recent
