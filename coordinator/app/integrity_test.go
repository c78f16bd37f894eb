package app_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store"
	"spiqsweep/deploy/needs"
	"spiqsweep/sweep"
)

// tamper replaces the result of the first row in the store of a folder, or deletes it if
// the new body is nil.
func tamper(t *testing.T, out string, change func(body, measures []byte) queue.StoredResult) {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(out, "sweep.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	id, err := os.ReadFile(filepath.Join(out, "sweep.id"))
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(t.Context(), nil, func(tx queue.Tx) error {
		found, _, err := tx.Sweep(strings.TrimSpace(string(id)))
		if err != nil {
			return err
		}
		rows, err := tx.Rows(found.Plan, -1, 1)
		if err != nil {
			return err
		}
		task, digest := rows[0].Task.ID, rows[0].Digest
		stored, _, err := tx.Result(task, digest)
		if err != nil {
			return err
		}
		if err := tx.DeleteResult(task, digest); err != nil {
			return err
		}
		if r := change(stored.Body, rows[0].Measures); r.Body != nil {
			return tx.PutResult(task, digest, r)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestCorruptResultsAreNotShown checks that the run reports a corrupt result and the tables
// omit its numbers, until a verification and a retry have replaced it.
func TestCorruptResultsAreNotShown(t *testing.T) {
	needs.NoRaceDetector(t, drawingIsSlow)
	t.Parallel()
	altered := func(b []byte) []byte {
		return bytes.Replace(b, []byte(`"k_probability":0.001`), []byte(`"k_probability":0.0001`), 1)
	}
	for name, test := range map[string]struct {
		change func(body, measures []byte) queue.StoredResult
		want   string
	}{
		"a number of the result": {
			func(b, m []byte) queue.StoredResult { return queue.StoredResult{Body: altered(b), Measures: m} },
			"the stored result was altered since it was accepted",
		},
		"a number for the tables": {
			func(b, m []byte) queue.StoredResult { return queue.StoredResult{Body: b, Measures: altered(m)} },
			"the stored numbers for the tables are missing or were altered",
		},
		"nothing for the tables": {
			func(b, _ []byte) queue.StoredResult { return queue.StoredResult{Body: b} },
			"the stored numbers for the tables are missing or were altered",
		},
		"rubbish for the tables": {
			func(b, _ []byte) queue.StoredResult { return queue.StoredResult{Body: b, Measures: []byte("rubbish")} },
			"the stored numbers for the tables are missing or were altered",
		},
		"no result": {
			func([]byte, []byte) queue.StoredResult { return queue.StoredResult{} },
			"the stored result is missing",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config(t, fourConfigurations, &fakeWorkers{})
			runToEnd(t, c)
			tamper(t, c.Out, test.change)
			a, _ := runToEnd(t, c)
			corrupt := a.IntegrityErrors()
			if len(corrupt) != 1 || corrupt[0].Reason != test.want || corrupt[0].Label != "n=1 t=1 k=0 replicate 0" {
				t.Errorf("corrupt results: %+v, want one: %s", corrupt, test.want)
			}
			want := []string{"diverged ", "done 0.002", "done 0.002", "done 0.004"}
			if diff := cmp.Diff(want, columns(t, c.Out, "results.csv", "state", "mse_k_probability")); diff != "" {
				t.Errorf("results.csv (-want +got):\n%s", diff)
			}
			if proof := a.Completeness(); proof.Complete || proof.Done != 3 || proof.Diverged != 1 {
				t.Errorf("completeness is %+v", proof)
			}
			if levels := a.Levels(); len(levels) == 0 || levels[0].Models != 1 {
				t.Errorf("levels are %+v", levels)
			}

			place := app.Place{Out: c.Out}
			if done, err := place.Verify(t.Context(), verifier(c)); err != nil || len(done.Findings) != 1 {
				t.Fatalf("verification is %+v, %v", done, err)
			}
			if n, err := place.Retry(t.Context(), queue.Selection{}, true); n != 1 || err != nil {
				t.Errorf("%d tasks reopened, %v", n, err)
			}
			if a, _ := runToEnd(t, c); len(a.IntegrityErrors()) != 0 || !a.Completeness().Complete {
				t.Errorf("repaired, but there are %+v, %+v", a.IntegrityErrors(), a.Completeness())
			}
		})
	}
}

// TestMeasuresOfAnEarlierVersionAreIntact checks that results are shown and verified whose
// measures were stored before they had a history and an autocorrelogram.
func TestMeasuresOfAnEarlierVersionAreIntact(t *testing.T) {
	needs.NoRaceDetector(t, drawingIsSlow)
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{})
	runToEnd(t, c)
	want := content(t, c.Out, "results.csv")
	tamper(t, c.Out, func(body, measures []byte) queue.StoredResult {
		m, err := sweep.DecodeMeasures(measures)
		if err != nil {
			t.Fatal(err)
		}
		earlier, err := m.Earlier().Encode()
		if err != nil || bytes.Equal(earlier, measures) {
			t.Fatalf("%s, %v: want other measures than %s", earlier, err, measures)
		}
		return queue.StoredResult{Body: body, Measures: earlier}
	})
	if a, _ := runToEnd(t, c); len(a.IntegrityErrors()) != 0 || !a.Completeness().Complete || content(t, c.Out, "results.csv") != want {
		t.Errorf("corrupt results: %+v, completeness %+v", a.IntegrityErrors(), a.Completeness())
	}
	done, err := app.Place{Out: c.Out}.Verify(t.Context(), verifier(c))
	if err != nil || done.Chosen != 4 || len(done.Findings) != 0 {
		t.Errorf("verification is %+v, %v", done, err)
	}
}
