package page

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"spiqsweep/sweep"
	"spiqsweep/sweep/claims"
	"spiqsweep/sweep/figure"
	"spiqsweep/sweep/table"
)

// tableFiles are the tables that are offered.
var tableFiles = []string{"results.csv", "summary.csv", "comparison.csv", "axes.csv", "claims.csv", "claims.md", "attempts.csv", "completeness.json"}

// folderFile matches the further files of an output folder that are offered: none has a
// secret.
var folderFile = regexp.MustCompile(`^(figures/[A-Za-z0-9=._-]+\.(svg|pdf|png|csv)|models/[0-9a-f]{64}\.(json|csv))$`)

var modelFile = regexp.MustCompile(`^models/([0-9a-f]{64})\.(json|csv)$`)

// contentTypes are those of the files that are offered.
var contentTypes = map[string]string{
	".csv": "text/csv; charset=utf-8", ".md": "text/markdown; charset=utf-8", ".json": "application/json",
	".svg": "image/svg+xml", ".pdf": "application/pdf", ".png": "image/png",
}

// files lists the tables of a sweep and, of its output folder, the figures.
func (p *Page) files(s *snapshot) []string {
	out, own := p.Folders[s.sweep.ID]
	if !own {
		if s.grid == nil {
			return nil
		}
		return slices.DeleteFunc(slices.Clone(tableFiles), func(name string) bool { return writers[name] == nil })
	}
	var names []string
	for _, name := range tableFiles {
		if info, err := os.Lstat(path.Join(out, name)); err == nil && info.Mode().IsRegular() {
			names = append(names, name)
		}
	}
	figures, err := os.ReadDir(path.Join(out, "figures"))
	if err != nil {
		return names // there is none yet
	}
	for _, file := range figures {
		if name := "figures/" + file.Name(); folderFile.MatchString(name) && file.Type().IsRegular() {
			names = append(names, name)
		}
	}
	return names
}

// sendFile sends a file of the output folder of a sweep, or makes it from the store.
func (p *Page) sendFile(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	if !slices.Contains(tableFiles, name) && !folderFile.MatchString(name) {
		return notFound("there is no file %.80q: results.csv, models/TASK.json and figures/S1.svg are some", name)
	}
	s, _, err := p.snapshot(r.Context(), r.PathValue("sweep"))
	if err != nil {
		return err
	}
	if out, own := p.Folders[s.sweep.ID]; own {
		return p.sendStored(w, r, out, name)
	}
	if modelFile.MatchString(name) {
		return p.sendModel(w, r, s, name)
	}
	write, known := writers[name]
	if !known {
		return notFound("%s of a sweep that was submitted is in the output folder of the command that follows it", name)
	}
	view, err := p.view(r.Context(), s)
	if err != nil {
		return &httpError{http.StatusConflict, err}
	}
	setDownload(w, name)
	err = write(&patientWriter{ResponseWriter: w}, view.Shape(), view.Rows(r.Context()))
	if err != nil {
		p.Log.Warn("a download ended early", "file", name, "error", err)
		panic(http.ErrAbortHandler) // so that nobody takes the part for the whole
	}
	return nil
}

// sendStored sends a file of an output folder. It follows no link out of the folder.
func (p *Page) sendStored(w http.ResponseWriter, r *http.Request, out, name string) error {
	root, err := os.OpenRoot(out)
	if errors.Is(err, fs.ErrNotExist) {
		return notFound("the output folder of this sweep was removed or renamed: run the sweep again")
	}
	if err != nil {
		return err
	}
	defer root.Close()
	if info, err := root.Lstat(name); errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return notFound("%s is not there yet", name)
	}
	file, err := root.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	setDownload(w, name)
	http.ServeContent(&patientWriter{ResponseWriter: w}, r, "", info.ModTime(), file)
	return nil
}

