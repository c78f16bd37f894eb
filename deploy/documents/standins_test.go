//go:build unix

package documents

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// synopses are the documents whose commands are forms of commands, with why. Their grids are
// planned like those of other documents.
var synopses = map[string]string{
	"DESIGN.md":    "section 6 lists the flags of each command, and the text the forms of commands; the help texts have them as examples",
	"CHANGELOG.md": "it says what commands did in a version",
}

// A replacement is text of commands that a test cannot run as it stands.
type replacement struct {
	text    string // a regular expression
	instead string // for regexp.ReplaceAllString, and then the shell, whose variables the test sets
	reason  string
}

var replacements = []replacement{
	{`\[STORE=.*\]`, ``, "square brackets mark what may be left out"},
	{`\b3fa9c1\b|\bTASK\b`, `$$TASK`, "a placeholder of a task's ID: the first in results.csv"},
	{`\bFOLDER FOLDER\b`, `runs/figure-s1 runs/longer`, "placeholders of output folders"},
	{`\bFOLDER\b`, `runs/figure-s1`, "a placeholder of an output folder"},
	{`\bCOPY\b`, `runs/copy`, "a placeholder of a copy of an output folder"},
	{`\bSWEEP\b`, `quick`, "a placeholder of a sweep's name"},
	{`\bFILE\b`, `sweep.hcl`, "a placeholder of a grid file"},
	{`\bCOMMAND\b`, `plan`, "a placeholder of a command's name"},
	{`:7473\b`, `:$$PORT`, "another program of the machine may listen on this port"},
	{`:8080\b`, `:$$HTTP_PORT`, "another program of the machine may listen on this port"},
	{`^scp -p host:`, `cp -p `, "there is one machine"},
	{`\bnode17\b`, `"$$(hostname)"`, "a host's name: there is one machine"},
	{`/scratch/runs`, `scratch/runs`, "a disk of a computing cluster"},
	{`postgres://(user@)?host/spiqsweep`, `"$$DATABASE"`, "a PostgreSQL server: the test starts one"},
	{`figure-s1 (--coordinator runs/serve)`, `quick $1`, "the server of the test has the sweep that was submitted to it"},
	{`avx2`, `$$KERNEL`, "this machine may not have the kernel"},
}

// A standIn is how a command is run that cannot be run alone and as it stands.
type standIn struct {
	reason string

	skip    bool   // it is not run
	instead string // "": the command, after the replacements
	in      string // folder in which it is run; "": the root of the clone
	before  string // commands that provide what it needs
	beside  []string
	// background leaves it running while the next commands of its block run. It must end
	// on its own then, with exit code 0, or is ended by Ctrl-C if isEnded is set.
	background bool
	isEnded    bool
	fails      bool // it must fail, as the document says
}

// server is what commands need that speak to a coordinator: a new one with a worker and a sweep. The
// worker must not read the file of an earlier server, nor the commands find a sweep of that name there.
var server = []string{
	"rm -rf runs/serve && coordinator serve --listen 127.0.0.1:$PORT",
	serves + " && worker --coordinator runs/serve/worker.json --stay",
}

// serves waits for the server.
const serves = "until coordinator health --coordinator runs/serve/operator.json; do sleep 0.1; done"

// submit gives the server a sweep and waits for its worker.
const submit = serves + ` && coordinator --grid sweep/examples/quick.hcl --replace --coordinator runs/serve/operator.json &&
	until coordinator status quick --coordinator runs/serve/operator.json --json | grep -q '"kernel"'; do sleep 0.1; done`

// own is a folder with a grid sweep.hcl, which the root lacks.
const own = "own"

var (
	compared   = standIn{skip: true, reason: "make test runs these tests, which compare what -update writes"}
	overSSH    = standIn{skip: true, reason: "needs machines that ssh reaches: make hosts runs it between such machines"}
	forSlurm   = standIn{beside: server, before: submit, instead: "coordinator slurm --out runs/serve --workers 32 -- --time=12:00:00 --cpus-per-task=4", reason: "needs a coordinator whose sweep is not done, and prints a script"}
	inSuite    = standIn{skip: true, reason: "a suite of .ci/run"}
	onQuiet    = standIn{skip: true, reason: "takes minutes of a quiet machine: make test runs small sizes"}
	planned    = "trains for minutes or hours: the plan of the grid is printed"
	noCluster  = standIn{skip: true, reason: "there is no cluster: make manifests checks the files"}
	needsStore = "needs a server"
	onSystem   = standIn{skip: true, reason: "changes the machine: a test of deploy/systemd checks the units"}
)

