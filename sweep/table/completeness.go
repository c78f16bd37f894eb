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

// Completeness reports whether each configuration and replicate of a grid has
// exactly one accepted result. Its digests identify the set of results.
type Completeness struct {
	Format   string `json:"format"`
	Complete bool   `json:"complete"` // every row is done, and none is missing, doubled or contradicted

	Rows     int `json:"rows"` // a row for each configuration and replicate, as planned
	Done     int `json:"done"`
	Pending  int `json:"pending"`
	Failed   int `json:"failed"`
	Diverged int `json:"diverged"`

	Missing      int `json:"missing"`      // planned rows that are absent, or done without a result
	Doubled      int `json:"doubled"`      // further rows of a configuration and replicate
	Contradicted int `json:"contradicted"` // tasks with two different results

	Tasks int `json:"tasks"` // with an accepted result; rows may share one
	// ResultsSHA256 is the digest of one line for each of these tasks, sorted: the
	// task, a space, the digest of its result, \n.
	ResultsSHA256 string `json:"results_sha256"`
	// TableSHA256 is the digest of results.csv.
	TableSHA256 string `json:"results_csv_sha256"`
	// Note is the user's note on the sweep; nothing else depends on it.
	Note string `json:"note,omitempty"`
}

// completenessFormat is the name and version of the file's format.
const completenessFormat = "spiqsweep-completeness/1"

// Grid gives the positions of the rows of results.csv. *grid.Grid implements it.
type Grid interface {
	Rows() int // their number
	Row(configuration, replicate int) int
}

// CheckCompleteness reads the rows of a grid, which must come in grid order. The
// caller sets TableSHA256 and Note.
func CheckCompleteness(g Grid, rows Rows) (Completeness, error) {
	c := completenessCheck{Completeness: Completeness{Format: completenessFormat, Rows: g.Rows()}, grid: g}
	c.accepted = make([]acceptedResult, 0, c.Rows)
	for row, err := range rows {
		if err != nil {
			return Completeness{}, err
		}
		if err := c.add(row); err != nil {
			return Completeness{}, err
		}
	}
	return c.conclude(), nil
}

// Write writes the report as one JSON object.
func (c Completeness) Write(w io.Writer) error {
	body, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(body, '\n'))
	return err
}

// completenessCheck counts the rows read so far.
type completenessCheck struct {
	Completeness
	grid     Grid
	next     int // expected position of the next row
	accepted []acceptedResult
}

// acceptedResult is a task and the digest of its result, in binary, because a
// sweep may have a million.
type acceptedResult struct{ task, digest [sha256.Size]byte }

func (c *completenessCheck) add(row Row) error {
	position := c.grid.Row(row.ConfigurationIndex, row.Configuration.Replicate)
	if position < c.next {
		c.Doubled++
		return nil
	}
	c.Missing += position - c.next
	c.next = position + 1
	switch row.State {
	case sweep.Done:
		c.Done++
	case sweep.Failed:
		c.Failed++
	case sweep.Diverged:
		c.Diverged++
	default:
		c.Pending++
	}
	if row.Digest == "" {
		if row.State == sweep.Done {
			c.Missing++
		}
		return nil
	}
	var a acceptedResult
	for _, part := range []struct {
		to   *[sha256.Size]byte
		from string
	}{{&a.task, string(row.Task)}, {&a.digest, row.Digest}} {
		if n, err := hex.Decode(part.to[:], []byte(part.from)); err != nil || n != sha256.Size {
			return fmt.Errorf("check completeness: %.80q in the row of configuration %d, replicate %d is not a SHA-256", part.from, row.ConfigurationIndex, row.Configuration.Replicate)
		}
	}
	c.accepted = append(c.accepted, a)
	return nil
}

func (c *completenessCheck) conclude() Completeness {
	c.Missing += max(0, c.Rows-c.next)
	slices.SortFunc(c.accepted, func(a, b acceptedResult) int {
		if order := bytes.Compare(a.task[:], b.task[:]); order != 0 {
			return order
		}
		return bytes.Compare(a.digest[:], b.digest[:])
	})
	c.accepted = slices.Compact(c.accepted)
	sum := sha256.New()
	for i, a := range c.accepted {
		if i > 0 && c.accepted[i-1].task == a.task {
			c.Contradicted++
		} else {
			c.Tasks++
		}
		fmt.Fprintf(sum, "%x %x\n", a.task, a.digest)
	}
	c.ResultsSHA256 = hex.EncodeToString(sum.Sum(nil))
	c.Complete = c.Done == c.Rows && c.Missing == 0 && c.Doubled == 0 && c.Contradicted == 0
	return c.Completeness
}
