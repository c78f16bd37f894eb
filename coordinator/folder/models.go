package folder

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"strings"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
	"spiqsweep/sweep/model"
	"spiqsweep/sweep/table"
)

// models knows which models are written and which are not. They are made from
// whole results, one at a time, and there may be a million of them.
type models struct {
	// written has the beginning of the digest of the result whose model was
	// written, by the first row that shows it; 0 before.
	written []uint64
	missing []missingModel
	tidied  bool // models of other grids were removed
	// wild has the largest angle of each model whose angles make no sense, by row.
	wild    map[int32]float64
	corrupt corrupt
}

// missingModel is a result whose model is to be written.
type missingModel struct {
	row    int32
	digest [sha256.Size]byte
	shown  uint64 // stands for what tables show of it: see shownBy
}

// beginning is enough of a digest to tell two of one task apart.
func beginning(digest [sha256.Size]byte) uint64 { return max(1, binary.BigEndian.Uint64(digest[:])) }

// missingModels finds the results whose models are not written.
func (v *View) missingModels(rows table.Rows) ([]missingModel, error) {
	var missing []missingModel
	i := 0
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		m := missingModel{row: int32(i)}
		i++
		if row.Digest == "" || v.sweep.Plan.First(int(m.row)) < int(m.row) {
			continue
		}
		if n, err := hex.Decode(m.digest[:], []byte(row.Digest)); err != nil || n != len(m.digest) {
			return nil, fmt.Errorf("task %s: the digest %.80q of its result is no SHA-256", row.Task, row.Digest)
		}
		if v.models.written[m.row] == beginning(m.digest) {
			continue
		}
		if m.shown, err = shownBy(row.Measures); err != nil {
			return nil, err
		}
		if missing == nil {
			missing = make([]missingModel, 0, v.sweep.Plan.Trainings())
		}
		missing = append(missing, m)
	}
	return missing, nil
}

// writeModels writes models that are missing, for as long as patience lasts. One
// that cannot be written is tried again with the next tables; so are all, if
// whoever keeps the results is away. All results are looked at, even if the folder
// of the models is unusable.
func (v *View) writeModels(ctx context.Context, patience time.Duration, unusable bool) error {
	began := time.Now()
	var faults, unwritten error
	for len(v.models.missing) > 0 && time.Since(began) < patience {
		m := v.models.missing[0]
		doubt, err := v.writeModel(ctx, m)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, queue.ErrUnavailable) {
			v.shown = ""
			return errors.Join(faults, err)
		}
		v.models.missing = v.models.missing[1:]
		if err == nil && v.suspect(m.row, doubt) {
			continue
		}
		if err == nil {
			v.models.written[m.row] = beginning(m.digest)
			continue
		}
		v.shown = ""
		if unread := (*unreadError)(nil); errors.As(err, &unread) {
			faults = errors.Join(faults, err)
		} else {
			unwritten = cmp.Or(unwritten, err)
		}
	}
	if !unusable {
		_ = v.note(modelsFolder, unwritten)
	}
	return faults
}

// writeModel writes the model of a result that is stored as it was accepted, or
// says why it is not.
func (v *View) writeModel(ctx context.Context, m missingModel) (doubt string, err error) {
	task := v.sweep.Plan.Row(int(m.row))
	result, doubt, err := v.accepted(ctx, task.ID, m)
	if err != nil {
		return "", &unreadError{err}
	}
	if doubt != "" {
		return doubt, nil
	}
	if largest := result.LargestAngle(); largest > sweep.LargestSensibleAngle {
		if v.models.wild == nil {
			v.models.wild = map[int32]float64{}
		}
		v.models.wild[m.row] = largest
	} else {
		delete(v.models.wild, m.row)
	}
	row, err := v.row(task)
	if err != nil {
		return "", err
	}
	selected, err := v.sweep.Selected(ctx, task.Configuration)
	if err != nil {
		return "", err
	}
	name := path.Join(modelsFolder, string(task.ID)+".json")
	return "", v.folder.writeUnsynced(name, func(w io.Writer) error {
		return model.Write(w, row, result.Angles, selected.BinMS)
	})
}

// Warnings returns a warning about models whose angles are too large to make sense.
func (v *View) Warnings() []string {
	wild := v.models.wild
	if len(wild) == 0 {
		return nil
	}
	largest, first := 0.0, int32(math.MaxInt32)
	for row, angle := range wild {
		largest, first = max(largest, angle), min(first, row)
	}
	noun := "models have"
	if len(wild) == 1 {
		noun = "model has"
	}
	return []string{fmt.Sprintf("%d %s angles of more than a thousand turns (up to %.2g rad), first %s: such errors say nothing about the circuit; "+
		"lower generator_learning_rate", len(wild), noun, largest, v.sweep.Plan.Row(int(first)).ID)}
}

// removeModels removes, once, the models of tasks that are not in the grid: a
// person who reads the whole folder must read this sweep's. The store keeps
// their results, so a grid that wants them again has them written again.
func (v *View) removeModels() {
	if v.models.tidied || v.folder.irregular(modelsFolder) != "a directory" {
		return
	}
	files, err := os.ReadDir(v.folder.Path(modelsFolder))
	for _, file := range files {
		task, found := strings.CutSuffix(file.Name(), ".json")
		if found && file.Type().IsRegular() && isDigest(task) && !v.sweep.Plan.Has(sweep.TaskID(task)) {
			err = errors.Join(err, os.Remove(v.folder.Path(modelsFolder, file.Name())))
		}
	}
	v.models.tidied = err == nil
	_ = v.note(path.Join(modelsFolder, "*"), err)
}

func isDigest(name string) bool {
	raw, err := hex.DecodeString(name)
	return err == nil && len(raw) == 32 && strings.ToLower(name) == name
}
