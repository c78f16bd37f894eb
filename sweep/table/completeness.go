package table

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"spiqsweep/sweep"
)

// Completeness says whether each cell and replicate of a grid has exactly one
// accepted result, and names the set of results by a digest.
type Completeness struct {
	Format   string `json:"format"`
	Complete bool   `json:"complete"` // all rows are done, none is missing, doubled or contradicted

	Rows     int `json:"rows"` // cells × replicates, as planned
	Done     int `json:"done"`
	Pending  int `json:"pending"`
	Failed   int `json:"failed"`
	Diverged int `json:"diverged"`

	Missing      int `json:"missing"`      // planned rows that were not there, or that are done without a result
	Doubled      int `json:"doubled"`      // rows for a cell and replicate that had one already
	Contradicted int `json:"contradicted"` // tasks that are shown with two different results

	Tasks int `json:"tasks"` // with an accepted result; rows may share one
	// ResultsSHA256 is taken over a line for each of them, sorted: the task, a
	// space, the digest of its result, \n.
	ResultsSHA256 string `json:"results_sha256"`
	// TableSHA256 is that of results.csv.
	TableSHA256 string `json:"results_csv_sha256"`
}

// completenessFormat names the file's form.
const completenessFormat = "spiqsweep-completeness/1"

// Prove reads the rows of a grid of so many cells and replicates, which must
// come in grid order. The digest of results.csv is left to its writer.
func Prove(cells, replicates int, rows Rows) (Completeness, error) {
	p := proof{Completeness: Completeness{Format: completenessFormat, Rows: cells * replicates}, replicates: replicates}
	p.accepted = make([]accepted, 0, p.Rows)
	for row, err := range rows {
		if err != nil {
			return Completeness{}, err
		}
		if err := p.add(row); err != nil {
			return Completeness{}, err
		}
	}
	return p.conclude(), nil
}

// Write prints the proof as one JSON object.
func (c Completeness) Write(w io.Writer) error {
	body, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(body, '\n'))
	return err
}

// proof gathers what is known of the rows so far.
type proof struct {
	Completeness
	replicates int
	next       int // position of the row that should come next
	accepted   []accepted
}

// accepted is a task and its result, as 32 bytes each: there may be a million.
type accepted struct{ task, digest [sha256.Size]byte }

func (p *proof) add(row Row) error {
	position := row.ConfigurationIndex*p.replicates + row.Configuration.Replicate
	if position < p.next {
		p.Doubled++
		return nil
	}
	p.Missing += position - p.next
	p.next = position + 1
	switch row.State {
	case sweep.Done:
		p.Done++
	case sweep.Failed:
		p.Failed++
	case sweep.Diverged:
		p.Diverged++
	default:
		p.Pending++
	}
	if row.Digest == "" {
		if row.State == sweep.Done {
			p.Missing++
		}
		return nil
	}
	var a accepted
	for _, part := range []struct {
		to   *[sha256.Size]byte
		from string
	}{{&a.task, string(row.Task)}, {&a.digest, row.Digest}} {
		if n, err := hex.Decode(part.to[:], []byte(part.from)); err != nil || n != sha256.Size {
			return fmt.Errorf("prove completeness: %.80q in the row of cell %d, replicate %d is no SHA-256", part.from, row.ConfigurationIndex, row.Configuration.Replicate)
		}
	}
	p.accepted = append(p.accepted, a)
	return nil
}

func (p *proof) conclude() Completeness {
	p.Missing += max(0, p.Rows-p.next)
	slices.SortFunc(p.accepted, func(a, b accepted) int {
		if order := bytes.Compare(a.task[:], b.task[:]); order != 0 {
			return order
		}
		return bytes.Compare(a.digest[:], b.digest[:])
	})
	p.accepted = slices.Compact(p.accepted)
	sum := sha256.New()
	for i, a := range p.accepted {
		if i > 0 && p.accepted[i-1].task == a.task {
			p.Contradicted++
		} else {
			p.Tasks++
		}
		fmt.Fprintf(sum, "%x %x\n", a.task, a.digest)
	}
	p.ResultsSHA256 = hex.EncodeToString(sum.Sum(nil))
	p.Complete = p.Done == p.Rows && p.Missing == 0 && p.Doubled == 0 && p.Contradicted == 0
	return p.Completeness
}
