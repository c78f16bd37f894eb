package grid

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"spiqsweep/sweep"
)

// TestWhenMatchesReadBy checks that the condition that documents a setting agrees
// with the one that the canonical form applies.
func TestWhenMatchesReadBy(t *testing.T) {
	g := mustParse(t, `sweep "a" {
		grid {
			auxiliary       = [0, 1]
			noise           = ["shared", "per_qubit", "none"]
			noise_per_layer = [true, false]
			constraint      = ["one_sided", "two_sided", "none", "clip"]
			k               = [0, 1]
			method          = ["exact", "samples"]
			timesteps       = [8, 9]
			objective       = ["wgan", "likelihood", "mmd"]
		}
		exclude {
			when = objective == "likelihood" && (noise == "per_qubit" || noise_per_layer)
		}
	}`)
	for _, s := range sweep.Settings() {
		if s.When == "" {
			continue
		}
		condition, faults := hclsyntax.ParseExpression([]byte(s.When), s.Name, hcl.InitialPos)
		if faults.HasErrors() {
			t.Errorf("%s: When = %s: %v", s.Name, s.When, faults)
			continue
		}
		d := &declaration{scope: newScope(nil)}
		for _, c := range g.Configurations() {
			read, faults := d.excluded(condition, settingsIn(condition), c)
			if faults.HasErrors() || read.True() != s.ReadBy(c) {
				t.Fatalf("%s: %s is %v at %+v, but ReadBy disagrees: %v", s.Name, s.When, read, c, faults)
			}
		}
	}
}

func TestConflictIsReportedAtTheLastSetting(t *testing.T) {
	_, diagnostics := Parse("test.hcl", []byte(`sweep "a" {
		circuit {
			auxiliary = 8
		}
		neurons = 16
	}`), nil)
	if got := diagnostics.Error(); !strings.Contains(got, "test.hcl:5:3") {
		t.Errorf("got %s, want line 5", got)
	}
}

func TestConditionOfFaultyVariable(t *testing.T) {
	_, diagnostics := Parse("test.hcl", []byte(`
		variable "limit" {
		}
		sweep "a" {
			exclude {
				when = neurons > var.limit
			}
		}`), nil)
	if diagnostics.Len() != 1 || !strings.Contains(diagnostics.Error(), "the variable has no default") {
		t.Errorf("got %s, want only the variable's fault", diagnostics.Error())
	}
}

func TestFaultyAxisHidesWhatDependsOnIt(t *testing.T) {
	for _, source := range []string{
		"sweep \"a\" {\ngrid {\nk = [-1]\nk_loss = [\"square\", \"absolute\"]\n}\n}",
		"sweep \"a\" {\ngrid {\nk = [-1]\n}\nexclude {\nwhen = k == 0\n}\n}",
	} {
		_, diagnostics := Parse("test.hcl", []byte(source), nil)
		if diagnostics.Len() != 1 || !strings.Contains(diagnostics.Error(), "k = -1") {
			t.Errorf("%s:\n%s, want only the fault of k", source, diagnostics.Error())
		}
	}
}