// sendModel makes the model file of a task, or the table of its training.
func (p *Page) sendModel(w http.ResponseWriter, r *http.Request, s *snapshot, name string) error {
	id := sweep.TaskID(modelFile.FindStringSubmatch(name)[1])
	row, found := s.find(id)
	if !found || row.digest == "" {
		return notFound("task %.12s of this sweep has no result", id)
	}
	result, err := p.result(r.Context(), id, row.digest)
	if err != nil {
		return err
	}
	var made bytes.Buffer
	if strings.HasSuffix(name, ".csv") {
		err = table.WriteTraining(&made, result)
	} else {
		err = p.writeModel(r.Context(), &made, s.sweep, id, s.of(row), result)
	}
	if err != nil {
		return err
	}
	setDownload(w, name)
	_, _ = made.WriteTo(&patientWriter{ResponseWriter: w})
	return nil
}

// writers make tables from rows.
var writers = map[string]func(io.Writer, table.Shape, table.Rows) error{
	"results.csv": table.WriteResults,
	"summary.csv": table.WriteSummary,
	"comparison.csv": func(w io.Writer, shape table.Shape, rows table.Rows) error {
		t, err := table.Gather(shape, rows)
		if err != nil {
			return err
		}
		return t.WriteComparison(w)
	},
	"axes.csv": func(w io.Writer, shape table.Shape, rows table.Rows) error {
		t, err := table.Gather(shape, rows)
		if err != nil {
			return err
		}
		return table.WriteAxes(w, t.Levels())
	},
	"claims.csv": func(w io.Writer, shape table.Shape, rows table.Rows) error {
		judged, err := claims.Judge(shape, rows)
		if err != nil {
			return err
		}
		return table.WriteClaims(w, judged.Claims)
	},
	"claims.md": func(w io.Writer, shape table.Shape, rows table.Rows) error {
		judged, err := claims.Judge(shape, rows)
		if err != nil {
			return err
		}
		return judged.WriteText(w)
	},
}

// sendFigure draws a figure of the report of a sweep.
func (p *Page) sendFigure(w http.ResponseWriter, r *http.Request) (err error) {
	file := r.PathValue("file")
	format := strings.TrimPrefix(path.Ext(file), ".")
	if !slices.Contains(figure.Formats, format) {
		return notFound("a figure has the extension %s", strings.Join(figure.Formats, ", "))
	}
	s, _, err := p.snapshot(r.Context(), r.PathValue("sweep"))
	if err != nil {
		return err
	}
	made, _, err := p.report(s)
	if err != nil {
		return &httpError{http.StatusConflict, err}
	}
	if made == nil {
		w.Header().Set("Retry-After", "5")
		return &httpError{http.StatusServiceUnavailable, errorText("the figures are being drawn: try again in some seconds")}
	}
	at := slices.IndexFunc(made.figures, func(f *figure.Figure) bool { return f.Name+"."+format == file })
	if at < 0 {
		return notFound("there is no figure %.80q yet: the first result draws it", file)
	}
	var body bytes.Buffer
	if err := draw(r.Context(), made.figures[at], &body, format); err != nil {
		return err
	}
	setDownload(w, file)
	w.Header().Set("Content-Disposition", "inline")
	if format == "svg" {
		w.Header().Set("Content-Security-Policy", figurePolicy)
	}
	_, _ = body.WriteTo(w)
	return nil
}

// drawing admits one figure at a time: a PNG takes megabytes.
var drawing = make(chan struct{}, 1)

func draw(ctx context.Context, f *figure.Figure, w io.Writer, format string) (err error) {
	select {
	case drawing <- struct{}{}:
	case <-ctx.Done(): // the reader left before its turn
		return ctx.Err()
	}
	defer func() {
		<-drawing
		if fault := recover(); fault != nil {
			err = fmt.Errorf("draw figure %s: %v", f.Name, fault)
		}
	}()
	return f.Write(w, format, figure.FullWidthCM)
}

func setDownload(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Type", contentTypes[path.Ext(name)])
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", path.Base(name)))
	w.Header().Set("Cache-Control", "no-store")
}

// patientWriter gives a reader sendTimeout for each part of a long answer, where the server
// would bound the time of the whole.
type patientWriter struct{ http.ResponseWriter }

func (w *patientWriter) Write(body []byte) (int, error) {
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(sendTimeout)) // a test's writer has none
	return w.ResponseWriter.Write(body)
}