// standIns names every command that is not run alone and as it stands.
var standIns = map[string]standIn{
	"go run ./coordinator": {reason: "run once, interrupted by Ctrl-C and run again to the end, as the text says"},

	"make test":                inSuite,
	"make race":                inSuite,
	"make lint":                inSuite,
	"make simulate SEEDS=1000": inSuite,
	"make hosts":               inSuite,
	"make manifests":           inSuite,
	"make image":               {skip: true, reason: "make image-check runs it twice"},
	"make documents":           {skip: true, reason: "it runs this test"},
	"go test ./coordinator -run TestREADMEHasEverySetting -update": compared,
	"go test ./sweep/table -update":                                compared,
	"make bench":                                                   {skip: true, reason: "takes minutes of a quiet machine"},
	"make load TASKS=100000 WORKERS=1000 [STORE=postgres://…]": {
		instead: "make load TASKS=1000 WORKERS=10", reason: "100,000 tasks take minutes of a quiet machine",
	},

	"make load TASKS=10000 WORKERS=1000 LOADFLAGS='-offered 0 -steps 60000 -full-for 15s'":                                onQuiet,
	"make load TASKS=20000 WORKERS=1000 LOADFLAGS='-offered 1000 -offered-for 10s'":                                       onQuiet,
	"make load TASKS=20000 WORKERS=1000 LOADFLAGS='-offered 200 -offered-for 10s'":                                        onQuiet,
	"make load TASKS=10000 WORKERS=1000 LOADFLAGS='-offered 0 -steps 60000 -full-for 15s -connections 10'":                onQuiet,
	"make load TASKS=1000000 WORKERS=50 LOADFLAGS='-offered 0 -replicates 250 -steps 60000 -full-for 20s'":                onQuiet,
	"make load TASKS=1000000 WORKERS=50 LOADFLAGS='-offered 0 -replicates 250 -steps 60000 -full-for 60s -time-left 10m'": onQuiet,
	"worker --coordinator FILE --slots 1":           onQuiet,
	"make scale WORKERS=10000 TASKS=1000000 SEED=1": onQuiet,
	"make scale WORKERS=500 TASKS=50000 SEED=1":     onQuiet,

	// The root has a sweep.hcl, which init does not replace.
	"coordinator init": {in: own, before: "rm -f sweep.hcl", reason: "in a folder without a sweep.hcl"},
	"coordinator init retina.hcl --recording bint_fishmovie32_100.mat": {in: own, before: "rm -f retina.hcl", reason: "beside the recording"},
	"coordinator --grid sweep.hcl --recording bint_fishmovie32_100.mat": {
		in: own, before: "rm -f sweep.hcl && coordinator init --recording bint_fishmovie32_100.mat", reason: "with a user's own grid: that of the root trains for minutes",
	},
	"coordinator plan --grid sweep.hcl --recording bint_fishmovie32_100.mat --workers 16": {
		in: own, before: "rm -f sweep.hcl && coordinator init --recording bint_fishmovie32_100.mat", reason: "with a user's own grid",
	},
	`coordinator --grid sweep.hcl --until 6h --note "first try"`: {in: own, reason: "with a user's own grid"},

	"coordinator --grid entanglement.hcl --listen 127.0.0.1:7473": {background: true, reason: "in another terminal: ends with the sweep"},
	"coordinator --grid entanglement.hcl --listen 0.0.0.0:7473": {
		before: "sed -i 's/replicates = 5/replicates = 6/' entanglement.hcl", background: true,
		reason: "on another machine, for a sweep that is not done: the grid is changed, as the text allows",
	},

	"kubectl apply": {skip: true, reason: "a name: the blocks have its flags"},
	"kubectl apply --filename=deploy/kubernetes/base/namespace.yaml": noCluster,
	"kubectl --namespace=spiqsweep create secret generic spiqsweep-coordinator --from-file=keys/worker.json --from-file=keys/operator.json --from-file=keys/ca.pem --from-file=keys/ca-key.pem": noCluster,
	"kubectl --namespace=spiqsweep create secret generic spiqsweep-worker --from-file=keys/worker.json":                                                                                         noCluster,
	"kubectl apply --kustomize=deploy/kubernetes/sqlite":                                                                                                                                        noCluster,
	"kubectl --namespace=spiqsweep port-forward service/spiqsweep 7473 8080":                                                                                                                    noCluster,
	"kubectl --namespace=spiqsweep create secret generic spiqsweep-postgres --from-file=password=password.txt":                                                                                  noCluster,
	"kubectl apply --kustomize=deploy/kubernetes/postgres":                                                                                                                                      noCluster,
	"coordinator --grid sweep/examples/quick.hcl":                                                                                                                                               {before: "rm -rf runs/quick", reason: "in a new folder: the sweep of runs/quick is a server's by then"},
	"coordinator --grid sweep/examples/quick.hcl --coordinator keys/operator.json": {
		beside: []string{"coordinator serve --listen 127.0.0.1:$PORT --local 1"}, instead: "coordinator --grid sweep/examples/quick.hcl --replace --coordinator runs/serve/operator.json", reason: "there is no cluster: a server of this machine",
	},
	"snakemake --snakefile deploy/snakemake/Snakefile --cores 2 --config grid=sweep/examples/quick.hcl name=quick": {skip: true, reason: "make manifests runs the rule"},

	"go tool pprof": {skip: true, reason: "a name: it reads a profile from a coordinator"},

	"coordinator serve":                                                              {skip: true, reason: "a name: the block below has its flags"},
	"coordinator serve --listen 0.0.0.0:7473":                                        {background: true, isEnded: true, reason: "runs until Ctrl-C"},
	"coordinator serve --listen 127.0.0.1:7473":                                      {background: true, isEnded: true, reason: "runs until Ctrl-C"},
	"coordinator serve --listen 127.0.0.1:7473 --local 2":                            {background: true, isEnded: true, reason: "runs until Ctrl-C"},
	"coordinator serve --listen 0.0.0.0:7473 --store postgres://user@host/spiqsweep": {background: true, isEnded: true, reason: "runs until Ctrl-C"},
	"coordinator serve --listen 0.0.0.0:7473 --store postgres://host/spiqsweep":      {background: true, isEnded: true, reason: "runs until Ctrl-C"},
	"worker --coordinator runs/serve/worker.json --stay":                             {background: true, isEnded: true, reason: "stays until Ctrl-C"},
	"worker --coordinator 127.0.0.1:7473 --credentials worker.json": {
		beside: server, before: submit + " && cp -p runs/serve/worker.json .", reason: "needs a server, and ends since all work is done",
	},
	"worker --coordinator 127.0.0.1:7473 --credentials worker.json --slots 4": {
		beside: server, before: submit + " && cp -p runs/serve/worker.json .", reason: "needs a server, and ends since all work is done",
	},
	"coordinator serve --listen 0.0.0.0:7473 --http 0.0.0.0:8080": {background: true, isEnded: true, reason: "runs until Ctrl-C"},
	"coordinator --http 127.0.0.1:8080":                           {skip: true, reason: "an earlier block has it with a grid"},
	"worker --http 127.0.0.1:7480": {
		beside: server, before: submit, instead: "worker --coordinator runs/serve/worker.json --http 127.0.0.1:$HTTP_PORT", reason: "a flag of the command, which needs a coordinator",
	},
	"coordinator --grid sweep.hcl --coordinator runs/serve/operator.json": {
		beside: server, before: serves, instead: "coordinator --grid sweep/examples/quick.hcl --replace --coordinator runs/serve/operator.json", reason: "the grid of the root trains for minutes",
	},
	"coordinator health --coordinator operator.json":                                         {beside: server[:1], before: serves + " && cp -p runs/serve/operator.json .", reason: needsStore},
	"coordinator health --coordinator runs/serve/operator.json":                              {beside: server[:1], before: serves, reason: needsStore},
	"coordinator health --coordinator 127.0.0.1:7473 --credentials runs/serve/operator.json": {beside: server[:1], before: serves, reason: needsStore},
	"coordinator serve --keys FOLDER":                                                        {skip: true, reason: "a flag of the command: a test of deploy/e2e runs it"},
	"coordinator list --coordinator operator.json":                                           {beside: server[:1], before: serves + " && cp -p runs/serve/operator.json .", reason: needsStore},
	"coordinator drain --host node17":                                                        {beside: server, before: submit, instead: `coordinator drain --out runs/serve --host "$(hostname)"`, reason: "needs a running coordinator"},
	"coordinator drain --out runs/figure-s1 --host node17":                                   {beside: server, before: submit, instead: `coordinator drain --out runs/serve --host "$(hostname)" --host "$(hostname)"`, reason: "needs a running coordinator"},
	"coordinator drain --out runs/figure-s1 --all":                                           {beside: server, before: submit, instead: "coordinator drain --out runs/serve --all", reason: "needs a running coordinator"},
	"coordinator pause figure-s1 --coordinator runs/serve/operator.json":                     {beside: server, before: submit, reason: needsStore},
	"coordinator resume figure-s1 --coordinator runs/serve/operator.json":                    {beside: server, before: submit, reason: needsStore},
	"coordinator status figure-s1 --coordinator runs/serve/operator.json --json":             {beside: server, before: submit, reason: needsStore},
	"coordinator delete figure-s1 --coordinator runs/serve/operator.json":                    {beside: server, before: submit, reason: needsStore},
	"coordinator delete SWEEP":                                                               {before: copied, instead: "coordinator delete figure-s1 --out runs/copy", reason: "deletes a copy: later commands need the sweep"},
	"coordinator delete --out runs/figure-s1":                                                {before: copied, instead: "coordinator delete --out runs/copy", reason: "deletes a copy: later commands need the sweep"},
	"coordinator --out COPY":                                                                 {before: copied, reason: "needs a copy"},
	"coordinator compare FOLDER FOLDER":                                                      {before: longer, reason: "needs a second sweep: a copy"},
	"coordinator compare runs/figure-s1 runs/longer":                                         {before: longer, reason: "needs a second sweep: a copy"},
	"coordinator compare runs/a runs/b --error js_bits --error mse_covariance":               {before: ab, reason: "needs two sweeps: copies"},
	"coordinator compare runs/a runs/b --json":                                               {before: ab, reason: "needs two sweeps: copies"},

	"coordinator slurm --workers 32 -- --time=12:00:00":                                           forSlurm,
	"coordinator slurm --workers 32 -- --time=12:00:00 --cpus-per-task=4 --mem-per-cpu=500M":      forSlurm,
	"coordinator slurm --out runs/figure-s1 --workers 32 -- --time=12:00:00 --cpus-per-task=4":    forSlurm,
	"coordinator slurm --out runs/entanglement --workers 16 -- --time=12:00:00 --cpus-per-task=4": forSlurm,
	"coordinator slurm --workers 200 --parallel 50 --submit -- --partition=short --time=2:00:00":  {skip: true, reason: "needs a cluster: make slurm starts one and submits jobs"},
	"make slurm": inSuite,

	"install bin/coordinator /usr/local/bin/":                                          onSystem,
	"install bin/worker /usr/local/bin/":                                               onSystem,
	"install -D -m 600 worker.json /etc/spiqsweep/lab.json":                            onSystem,
	"install -m 644 deploy/systemd/spiqsweep-coordinator.service /etc/systemd/system/": onSystem,
	"install -m 644 deploy/systemd/spiqsweep-worker@.service /etc/systemd/system/":     onSystem,
	"systemctl enable --now spiqsweep-coordinator":                                     onSystem,
	"systemctl enable --now spiqsweep-worker@lab":                                      onSystem,
	"systemctl reset-failed spiqsweep-coordinator":                                     onSystem,
	"systemctl edit spiqsweep-coordinator":                                             onSystem,

	"coordinator hosts start hosts.txt":                                          overSSH,
	"coordinator hosts start hosts.txt --out runs/serve":                         overSSH,
	"coordinator hosts start hosts.txt --out runs/serve -- --stay":               overSSH,
	"coordinator hosts start hosts.txt --out runs/figure-s1":                     overSSH,
	"coordinator hosts start hosts.txt node17 node18 --out runs/serve -- --stay": overSSH,
	"coordinator hosts stop hosts.txt":                                           overSSH,
	"coordinator hosts stop hosts.txt node17":                                    overSSH,
	"coordinator hosts status hosts.txt":                                         overSSH,
	"coordinator hosts logs hosts.txt":                                           overSSH,
	"coordinator hosts logs hosts.txt node17 --last 100":                         overSSH,

	"coordinator verify":                      {instead: "coordinator verify --config n=2,t=1", reason: "a tenth of all tasks train for a minute"},
	"coordinator verify --share 0.1":          {instead: "coordinator verify --share 0.1 --config n=4,t=1", reason: "a tenth of all tasks train for a minute"},
	"coordinator verify --out runs/figure-s1": {instead: "coordinator verify --out runs/figure-s1 --config n=2,t=2", reason: "a tenth of all tasks train for a minute"},
	"coordinator health":                      {beside: server[:1], before: serves, instead: "coordinator health --coordinator runs/serve/operator.json", reason: "a name of the command: it takes an address"},
	"coordinator sample":                      {skip: true, reason: "a name: other documents have it with a task"},
	"coordinator repro":                       {instead: "coordinator repro $TASK", reason: "a name of the command: it takes a task"},

	"sqlite3 sweep.db .backup":                         {beside: []string{"coordinator serve --listen 127.0.0.1:$PORT --out runs/backup"}, instead: "sqlite3 runs/backup/sweep.db '.backup copy.db'", fails: true, reason: "refused while a coordinator runs, as the text says"},
	"chmod 600 worker.json operator.json":              {before: "cp -p runs/serve/worker.json runs/serve/operator.json .", reason: "in the folder of the files"},
	"coordinator describe spikes.npy --select 50,2,16": {before: `python3 -c 'import numpy; numpy.save("spikes.npy", numpy.random.default_rng(1).random((20, 60, 100)) < 0.1)'`, reason: "needs a recording in NumPy's format"},
	"python3 convert_hdf5.py recording.mat recording.npz": {
		in: "hdf5", before: `coordinator describe --converter > convert_hdf5.py && python3 -c '
import h5py, numpy
with h5py.File("recording.mat", "w", userblock_size=512) as f:
    f.create_dataset("spikes", data=(numpy.random.default_rng(1).random((50, 6, 9)) < 0.2).astype("u1"), chunks=True).attrs["MATLAB_class"] = numpy.bytes_("uint8")
with open("recording.mat", "r+b") as f:
    f.write(b"MATLAB 7.3 MAT-file".ljust(124) + bytes((0, 2)) + b"IM")'`, reason: "needs a recording in HDF5",
	},

	"coordinator --grid sweep/examples/readings.hcl --recording bint_fishmovie32_100.mat":  {instead: "coordinator plan --grid sweep/examples/readings.hcl --recording bint_fishmovie32_100.mat", reason: planned},
	"coordinator --grid sweep/examples/figures.hcl --recording bint_fishmovie32_100.mat":   {instead: "coordinator plan --grid sweep/examples/figures.hcl --recording bint_fishmovie32_100.mat", reason: planned},
	"coordinator --grid sweep/examples/ansatz.hcl --recording bint_fishmovie32_100.mat":    {instead: "coordinator plan --grid sweep/examples/ansatz.hcl --recording bint_fishmovie32_100.mat", reason: planned},
	"coordinator --grid sweep/examples/losses.hcl --recording bint_fishmovie32_100.mat":    {instead: "coordinator plan --grid sweep/examples/losses.hcl --recording bint_fishmovie32_100.mat", reason: planned},
	"coordinator --grid sweep/examples/objective.hcl":                                      {instead: "coordinator plan --grid sweep/examples/objective.hcl", reason: planned},
	"coordinator --grid sweep/examples/recording.hcl --recording bint_fishmovie32_100.mat": {instead: "coordinator plan --grid sweep/examples/recording.hcl --recording bint_fishmovie32_100.mat --out runs/other", reason: "README.md trains it on recording.mat"},
}

