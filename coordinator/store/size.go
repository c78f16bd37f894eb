package store

import (
	"context"
	"os"
	"path/filepath"

	"spiqsweep/coordinator/queue"
)

// Size returns the size of a store in bytes: of the SQLite file with its log, or of the
// PostgreSQL database. free is the space that is left on the disk of the file. A value that
// is not known is -1.
func Size(ctx context.Context, s queue.Store) (size, free int64) {
	switch s := s.(type) {
	case *sqliteStore:
		return s.size()
	case *postgresStore:
		return s.size(ctx), -1
	default:
		return -1, -1
	}
}

func (s *sqliteStore) size() (size, free int64) {
	size, free = -1, -1
	for _, path := range []string{s.path, s.path + "-wal"} {
		if info, err := os.Stat(path); err == nil {
			size = max(size, 0) + info.Size()
		}
	}
	if left, err := FreeSpace(filepath.Dir(s.path)); err == nil {
		free = int64(min(left, 1<<62))
	}
	return size, free
}

func (s *postgresStore) size(ctx context.Context) (size int64) {
	if !s.enter() {
		return -1
	}
	defer s.running.Done()
	if err := s.pool.QueryRow(ctx, `SELECT pg_database_size(current_database())`).Scan(&size); err != nil {
		return -1
	}
	return size
}
