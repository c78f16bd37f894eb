package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"spiqsweep/coordinator/folder"
	"spiqsweep/simulator/inputfile"
	"spiqsweep/sweep/export"
)

// Export writes the stored results to a path outside of the output folder, in one of
// export.Formats. It trains nothing. It returns the results that differ from the accepted
// ones, which the export omits.
func (s *Stored) Export(ctx context.Context, format, path string, options export.Options) ([]folder.IntegrityError, error) {
	if err := s.app.checkTarget(path, export.IsFolder(format)); err != nil {
		return nil, err
	}
	exported, err := s.app.view.Exported(ctx)
	if err != nil {
		return nil, err
	}
	exported.Options = options
	return s.app.IntegrityErrors(), inputfile.ExplainWrite(path, export.Write(path, format, exported))
}

// checkTarget rejects a path in the output folder of any sweep or server, whose files a
// coordinator writes, the path of a file that the sweep is read from, one at which there is
// anything else than a file, or than a folder, and a file in a folder that does not exist.
func (a *App) checkTarget(path string, isFolder bool) error {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	info, err := os.Lstat(absolute)
	switch {
	case err == nil && isFolder && !info.IsDir():
		return folder.BadInput("--to %s is not a folder, and this format writes several files: name a folder", path)
	case err == nil && !isFolder && !info.Mode().IsRegular():
		return folder.BadInput("--to %s is not a regular file, and this format writes one: name a file", path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return &folder.InputError{Err: err}
	}
	if err := a.checkSources(path, info); err != nil {
		return err
	}
	if parent := filepath.Dir(path); !isFolder {
		if _, err := os.Stat(parent); errors.Is(err, fs.ErrNotExist) {
			return folder.BadInput("--to %s: there is no folder %s: create it, or name another path", path, parent)
		}
	}
	return a.checkOutside(path, absolute)
}

// checkOutside rejects a path in the output folder of any sweep or server.
func (a *App) checkOutside(path, absolute string) error {
	out, err := os.Stat(string(a.folder))
	if err != nil {
		return err
	}
	for at := absolute; ; at = filepath.Dir(at) {
		f := folder.Folder(at)
		if info, err := os.Stat(at); err == nil && os.SameFile(out, info) {
			f = a.folder
		}
		if f == a.folder || f.HasRun() || f.Serves() && f.HasStore() { // a copy of the keys makes no output folder
			return folder.BadInput("--to %s is in the output folder %s, whose files the coordinator writes: name a path outside of it", path, f)
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

// checkSources rejects the file at a path if it is the recording or the store of the sweep.
// The info is nil if there is no file.
func (a *App) checkSources(path string, info fs.FileInfo) error {
	store, err := a.folder.StoreURL(a.Store)
	if err != nil {
		return err
	}
	for source, name := range map[string]string{a.prepared.data.path: "recording", store: "store"} {
		if read, err := os.Stat(source); err == nil && os.SameFile(read, info) {
			return folder.BadInput("--to %s is the %s of the sweep: name another file", path, name)
		}
	}
	return nil
}