const (
	copied = "rm -rf runs/copy && cp -r runs/figure-s1 runs/copy"
	longer = "rm -rf runs/longer && cp -r runs/figure-s1 runs/longer"
	ab     = "rm -rf runs/a runs/b && cp -r runs/figure-s1 runs/a && cp -r runs/figure-s1 runs/b"
)

// standInOf returns what is run for a command.
func standInOf(c command) standIn {
	s := standIns[c.text]
	if s.instead == "" {
		s.instead = c.text
		for _, r := range replacements {
			s.instead = regexp.MustCompile(r.text).ReplaceAllString(s.instead, r.instead)
		}
	}
	return s
}

// TestStandIns checks that every entry of the tables has a reason and a command that needs
// it, and that suites which are not run here are run by CI.
func TestStandIns(t *testing.T) {
	all := allCommands(t)
	has := func(text string) bool {
		return slices.ContainsFunc(all, func(c command) bool { return c.text == text })
	}
	suites := read(t, ".ci/run")
	for text, s := range standIns {
		if !has(text) {
			t.Errorf("no document has the command %q", text)
		}
		if s.reason == "" {
			t.Errorf("%q has no reason", text)
		}
		if s.reason == inSuite.reason && !strings.Contains(suites, text) {
			t.Errorf(".ci/run does not run %q", text)
		}
	}
	for _, r := range replacements {
		pattern := regexp.MustCompile(r.text)
		if !slices.ContainsFunc(all, func(c command) bool { return pattern.MatchString(c.text) }) {
			t.Errorf("no command has %s (%s)", r.text, r.reason)
		}
	}
	for file := range synopses {
		read(t, file)
	}
	commands := 0
	for _, c := range all {
		if c.kind == shell {
			commands++
		}
	}
	if commands < 100 || len(all)-commands < 5 {
		t.Errorf("the documents have %d commands, and %d grids and programs", commands, len(all)-commands)
	}
}
