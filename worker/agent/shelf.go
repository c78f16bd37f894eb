package agent

import (
	"fmt"
	"path/filepath"
	"sync"

	"spiqsweep/simulator/inputfile"
	"spiqsweep/simulator/recording"
	"spiqsweep/sweep/atomicfile"
)

// shelf keeps recordings by digest: in memory, and in a folder if there is one.
// A folder may be shared by many workers, and holds nothing that could not be
// fetched again.
type shelf struct {
	folder string // "": none

	mu      sync.Mutex // guards rasters
	rasters map[string]*recording.Raster
}

// maxRasterBytes bounds a file of the folder: the bits of 16 cells, with room.
const maxRasterBytes = 1 << 30

// load takes a recording from the folder; a file that is absent or damaged
// counts as absent.
func (s *shelf) load(digest string) bool {
	if s.folder == "" {
		return false
	}
	body, err := inputfile.Read(s.path(digest), maxRasterBytes)
	return err == nil && s.put(digest, body) == nil
}

// put decodes a recording and checks that it is the one of that digest.
func (s *shelf) put(digest string, body []byte) error {
	var r recording.Raster
	if err := r.UnmarshalBinary(body); err != nil {
		return fmt.Errorf("decode the recording: %w", err)
	}
	if got := r.Digest(); got != digest {
		return fmt.Errorf("the recording's digest is %s, want %s", got, digest)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rasters[digest] = &r
	return nil
}

// save writes a recording into the folder, whole or not at all.
func (s *shelf) save(digest string, body []byte) error {
	if s.folder == "" {
		return nil
	}
	return atomicfile.Write(s.path(digest), 0o600, body)
}

// get returns a recording that was put, nil if it was dropped since.
func (s *shelf) get(digest string) *recording.Raster {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rasters[digest]
}

func (s *shelf) drop(digest string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.rasters, digest)
}

// path never leaves the folder: a digest comes from outside.
func (s *shelf) path(digest string) string {
	return filepath.Join(s.folder, filepath.Base(digest)+".raster")
}
