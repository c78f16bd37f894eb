package page

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"time"

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/queue"
	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
	"spiqsweep/sweep/figure"
	"spiqsweep/sweep/model"
	"spiqsweep/sweep/table"
)

const (
	// maxTrainings bounds the trainings whose panels are kept, some 500 KB each.
	maxTrainings = 16
	// excerptWindows and excerptBins bound the windows of the recording in a raster.
	excerptWindows = 60
	excerptBins    = 60
)

// training is a result with its panels as files.
type training struct {
	result   sweep.Result
	measures sweep.Measures
	panels   []figure.Panel
	files    map[string][]byte // by name, such as losses.svg and losses.csv
}

// training returns the accepted result of a task, with its panels. Requests for the same
// one share the work.
func (p *Page) training(ctx context.Context, l queue.Look) (*training, error) {
	key := string(l.ID) + l.Accepted
	if t, found := p.trainings.Get(key); found {
		return t, nil
	}
	made := p.drawing.DoChan(key, func() (any, error) {
		t, err := p.makeTraining(context.WithoutCancel(ctx), l)
		if err == nil {
			p.trainings.Add(key, t)
		}
		return t, err
	})
	select {
	case m := <-made:
		if m.Err != nil {
			return nil, m.Err
		}
		return m.Val.(*training), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// result reads the accepted result of a task, whose digest is given.
func (p *Page) result(ctx context.Context, task sweep.TaskID, accepted string) (sweep.Result, error) {
	result, fault, err := folder.StoredResult(ctx, p.Queue, task, accepted)
	if fault != "" {
		err = &httpError{http.StatusConflict, errorText(fault + ": `coordinator verify` computes it again")}
	}
	return result, err
}

// writeModel writes the model file of a task of a sweep, which names the modelled neurons as far
// as they are known here.
func (p *Page) writeModel(ctx context.Context, w io.Writer, s queue.Sweep, task sweep.TaskID, c sweep.Configuration, result sweep.Result) error {
	selected, err := p.selection(s)(ctx, c)
	if err != nil {
		return err
	}
	if selected.NeuronIDs == nil {
		selected.NeuronIDs = []int{} // [] in the file: a list without entries
	}
	row := table.Row{Task: task, Configuration: c, Data: selected.Recording, NeuronIDs: selected.NeuronIDs}
	return model.Write(w, row, result, selected.BinMS)
}

// makeTraining reads the result of a task and draws its panels.
func (p *Page) makeTraining(ctx context.Context, l queue.Look) (t *training, err error) {
	defer func() { // the drawing libraries panic
		if fault := recover(); fault != nil {
			t, err = nil, fmt.Errorf("draw task %s: %v", l.ID, fault)
		}
	}()
	t = &training{files: map[string][]byte{}}
	if t.result, err = p.result(ctx, l.ID, l.Accepted); err != nil {
		return nil, err
	}
	t.measures = t.result.Measures()
	windows, err := p.excerpt(ctx, l.Recording)
	if err != nil {
		return nil, err
	}
	t.panels = figure.Training{Configuration: l.Configuration, Result: t.result, Windows: windows, BinMS: l.Configuration.Recording.BinMS}.Panels()
	for _, panel := range t.panels {
		if panel.Figure == nil {
			continue
		}
		for _, format := range []string{"svg", "csv"} {
			var file bytes.Buffer
			if err := panel.Write(&file, format, figure.PanelWidthCM); err != nil {
				return nil, err
			}
			t.files[panel.Name+"."+format] = file.Bytes()
		}
	}
	return t, nil
}

// excerpt returns windows of the recording with a digest; nil if it is not stored.
func (p *Page) excerpt(ctx context.Context, digest string) ([][]uint32, error) {
	body, err := p.Queue.Recording(ctx, digest)
	if errors.Is(err, queue.ErrUnknown) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var raster recording.Raster
	if err := raster.UnmarshalBinary(body); err != nil {
		return nil, err
	}
	return raster.Excerpt(excerptWindows, excerptBins)
}

// sendTrainingFile sends a panel as SVG, its numbers as CSV, the model as JSON, or the
// training by step as CSV.
func (p *Page) sendTrainingFile(w http.ResponseWriter, r *http.Request) error {
	look, err := p.look(r)
	if err != nil {
		return err
	}
	name := r.PathValue("file")
	if look.Accepted == "" {
		return notFound("task %s has no result yet", look.ID)
	}
	t, err := p.training(r.Context(), look)
	if err != nil {
		return err
	}
	body, known := t.files[name]
	attachment := ""
	var file bytes.Buffer
	switch name {
	case "model.json":
		s, c, err := p.configurationOf(r.Context(), look)
		if err != nil {
			return err
		}
		if err := p.writeModel(r.Context(), &file, s.sweep, look.ID, c, t.result); err != nil {
			return err
		}
		body, known, attachment = file.Bytes(), true, string(look.ID)+".json"
	case "training.csv":
		if err := table.WriteTraining(&file, t.result); err != nil {
			return err
		}
		body, known, attachment = file.Bytes(), true, string(look.ID)+".csv"
	}
	if !known {
		return notFound("task %s has no file %.80q", look.ID, name)
	}
	header := w.Header()
	header.Set("Cache-Control", "private, no-cache")
	header.Set("ETag", `"`+sweep.Digest(body)+`"`) // another version may draw the same result otherwise
	header.Set("Content-Type", contentTypes[path.Ext(name)])
	if strings.HasSuffix(name, ".svg") {
		header.Set("Content-Security-Policy", figurePolicy)
	}
	if attachment == "" && strings.HasSuffix(name, ".csv") {
		attachment = fmt.Sprintf("%s-%s", look.ID[:shownID], name)
	}
	if attachment != "" {
		header.Set("Content-Disposition", `attachment; filename="`+attachment+`"`)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	return nil
}
