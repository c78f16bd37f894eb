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
	"spiqsweep/sweep/plan"
	"spiqsweep/sweep/table"
)

// models tracks which models are written. There may be a million of them.
type models struct {
	// written holds, by the first row of a task, the prefix of the digest of the result
	// whose model was written, or 0.
	written  []uint64
	missing  []missingModel
	cleaned  bool // models of other grids were removed
	unusable bool // their folder, so that none can be written
	// largeAngles holds the largest angle, by row, of models whose angles are too large to
	// make sense.
	largeAngles map[int32]float64
	corrupt     corrupt
}

// move moves what is known of the tasks of a plan to their rows in another plan.
func (m *models) move(from, to *plan.Plan) {
	written := m.written
	largeAngles, reasons := m.largeAngles, m.corrupt.reasons
	m.written, m.missing, m.largeAngles, m.corrupt.reasons = make([]uint64, to.Len()), nil, map[int32]float64{}, map[int32]string{}
	for row := range written {
		configuration, replicate := from.Grid().At(row)
		if replicate >= to.Grid().ReplicatesOf(configuration) {
			continue
		}
		moved := int32(to.Grid().Row(configuration, replicate))
		m.written[moved] = written[row]
		if angle, large := largeAngles[int32(row)]; large {
			m.largeAngles[moved] = angle
		}
		if reason, corrupt := reasons[int32(row)]; corrupt {
			m.corrupt.reasons[moved] = reason
		}
	}
}

// missingModel is a result whose model is not written.
type missingModel struct {
	row int32
	accepted
}

// prefix returns the first bytes of a digest, enough to tell two results of a task apart.
// It is never 0, which stands for no result.
func prefix(digest [sha256.Size]byte) uint64 { return max(1, binary.BigEndian.Uint64(digest[:])) }

// missingModels returns the results whose models are not written.
func (v *View) missingModels(rows table.Rows) ([]missingModel, error) {
	var missing []missingModel
	i := 0
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		position := i
		i++
		if row.Digest == "" || v.sweep.Plan.First(position) < position {
			continue
		}
		accepted, err := acceptedResult(row)
		if err != nil {
			return nil, err
		}
		if v.models.written[position] == prefix(accepted.digest) {
			continue
		}
		if missing == nil {
			missing = make([]missingModel, 0, v.sweep.Plan.TaskCount())
		}
		missing = append(missing, missingModel{int32(position), accepted})
	}
	return missing, nil
}

// writeModels writes missing models within the limit. If one fails or the queue is
// unavailable, the next Refresh writes the tables and lists the missing models again.
// writeModels checks all results, even if the folder of the models is unusable.
func (v *View) writeModels(ctx context.Context, limit time.Duration) error {
	began := time.Now()
	var faults, unwritten error
	for all := len(v.models.missing); len(v.models.missing) > 0 && time.Since(began) < limit; {
		v.report("checking results and writing models", all-len(v.models.missing), all)
		m := v.models.missing[0]
		fault, err := v.writeModel(ctx, m)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, queue.ErrUnavailable) {
			v.tablesMark = ""
			return errors.Join(faults, err)
		}
		v.models.missing = v.models.missing[1:]
		if err == nil && v.noteIntegrity(m.row, fault) {
			continue
		}
		if err == nil {
			v.models.written[m.row] = prefix(m.digest)
			continue
		}
		v.tablesMark = ""
		if unread := (*unreadError)(nil); errors.As(err, &unread) {
			faults = errors.Join(faults, err)
		} else {
			unwritten = cmp.Or(unwritten, err)
		}
	}
	if !v.models.unusable {
		_ = v.note(modelsFolder, unwritten)
	}
	return faults
}

// writeModel checks a result and writes its model, or returns what is wrong with the
// result.
func (v *View) writeModel(ctx context.Context, m missingModel) (fault string, err error) {
	task := v.sweep.Plan.Row(int(m.row))
	result, fault, err := v.checkedResult(ctx, task.ID, m.accepted)
	if err != nil {
		return "", &unreadError{err}
	}
	if fault != "" {
		return fault, nil
	}
	if largest := result.LargestAngle(); largest > sweep.LargestSensibleAngle {
		if v.models.largeAngles == nil {
			v.models.largeAngles = map[int32]float64{}
		}
		v.models.largeAngles[m.row] = largest
	} else {
		delete(v.models.largeAngles, m.row)
	}
	if v.models.unusable {
		return "", errors.New("the folder of the models is unusable")
	}
	row, err := v.row(task)
	if err != nil {
		return "", err
	}
	selected, err := v.sweep.Selected(ctx, task.Configuration)
	if err != nil {
		return "", err
	}
	name := path.Join(modelsFolder, string(task.ID))
	err = v.folder.writeUnsynced(name+".json", func(w io.Writer) error {
		return model.Write(w, row, result, selected.BinMS)
	})
	if err != nil || len(result.History)+len(result.Training) == 0 {
		return "", err
	}
	return "", v.folder.writeUnsynced(name+trainingSuffix, func(w io.Writer) error { return table.WriteTraining(w, result) })
}

// trainingSuffix ends the name of the file that shows how a model was trained.
const trainingSuffix = ".csv"

// Warnings returns a warning about models whose angles are too large to make sense.
func (v *View) Warnings() []string {
	large := v.models.largeAngles
	if len(large) == 0 {
		return nil
	}
	largest, first := 0.0, int32(math.MaxInt32)
	for row, angle := range large {
		largest, first = max(largest, angle), min(first, row)
	}
	noun := "models have"
	if len(large) == 1 {
		noun = "model has"
	}
	return []string{fmt.Sprintf("%d %s angles of more than a thousand turns (up to %.2g rad), first %s: such errors say nothing about the circuit; "+
		"lower generator_learning_rate", len(large), noun, largest, v.sweep.Plan.Row(int(first)).ID)}
}

// removeModels removes, once, the models of tasks that are not in the grid, so that the
// folder holds those of this sweep alone. The store keeps their results.
func (v *View) removeModels() {
	if v.models.cleaned || v.folder.irregular(modelsFolder) != "a directory" {
		return
	}
	files, err := os.ReadDir(v.folder.Path(modelsFolder))
	for _, file := range files {
		task, found := strings.CutSuffix(file.Name(), ".json")
		if !found {
			task, found = strings.CutSuffix(file.Name(), trainingSuffix)
		}
		if found && file.Type().IsRegular() && isDigest(task) && !v.sweep.Plan.Has(sweep.TaskID(task)) {
			err = errors.Join(err, os.Remove(v.folder.Path(modelsFolder, file.Name())))
		}
	}
	v.models.cleaned = err == nil
	_ = v.note(path.Join(modelsFolder, "*"), err)
}

func isDigest(name string) bool {
	raw, err := hex.DecodeString(name)
	return err == nil && len(raw) == 32 && strings.ToLower(name) == name
}
