package hosts

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseFile(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       []Host
		err        string
	}{
		{
			"settings", "a\n\n # none\nme@b.lab\tslots=4 nice=19#x\r\nc program=bin/w folder=~/x/ \n::1 program=/w folder=/s/me",
			[]Host{
				{Name: "a"},
				{Name: "me@b.lab", Slots: 4, Nice: 19},
				{Name: "c", Program: "lab/bin/w", Folder: "x"},
				{Name: "::1", Program: "/w", Folder: "/s/me"},
			},
			"",
		},
		{"byte order mark", "\ufeffa", []Host{{Name: "a"}}, ""},
		{"empty", "# no host\n", nil, `lab/hosts.txt names no host: write one on each line`},
		{"option", "\n-oProxyCommand=x", nil, `lab/hosts.txt:2: "-oProxyCommand=x" is not the name of a host`},
		{"setting first", "slots=4", nil, `lab/hosts.txt:1: "slots=4" is not the name of a host`},
		{"command", "a;reboot", nil, `"a;reboot" is not the name of a host`},
		{"two hosts", "a b", nil, `lab/hosts.txt:1: "b": must be a setting with its value, such as slots=4; write each host on its own line`},
		{"twice", "a\nb\na slots=1", nil, `lab/hosts.txt:3: a is also in line 1: `},
		{"setting twice", "a slots=1 slots=2", nil, `slots is given twice`},
		{"slots", "a slots=0", nil, `slots=0: must be a whole number from 1 to `},
		{"nice", "a nice=-1", nil, `nice=-1: must be a whole number from 0 to 19`},
		{"port", "a port=22", nil, `port is no setting of a host: the settings are slots, nice, program and folder; ports, keys and jump hosts belong into ~/.ssh/config`},
		{"home", "a folder=~/", nil, `folder=~/: must be a folder, absolute or below the home folder`},
		{"root", "a folder=/", nil, `folder=/: must be a folder`},
		{"parent", "a folder=x/../..", nil, `folder=x/../..: must be a folder`},
		{"quote", "a folder=it's", nil, `folder=it's: must be a folder`},
		{"no program", "a program=", nil, `program= is empty`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseFile("lab/hosts.txt", c.body)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("the error is %v, want %q", err, c.err)
			}
		})
	}
}

// FuzzParseFile checks that no file gives a host whose name or folder a shell or ssh would
// take for something else, and that every error names the file.
func FuzzParseFile(f *testing.F) {
	for _, seed := range []string{"a", "a slots=4\n#", "me@b folder=~/x", "-v", "a folder='", "a program=x y=z", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		all, err := ParseFile("F", body)
		if (err == nil) != (len(all) > 0) || err != nil && !strings.HasPrefix(err.Error(), "F") {
			t.Fatalf("%d hosts, %v", len(all), err)
		}
		for _, h := range all {
			if h.Name == "" || strings.HasPrefix(h.Name, "-") || strings.ContainsAny(h.Name+h.Folder, " '\"\\$`;&|<>()*?[]!\n\r\t") {
				t.Fatalf("%+v", h)
			}
		}
	})
}

func TestSelect(t *testing.T) {
	all := []Host{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	got, err := Select(all, []string{"c", "a"})
	if diff := cmp.Diff([]Host{{Name: "a"}, {Name: "c"}}, got); diff != "" || err != nil {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
	if _, err := Select(all, []string{"d"}); err == nil || !strings.Contains(err.Error(), `no host "d"`) {
		t.Errorf("the error is %v", err)
	}
}

func TestOtherMachinesAndProgramsAreRefused(t *testing.T) {
	b := Binary{Path: "bin/worker", System: "Linux", Machine: "x86_64", os: "linux", arch: "amd64"}
	for uname, want := range map[string]string{
		"Linux x86_64":  "",
		"Linux aarch64": "it is Linux aarch64, and bin/worker is built for linux/amd64: build one with `CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build -o bin/worker-arm64 ./worker`, and add program=bin/worker-arm64 to the line of the host",
		"Linux riscv64": "it is Linux riscv64, and bin/worker is built for linux/amd64: there is no worker for such a machine",
	} {
		got := ""
		if err := b.checkMachine(uname); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", uname, got, want)
		}
	}
	for _, path := range []string{"/proc/self/exe", "file.go"} {
		if _, err := ReadBinary(path); err == nil || !strings.Contains(err.Error(), "is not the program worker") {
			t.Errorf("%s: %v", path, err)
		}
	}
}
