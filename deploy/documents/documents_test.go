//go:build unix

package documents

import (
	"encoding/csv"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"spiqsweep/coordinator/store/storetest/postgres"
	"spiqsweep/deploy/needs"
	"spiqsweep/simulator/circuit"
)

// TestDocuments runs every command of the documents, and plans every grid in them. After the time in
// SPIQSWEEP_DOCUMENTS it says how far it came, and ends.
func TestDocuments(t *testing.T) {
	asked := os.Getenv("SPIQSWEEP_DOCUMENTS")
	if asked == "" {
		t.Skip("skipped: it trains for minutes: run `make documents`")
	}
	available, err := time.ParseDuration(asked)
	if err != nil {
		t.Fatal(err)
	}
	for program, debian := range map[string]string{"bash": "bash", "git": "git", "make": "make", "createdb": "postgresql-client", "sqlite3": "sqlite3"} {
		needs.Program(t, program, debian)
	}
	python := needs.Python(t, "python3-numpy python3-h5py", "numpy", "h5py")
	all := allCommands(t)
	r := &reader{session: newSession(t)}
	r.over = time.After(available)
	r.prepare()
	r.use("python3", python)

	times := map[string]time.Duration{}
	for len(all) > 0 {
		block := blockOf(all)
		all = all[len(block):]
		began := time.Now()
		r.follow(block)
		times[block[0].file] += time.Since(began).Round(time.Millisecond)
	}
	for file, took := range times {
		t.Logf("%8.1f s in all: %s", took.Seconds(), file)
	}
	t.Logf("%8.1f s of processors", r.cpu.Seconds())
}

// blockOf returns the commands at the beginning that stand on successive lines. The examples of
// a help text are alternatives, each of which stands alone.
func blockOf(all []command) []command {
	n := 1
	if strings.HasSuffix(all[0].file, " --help") {
		return all[:n]
	}
	for n < len(all) && all[n].file == all[0].file && all[n].line == all[n-1].line+1 && all[0].kind == shell && all[n].kind == shell {
		n++
	}
	return all[:n]
}

// A reader does what the documents say.
type reader struct {
	*session
}

