//go:build race

package store_test

// SQLite is ten times slower under the race detector.
const racing = true
