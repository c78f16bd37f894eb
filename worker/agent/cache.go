package agent

import (
	"fmt"
	"path/filepath"
	"sync"

	"spiqsweep/simulator/inputfile"
	"spiqsweep/simulator/recording"
	"spiqsweep/sweep/atomicfile"
)

// recordingCache holds recordings by digest, in memory and optionally in a folder. Workers may
// share the folder.
type recordingCache struct {
	folder string // "": memory only

	mu      sync.Mutex // guards rasters
	rasters map[string]*recording.Raster
}

// maxRasterBytes bounds a file of the folder; the largest recording takes less.
const maxRasterBytes = 1 << 30

// load reads a recording from the folder, and reports whether a valid file exists.
func (c *recordingCache) load(digest string) bool {
	if c.folder == "" {
		return false
	}
	body, err := inputfile.Read(c.path(digest), maxRasterBytes)
	return err == nil && c.put(digest, body) == nil
}

// put decodes a recording and checks its digest.
func (c *recordingCache) put(digest string, body []byte) error {
	var r recording.Raster
	if err := r.UnmarshalBinary(body); err != nil {
		return fmt.Errorf("decode the recording: %w", err)
	}
	if got := r.Digest(); got != digest {
		return fmt.Errorf("the recording's digest is %s, want %s", got, digest)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rasters[digest] = &r
	return nil
}

// save writes a recording to the folder atomically.
func (c *recordingCache) save(digest string, body []byte) error {
	if c.folder == "" {
		return nil
	}
	return inputfile.Explain(c.folder, atomicfile.Write(c.path(digest), 0o600, body))
}

// get returns a recording; nil if it was dropped.
func (c *recordingCache) get(digest string) *recording.Raster {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rasters[digest]
}

func (c *recordingCache) drop(digest string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.rasters, digest)
}

// path returns the path of a digest, which is untrusted, within the folder.
func (c *recordingCache) path(digest string) string {
	return filepath.Join(c.folder, filepath.Base(digest)+".raster")
}
