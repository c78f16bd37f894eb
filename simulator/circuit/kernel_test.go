package circuit

import (
	"os"
	"strings"
	"testing"
)

func TestNamedKernel(t *testing.T) {
	best, err := NamedKernel("")
	if err != nil || best.Name != Kernels()[0].Name {
		t.Errorf("the unnamed kernel is %q (%v), want the best, %q", best.Name, err, Kernels()[0].Name)
	}
	for _, want := range Kernels() {
		if k, err := NamedKernel(want.Name); err != nil || k != want {
			t.Errorf("kernel %q: got %+v (%v)", want.Name, k, err)
		}
	}
	if _, err := NamedKernel("abacus"); err == nil || !strings.Contains(err.Error(), `kernel "abacus": must be one that this machine can run: `) {
		t.Errorf("kernel abacus: error %v", err)
	}
}

func TestDefaultKernelReadsTheEnvironment(t *testing.T) {
	t.Setenv(KernelVariable, "portable")
	if k := DefaultKernel(); k.Name != "portable" || !strings.HasPrefix(k.Class, "portable/") {
		t.Errorf("got %+v, want the portable kernel", k)
	}
	t.Setenv(KernelVariable, "abacus")
	defer func() {
		if r := recover(); r == nil {
			t.Errorf("%s=%s was taken", KernelVariable, os.Getenv(KernelVariable))
		}
	}()
	DefaultKernel()
}

func TestCompileRejectsInvalidArguments(t *testing.T) {
	if _, err := Compile(Ansatz{}, DefaultKernel()); err == nil || !strings.Contains(err.Error(), "compile circuit: validate ansatz: neurons is 0") {
		t.Errorf("no neurons: error %v", err)
	}
	if _, err := Compile(paper(2), Kernel{}); err == nil || !strings.Contains(err.Error(), "no kernel given") {
		t.Errorf("no kernel: error %v", err)
	}
}

func TestSetPanicsOnWrongNumberOfAngles(t *testing.T) {
	c, err := Compile(paper(2), DefaultKernel())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("three angles were taken for sixteen")
		}
	}()
	c.NewPatch().Set(make([]float64, 3))
}
