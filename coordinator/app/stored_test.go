package app_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/app"
	"spiqsweep/deploy/needs"
	"spiqsweep/sweep"
	"spiqsweep/sweep/export"
	"spiqsweep/sweep/figure"
	"spiqsweep/sweep/table"
)

// readStored counts the stored results of a sweep, and reports whether its coordinator runs.
func readStored(t testing.TB, c app.Config) (done int, running bool) {
	t.Helper()
	err := app.ReadStored(t.Context(), c.Out, app.Input{}, func(ctx context.Context, s *app.Stored) error {
		running = s.Running
		for row, err := range s.Rows(ctx) {
			if err != nil {
				return err
			}
			if row.State == sweep.Done && row.Measures != nil {
				done++
			}
		}
		return nil
	})
	if err != nil {
		t.Errorf("read the stored results: %v", err)
	}
	return done, running
}

// TestReadStoredWhileItRuns reads the results at the running coordinator, then in the store.
func TestReadStoredWhileItRuns(t *testing.T) {
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{})
	var once sync.Once
	read := false
	c.Follow = func(p app.Progress) {
		if p.Counts.Done == 0 {
			return
		}
		once.Do(func() {
			done, running := readStored(t, c)
			if read = true; done < p.Counts.Done || !running {
				t.Errorf("%d of at least %d results, coordinator running: %v", done, p.Counts.Done, running)
			}
		})
	}
	runToEnd(t, c)
	if done, running := readStored(t, c); !read || done != 4 || running {
		t.Errorf("%d results, coordinator running: %v, read while it ran: %v", done, running, read)
	}
}

// TestReadersDoNotExcludeEachOther exports and draws a sweep while it runs and after it has
// ended, each time while another command reads it.
func TestReadersDoNotExcludeEachOther(t *testing.T) {
	needs.NoRaceDetector(t, drawingIsSlow)
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{})
	path := filepath.Join(t.TempDir(), "results.csv")
	exported := func() (done int) {
		t.Helper()
		err := app.ReadStored(t.Context(), c.Out, app.Input{}, func(ctx context.Context, _ *app.Stored) error {
			return app.ReadStored(ctx, c.Out, app.Input{}, func(ctx context.Context, s *app.Stored) error {
				if _, err := s.DrawFigures(ctx, []string{"S1"}, figure.FullWidthCM); err != nil {
					return err
				}
				_, err := s.Export(ctx, "csv", path, export.Options{})
				return err
			})
		})
		text, fault := os.ReadFile(path)
		if err != nil || fault != nil {
			t.Errorf("read twice at a time: %v, %v", err, fault)
		}
		return strings.Count(string(text), ",done,")
	}
	var once sync.Once
	read := false
	c.Follow = func(p app.Progress) {
		if p.Counts.Done == 0 {
			return
		}
		once.Do(func() {
			if done := exported(); done < p.Counts.Done {
				t.Errorf("%d of at least %d results were exported", done, p.Counts.Done)
			}
			read = true
		})
	}
	runToEnd(t, c)
	if done := exported(); done != 4 || !read {
		t.Errorf("%d results, exported while it ran: %v", done, read)
	}
}

// TestStoredRowsAreTheTable checks that a sweep in which results decide on replicates has
// the rows of its results.csv.
func TestStoredRowsAreTheTable(t *testing.T) {
	needs.NoRaceDetector(t, drawingIsSlow)
	t.Parallel()
	c := config(t, adaptive, &fakeWorkers{})
	runToEnd(t, c)
	want, err := os.ReadFile(filepath.Join(c.Out, "results.csv"))
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	err = app.ReadStored(t.Context(), c.Out, app.Input{}, func(ctx context.Context, s *app.Stored) error {
		return table.WriteResults(&got, s.Shape(), s.Rows(ctx))
	})
	if diff := cmp.Diff(string(want), got.String()); err != nil || diff != "" {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
}

// writeRecording writes a recording of two repeats, two neurons and four bins, in which a bit is odd.
func writeRecording(t testing.TB, path string, odd byte) {
	t.Helper()
	header := "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2, 4), }"
	body := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), 0)
	body = append(append(body, header...), 1-odd, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 1, odd)
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestStoredOfOtherData refuses a recording that is not the one of the last run.
func TestStoredOfOtherData(t *testing.T) {
	t.Parallel()
	c := config(t, strings.Replace(fourConfigurations, "grid {", "recording { source = \"file\" }\n\tgrid {", 1), &fakeWorkers{})
	c.Recording = filepath.Join(t.TempDir(), "spikes.npy")
	writeRecording(t, c.Recording, 0)
	planned, err := app.Open(t.Context(), c)
	if err == nil {
		err = planned.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if done, _ := readStored(t, c); done != 0 {
		t.Errorf("%d results of none", done)
	}
	writeRecording(t, c.Recording, 1)
	err = app.ReadStored(t.Context(), c.Out, app.Input{}, func(context.Context, *app.Stored) error { return nil })
	if !isInput(err, "its tasks were trained on other data than "+c.Recording) {
		t.Errorf("error %v", err)
	}
}
