package app_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/queue"
)

func TestASecondCoordinatorIsRefused(t *testing.T) {
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{})
	a, err := app.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	c.Store = filepath.Join(t.TempDir(), "another.db") // not even with a separate store
	_, err = app.Open(t.Context(), c)
	var input *folder.InputError
	if !errors.As(err, &input) || !errors.Is(err, folder.ErrInUse) {
		t.Errorf("error is %v, want an InputError that is folder.ErrInUse", err)
	}
}

// TestBadInputLeavesNothing checks that Open creates no file if it rejects its input.
func TestBadInputLeavesNothing(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("not a recording"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		change func(*app.Config)
		want   string
	}{
		"grid":             {func(c *app.Config) { c.Grid = []byte("sweep {") }, "test.hcl:1"},
		"setting":          {func(c *app.Config) { c.Grid = []byte(strings.Replace(fourConfigurations, "neurons", "neuron", 1)) }, "did you mean"},
		"variable":         {func(c *app.Config) { c.Variables = map[string]string{"x": "1"} }, "x"},
		"recording":        {func(c *app.Config) { c.Recording = file }, "neither a MATLAB v5, a .npy, a .npz nor a CSV file"},
		"no recording":     {func(c *app.Config) { c.Recording = file + "s" }, "no such file"},
		"too many neurons": {func(c *app.Config) { c.Grid = []byte(strings.Replace(fourConfigurations, "[1, 2]", "[21]", 1)) }, "21"},
		"too long a window": {func(c *app.Config) {
			c.Grid = []byte(strings.Replace(fourConfigurations, "timesteps = [1, 2]", "timesteps = [953]", 1))
		}, "952"},
		"address":           {func(c *app.Config) { c.Listen = "localhost" }, "HOST:PORT"},
		"another's address": {func(c *app.Config) { c.Listen = "192.0.2.1:7473" }, "give an address of this machine"},
		"no such port":      {func(c *app.Config) { c.Listen = "127.0.0.1:99999" }, "with a port from 0 to 65535"},
		"listen on slashes": {func(c *app.Config) { c.Listen = "//h:1" }, `listen on "//h:1": an address has neither scheme nor slashes: must be HOST:PORT`},
		"listen on a URL":   {func(c *app.Config) { c.Listen = "http://h:1/" }, "neither scheme nor slashes"},
		"advertise slashes": {func(c *app.Config) { c.Listen, c.Advertise = ":0", []string{"//h:1"} }, "HOST:PORT"},
		"advertise nothing": {func(c *app.Config) { c.Listen, c.Advertise = ":0", []string{"0.0.0.0:7473"} }, "HOST:PORT"},
		"advertise no port": {func(c *app.Config) { c.Listen, c.Advertise = ":0", []string{"host"} }, "HOST:PORT"},
		"advertise only":    {func(c *app.Config) { c.Advertise = []string{"host:7473"} }, "--listen"},
		"half an authority": {func(c *app.Config) { c.Listen, c.CACert = ":0", file }, "belong together"},
		"no authority":      {func(c *app.Config) { c.Listen, c.CACert, c.CAKey = ":0", file, file }, "PEM"},
		"insecure TLS": {func(c *app.Config) {
			c.Listen, c.CACert, c.CAKey, c.Insecure = ":0", file, file, true
		}, "one of them"},
		"idle authority":     {func(c *app.Config) { c.CACert, c.CAKey = file, file }, "no effect without --listen"},
		"busy address":       {func(c *app.Config) { c.Listen = busy.Addr().String() }, "choose another port"},
		"store":              {func(c *app.Config) { c.Store = "mysql://host/db" }, "mysql"},
		"output is a file":   {func(c *app.Config) { c.Out = file }, "is a file"},
		"output in a file":   {func(c *app.Config) { c.Out = filepath.Join(file, "out") }, "is a file"},
		"two tasks, one row": {func(c *app.Config) { c.Grid = nil }, "sweep block"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := config(t, fourConfigurations, &fakeWorkers{})
			parent := filepath.Dir(filepath.Dir(c.Out))
			test.change(&c)
			a, err := app.Open(t.Context(), c)
			if a != nil {
				a.Close()
			}
			var input *folder.InputError
			if !errors.As(err, &input) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want an InputError with %q", err, test.want)
			}
			if entries, err := os.ReadDir(parent); err != nil || len(entries) != 0 {
				t.Errorf("left %v, %v", entries, err)
			}
		})
	}
}

func TestAFolderThatCannotBeMade(t *testing.T) {
	t.Parallel()
	const readOnly = "/sys" // not even root can create folders there
	if _, err := os.Stat(readOnly); err != nil {
		t.Skipf("skipped: needs a read-only file system: %v", err)
	}
	c := config(t, fourConfigurations, &fakeWorkers{})
	c.Out = filepath.Join(readOnly, "sweep")
	if _, err := app.Open(t.Context(), c); !isInput(err, "--out") {
		t.Errorf("error is %v, want an InputError that names the flag", err)
	}
}

// TestAStoreByKeywords checks that a database address of keywords is rejected, and that the
// error omits its password.
func TestAStoreByKeywords(t *testing.T) {
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{})
	c.Store = "host=localhost password=topsecret"
	_, err := app.Open(t.Context(), c)
	if _, err := os.Stat(c.Store); err == nil {
		t.Error("a file of that name was created")
	}
	if !isInput(err, "postgres://USER@HOST/DATABASE") || strings.Contains(err.Error(), "topsecret") {
		t.Errorf("error is %v", err)
	}
}

func TestAFolderWithoutASweep(t *testing.T) {
	t.Parallel()
	place := app.Place{Out: t.TempDir()}
	var input *folder.InputError
	if _, err := place.Status(t.Context(), ""); !errors.As(err, &input) || !strings.Contains(err.Error(), "no sweep") {
		t.Errorf("error of Status is %v", err)
	}
	if _, err := place.Retry(t.Context(), queue.Selection{}, false); !errors.As(err, &input) {
		t.Errorf("error of Retry is %v", err)
	}
	entries, err := os.ReadDir(place.Out)
	if err != nil || len(entries) != 0 {
		t.Errorf("left %v, %v", entries, err)
	}
}

// TestAFolderOfOtherFilesIsRefused checks that a folder without a sweep, but with other
// files, is left unchanged.
func TestAFolderOfOtherFilesIsRefused(t *testing.T) {
	t.Parallel()
	c := config(t, fourConfigurations, &fakeWorkers{})
	other := filepath.Join(c.Out, "results.csv")
	if err := os.MkdirAll(c.Out, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := app.Open(t.Context(), c)
	var input *folder.InputError
	if !errors.As(err, &input) || !strings.Contains(err.Error(), "results.csv") || !strings.Contains(err.Error(), "--out") {
		t.Errorf("error is %v, want an InputError that names the file and the fix", err)
	}
	if body, err := os.ReadFile(other); err != nil || string(body) != "mine" {
		t.Errorf("the file is %q, %v", body, err)
	}
	if entries, err := os.ReadDir(c.Out); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}