// prepare sets what the stand-ins need.
func (r *reader) prepare() {
	r.t.Helper()
	matlab := matFile()
	for _, name := range []string{"recording.mat", "bint_fishmovie32_100.mat", own + "/bint_fishmovie32_100.mat"} {
		path := filepath.Join(r.clone, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(path, matlab, 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
	for _, name := range []string{"PORT", "HTTP_PORT"} {
		_, port, err := net.SplitHostPort(needs.Address(r.t))
		if err != nil {
			r.t.Fatal(err)
		}
		r.set(name, port)
	}
	r.set("KERNEL", circuit.Kernels()[0].Name)
	database := postgres.Start(r.t).URL("spiqsweep")
	r.set("DATABASE", database)
	address, err := url.Parse(database)
	if err != nil {
		r.t.Fatal(err)
	}
	r.set("PGHOST", address.Query().Get("host"))
	r.set("PGUSER", address.User.Username())
}

// follow runs the commands of a block.
func (r *reader) follow(block []command) {
	r.t.Helper()
	var running []background
	for _, c := range block {
		began, before := time.Now(), r.cpu
		s := standInOf(c)
		folder := filepath.Join(r.clone, s.in)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			r.t.Fatal(err)
		}
		said := ""
		switch {
		case c.kind == grid:
			r.plan(c)
		case c.kind == python:
			if err := os.WriteFile(filepath.Join(r.clone, "document.py"), []byte(c.text), 0o600); err != nil {
				r.t.Fatal(err)
			}
			r.run(r.clone, "python3 document.py")
		case s.skip:
			r.t.Logf("not run: %s (%s)", c, s.reason)
			continue
		case c.text == firstCommand:
			r.first(c)
		default:
			if s.instead != c.text || s.in != "" {
				said = fmt.Sprintf("; run: %s", s.instead)
			}
			if s.reason != "" {
				said += " (" + s.reason + ")"
			}
			running = append(running, r.runStandIn(folder, s)...)
		}
		r.t.Logf("%8.1f s, %6.1f s of processors: %s%s", time.Since(began).Seconds(), (r.cpu - before).Seconds(), c, said)
	}
	r.finish(running)
}

// runStandIn runs a command as the tables say, and returns it if it still runs.
func (r *reader) runStandIn(folder string, s standIn) []background {
	r.t.Helper()
	var beside []background
	for _, text := range s.beside {
		beside = append(beside, r.startInBackground(r.clone, text, true))
	}
	if s.before != "" {
		r.run(folder, s.before)
	}
	if s.background {
		return []background{r.startInBackground(folder, s.instead, s.isEnded)}
	}
	r.expect(r.start(folder, s.instead), limit, s.fails)
	r.finish(beside)
	if match := written.FindStringSubmatch(s.instead); match != nil && !s.fails {
		r.wantFile(filepath.Join(folder, match[1]))
	}
	return nil
}

// written finds the file that a command names as the one that it writes.
var written = regexp.MustCompile(`(?: --to| >) ?([a-z0-9_./]+)`)

// startInBackground starts a command, and waits until a coordinator has printed how to start
// workers.
func (r *reader) startInBackground(folder, text string, isEnded bool) background {
	r.t.Helper()
	p := r.start(folder, text)
	if strings.HasPrefix(text, "coordinator") {
		r.until("it serves", func() bool { return p.output.has("worker --coordinator ") }, p, limit)
	}
	return background{p, isEnded}
}

// gridName is the name under which a document tells the reader to keep its grid.
var gridName = regexp.MustCompile("`([a-z]+\\.hcl)`:$")

// plan writes a grid into a file, and plans it. A block of a grid stands in a sweep.
func (r *reader) plan(c command) {
	r.t.Helper()
	name, text := "document.hcl", c.text
	before := strings.Split(read(r.t, c.file), "\n")[:c.line-1]
	if match := gridName.FindStringSubmatch(strings.TrimRight(strings.Join(before, "\n"), "\n")); match != nil {
		name = match[1]
	}
	if !strings.Contains(text, `sweep "`) {
		text = "sweep \"document\" {\n" + text + "\n}\n"
	}
	if err := os.WriteFile(filepath.Join(r.clone, name), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	r.run(r.clone, "coordinator plan --out runs/none --grid "+name)
}

// firstCommand is the first command of README.md.
const firstCommand = "go run ./coordinator"

// first runs the first command of README.md, which trains for minutes. As the text says, it
// is interrupted and run again, and must then not train a finished task twice.
func (r *reader) first(c command) {
	r.t.Helper()
	results := filepath.Join(r.clone, "runs", "figure-s1", "results.csv")
	interrupted := r.start(r.clone, c.text)
	r.until("it has a result", func() bool {
		text, err := os.ReadFile(results)
		return err == nil && strings.Contains(string(text), ",done,")
	}, interrupted, firstLimit)
	if err := interrupted.interrupt(); err != nil {
		r.t.Fatal(err)
	}
	code, err := r.wait(interrupted, limit)
	if err != nil || code == 0 || !interrupted.output.has("to resume, run again") {
		r.t.Fatalf("%s, interrupted: exit code %d, %v\n%s", c.text, code, err, interrupted.output.tail())
	}
	r.expect(r.start(r.clone, c.text), firstLimit, false)

	done := map[string]int{}
	tasks := r.table("runs/figure-s1/attempts.csv", func(row map[string]string) {
		if row["outcome"] == "accepted" {
			done[row["task"]]++
		}
	})
	if tasks < 360 || len(done) != 360 {
		r.t.Errorf("%d attempts of %d finished tasks, want 360 tasks", tasks, len(done))
	}
	for task, times := range done {
		if times != 1 {
			r.t.Errorf("task %s was finished %d times", task, times)
		}
	}
	r.whatYouGet("README.md", "runs/figure-s1", "")
	r.whatYouGet("coordinator/README.md", "runs/figure-s1", `store\.url|ca\.pem|ca-key\.pem|coordinator\.json`)
	r.set("TASK", firstTask(r))
}

func firstTask(r *reader) (task string) {
	r.table("runs/figure-s1/results.csv", func(row map[string]string) {
		if task == "" {
			task = row["task"][:8]
		}
	})
	return task
}

// table calls visit with each row of a table of the clone, and returns their number.
func (r *reader) table(path string, visit func(map[string]string)) int {
	r.t.Helper()
	file, err := os.Open(filepath.Join(r.clone, path))
	if err != nil {
		r.t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, cells := range rows[1:] {
		row := map[string]string{}
		for i, name := range rows[0] {
			row[name] = cells[i]
		}
		visit(row)
	}
	return len(rows) - 1
}

// whatYouGet checks that the files which a document's table "What you get" names are in an
// output folder, except those that match absent.
func (r *reader) whatYouGet(document, folder, absent string) {
	r.t.Helper()
	names := promised(read(r.t, document))
	if len(names) < 10 {
		r.t.Errorf("%s names %d files", document, len(names))
	}
	for _, name := range names {
		switch {
		case absent != "" && regexp.MustCompile("^("+absent+")$").MatchString(name):
			if _, err := os.Stat(filepath.Join(r.clone, folder, name)); err == nil {
				r.t.Errorf("%s: %s is in %s, where only other sweeps have it", document, name, folder)
			}
		case strings.Contains(name, "TASK"):
			r.table(folder+"/results.csv", func(row map[string]string) {
				r.wantFile(filepath.Join(r.clone, folder, strings.Replace(name, "TASK", row["task"], 1)))
			})
		default:
			r.wantFile(filepath.Join(r.clone, folder, name))
		}
	}
}

// wantFile requires a file, or a folder, that is not empty.
func (r *reader) wantFile(path string) {
	r.t.Helper()
	info, err := os.Stat(path)
	if err != nil || info.Size() == 0 {
		r.t.Errorf("%s, which a document promises: it is empty, or %v", path, err)
	}
}
