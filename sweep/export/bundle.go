package export

import (
	"archive/zip"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"time"

	"spiqsweep/sweep/figure"
	"spiqsweep/sweep/model"
)

// bundle is a zip archive of a sweep. Its files have a fixed time. Their digests, and the
// directory of the archive, are in memory: a few hundred bytes for each model.
type bundle struct {
	zip      *zip.Writer
	manifest strings.Builder // lines of sha256sum
}

// add writes a file of the archive.
func (b *bundle) add(name string, fill func(io.Writer) error) error {
	w, err := b.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		return err
	}
	digest := sha256.New()
	if err := fill(io.MultiWriter(w, digest)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Fprintf(&b.manifest, "%x  %s\n", digest.Sum(nil), name)
	return nil
}

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// writeBundle writes a zip archive to publish or to keep: the sweep file, the tables that
// every run reproduces, figures and models, the digests of all files, and metadata by
// RO-Crate 1.1 and in the Citation File Format. attempts.csv, which names hosts, is not
// in it.
func writeBundle(w io.Writer, s Sweep) error {
	b := &bundle{zip: zip.NewWriter(w)}
	if err := b.add("sweep.hcl", text(string(s.Grid))); err != nil {
		return err
	}
	for _, t := range tablesOf(s) {
		if err := b.add(t.name, t.write); err != nil {
			return err
		}
	}
	figures, err := s.Figures()
	if err != nil {
		return err
	}
	for _, f := range figures {
		for _, format := range figure.Formats {
			if err := b.add("figures/"+f.Name+"."+format, func(w io.Writer) error { return draw(f, format, w) }); err != nil {
				return err
			}
		}
	}
	if err := b.addModels(s.Records); err != nil {
		return err
	}
	if err := b.add("CITATION.cff", text(citation(s))); err != nil {
		return err
	}
	if err := b.add("ro-crate-metadata.json", func(w io.Writer) error { return writeCrate(w, s, len(figures) > 0) }); err != nil {
		return err
	}
	if err := b.add("manifest.sha256", text(b.manifest.String())); err != nil {
		return err
	}
	return b.zip.Close()
}

// addModels adds the model of each task that has a result.
func (b *bundle) addModels(records Records) error {
	for r, err := range records {
		if err != nil {
			return err
		}
		if r.Result == nil || r.Repeated {
			continue
		}
		if err := b.add("models/"+string(r.Task)+".json", func(w io.Writer) error { return model.Write(w, r.Row, *r.Result, r.BinMS) }); err != nil {
			return err
		}
	}
	return nil
}
