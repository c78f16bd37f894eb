package app_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/app"
)

// TestExplain checks the nearest task of each kind of task.
func TestExplain(t *testing.T) {
	t.Parallel()
	c := config(t, `sweep "near" {
		replicates = 2
		grid {
			neurons   = [1, 2]
			timesteps = [1, 2]
			entangler = ["chain", "none"]
		}
		evaluation { baselines = ["independent", "pairwise"] }
	}`, &fakeWorkers{})
	planned, err := app.Open(t.Context(), c)
	if err == nil {
		err = planned.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	entangler := func(first, second string) []app.SettingComparison {
		return []app.SettingComparison{{Name: "entangler", First: first, Second: second}}
	}
	wanted := map[string]struct {
		nearest     string
		differences []app.SettingComparison
	}{
		`n=2 t=2 k=0 entangler="none" replicate 1`:  {`n=2 t=2 k=0 entangler="chain" replicate 1`, entangler("none", "chain")},
		`n=1 t=1 k=0 entangler="chain" replicate 0`: {`n=1 t=1 k=0 entangler="none" replicate 0`, entangler("chain", "none")},
		`independent n=2 t=2`:                       {`independent n=2 t=1`, []app.SettingComparison{{Name: "timesteps", First: 2.0, Second: 1.0}}},
		`pairwise n=1 t=2`:                          {`pairwise n=1 t=1`, []app.SettingComparison{{Name: "timesteps", First: 2.0, Second: 1.0}}},
	}
	err = app.ReadStored(t.Context(), c.Out, app.Input{}, func(ctx context.Context, s *app.Stored) error {
		for row, err := range s.Rows(ctx) {
			if err != nil {
				return err
			}
			e, err := s.Explain(ctx, strings.ToUpper(string(row.Task[:20])))
			if err != nil {
				return err
			}
			if e.Task != string(row.Task) || e.State != "pending" || len(e.Attempts) > 0 || e.ResultSHA256 != "" {
				t.Errorf("%s: %+v", row.Task, e)
			}
			want, checked := wanted[e.Label]
			delete(wanted, e.Label)
			switch {
			case !checked:
			case e.Nearest == nil || e.Nearest.Label != want.nearest:
				t.Errorf("%s: nearest is %+v, want %s", e.Label, e.Nearest, want.nearest)
			default:
				if diff := cmp.Diff(want.differences, e.Nearest.Differences); diff != "" {
					t.Errorf("%s (-want +got):\n%s", e.Label, diff)
				}
			}
		}
		return nil
	})
	if err != nil || len(wanted) > 0 {
		t.Errorf("error %v, without rows for %v", err, wanted)
	}
}
