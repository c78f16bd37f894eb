//go:build unix

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"spiqsweep/deploy/needs"
)

const (
	dashboardFile = "../grafana/spiqsweep.json"
	rulesFile     = "../prometheus/spiqsweep.rules.yml"
)

// get returns the body of an answer, which must have a status.
func get(t *testing.T, url string, status int) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != status {
		t.Fatalf("%s: %s, want %d: %v\n%.1000s", url, answer.Status, status, err, body)
	}
	return string(body)
}

// series returns the values of the series in a scrape.
func series(t *testing.T, scrape string) map[string]float64 {
	t.Helper()
	values := map[string]float64{}
	for line := range strings.Lines(scrape) {
		name, value, found := strings.Cut(strings.TrimSpace(line), " ")
		if at := strings.LastIndex(line, "} "); at >= 0 { // a label may have spaces
			name, value = line[:at+1], strings.TrimSpace(line[at+1:])
		}
		if strings.HasPrefix(line, "#") || !found {
			continue
		}
		number, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		values[name] = number
	}
	return values
}

// TestMetrics scrapes a coordinator and a worker during a sweep and after it, and walks
// their logs.
func TestMetrics(t *testing.T) {
	t.Parallel()
	s, r := newSite(t, ""), newRun(t, small)
	coordinatorPage, workerPage := needs.Address(t), needs.Address(t)
	server, address := s.serve("--log-format", "json", "--http", coordinatorPage, "--pprof")
	worker := start(t, "", "worker", "--coordinator", filepath.Join(s.folder, "worker.json"), "--stay", "--slots", "2",
		"--http", workerPage, "--log-level", "debug", "--log-format", "json")
	follower := r.submit(s)
	s.until(server, address, "a third is done", aThirdDone)

	during := series(t, get(t, "http://"+coordinatorPage+"/metrics", http.StatusOK))
	for name, want := range map[string]float64{
		"spiqsweep_coordinator_store_up": 1, "spiqsweep_coordinator_workers": 1, "spiqsweep_coordinator_worker_slots": 2,
	} {
		if during[name] != want {
			t.Errorf("during the sweep, %s is %v, want %v", name, during[name], want)
		}
	}
	for _, name := range []string{"spiqsweep_coordinator_connections", "spiqsweep_coordinator_store_size_bytes", "spiqsweep_coordinator_store_free_bytes"} {
		if during[name] <= 0 {
			t.Errorf("during the sweep, %s is %v", name, during[name])
		}
	}
	if got := get(t, "http://"+workerPage+"/healthz", http.StatusOK); got != "ok\n" {
		t.Errorf("the worker's health is %q", got)
	}
	get(t, "http://"+coordinatorPage+"/debug/pprof/heap?debug=1", http.StatusOK)
	get(t, "http://"+workerPage+"/debug/pprof/heap", http.StatusNotFound) // without --pprof
	checkHealth(t, address)

	follower.expect(0)
	scrapes := map[string]string{
		"coordinator": get(t, "http://"+coordinatorPage+"/metrics", http.StatusOK),
		"worker":      get(t, "http://"+workerPage+"/metrics", http.StatusOK),
	}
	after := series(t, scrapes["coordinator"]+scrapes["worker"])
	tasks, steps := float64(small.rows), float64(small.rows*small.steps)
	for name, want := range map[string]float64{
		`spiqsweep_coordinator_verdicts_total{verdict="accepted"}`: tasks,
		`spiqsweep_worker_tasks_total{outcome="finished"}`:         tasks,
		"spiqsweep_coordinator_iterations_total":                   steps,
		"spiqsweep_worker_iterations_total":                        steps,
		"spiqsweep_coordinator_oldest_lease_age_seconds":           0,
	} {
		if after[name] != want {
			t.Errorf("after the sweep, %s is %v, want %v", name, after[name], want)
		}
	}
	done := 0.0
	for name, value := range after {
		if strings.HasPrefix(name, "spiqsweep_coordinator_tasks{") && strings.Contains(name, `name="small"`) && strings.Contains(name, `state="done"`) {
			done += value
		}
	}
	if done != tasks {
		t.Errorf("%v tasks are done, want %v", done, tasks)
	}
	for _, p := range []*process{worker, server} {
		p.signal(syscall.SIGTERM)
		p.expect(0)
	}
	if n := checkLog(t, worker.output.String()); n < 2*small.rows {
		t.Errorf("%d lines of the worker are about tasks, want two each at least", n)
	}
	if n := checkLog(t, server.output.String()); n < 2*small.rows {
		t.Errorf("%d lines of the coordinator are about tasks, want two each at least", n)
	}
	checkNames(t, scrapes)
	promtool := needs.Program(t, "promtool", "prometheus")
	for program, scrape := range scrapes {
		command := exec.Command(promtool, "check", "metrics")
		command.Stdin = strings.NewReader(scrape)
		if said, err := command.CombinedOutput(); err != nil {
			t.Errorf("promtool on the metrics of the %s: %v\n%s", program, err, said)
		}
	}
	checkExpressions(t, promtool)
}

// checkHealth asks for the health without a token.
func checkHealth(t *testing.T, address string) {
	t.Helper()
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	answer, err := healthv1.NewHealthClient(connection).Check(t.Context(), &healthv1.HealthCheckRequest{})
	if err != nil || answer.GetStatus() != healthv1.HealthCheckResponse_SERVING {
		t.Errorf("health: %v, %v", answer, err)
	}
}

// aboutOneTask matches the messages about one task.
var aboutOneTask = regexp.MustCompile(`\b(task|lease|report|checkpoint)\b`)

// checkLog checks that each JSON line about a task names task, attempt and process, and
// returns how many there are.
func checkLog(t *testing.T, log string) (lines int) {
	t.Helper()
	for text := range strings.Lines(log) {
		if !strings.HasPrefix(text, "{") {
			continue // for people
		}
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("the line %q: %v", text, err)
		}
		message, _ := line["@message"].(string)
		if line["task"] == nil && !aboutOneTask.MatchString(message) {
			continue
		}
		lines++
		for _, name := range []string{"task", "attempt", "process"} {
			if line[name] == nil {
				t.Errorf("the line %q has no %s", text, name)
			}
		}
	}
	return lines
}

// expressions returns the expressions of the dashboard.
func expressions(t *testing.T) []string {
	t.Helper()
	body, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Type    string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(body, &dashboard); err != nil {
		t.Fatalf("%s: %v", dashboardFile, err)
	}
	var all []string
	for _, p := range dashboard.Panels {
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("%s: panel %q shows nothing", dashboardFile, p.Title)
		}
		for _, target := range p.Targets {
			all = append(all, target.Expr)
		}
	}
	if len(all) < 20 {
		t.Errorf("%s has %d expressions: this test no longer reads it", dashboardFile, len(all))
	}
	return all
}

// checkNames checks that the programs have every metric that the dashboard and the rules name.
func checkNames(t *testing.T, scrapes map[string]string) {
	t.Helper()
	known := map[string]bool{}
	for _, scrape := range scrapes {
		for _, help := range regexp.MustCompile(`(?m)^# TYPE (\w+) (\w+)$`).FindAllStringSubmatch(scrape, -1) {
			known[help[1]] = true
			if help[2] == "histogram" {
				known[help[1]+"_bucket"] = true
			}
		}
	}
	rules, err := os.ReadFile(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, name := range regexp.MustCompile(`\b(spiqsweep|process|go)_\w+`).FindAllString(strings.Join(expressions(t), "\n")+string(rules), -1) {
		used[name] = true
		if !known[name] {
			t.Errorf("the dashboard or a rule names %s, which no program has", name)
		}
	}
	for name := range known {
		if strings.HasPrefix(name, "spiqsweep_") && !used[name] && !used[name+"_bucket"] && !strings.HasSuffix(name, "_bucket") && name != "spiqsweep_worker_slots" {
			t.Errorf("neither the dashboard nor a rule shows %s", name)
		}
	}
}

// checkExpressions has promtool parse the rules, and the dashboard's expressions as rules.
func checkExpressions(t *testing.T, promtool string) {
	t.Helper()
	var rules strings.Builder
	rules.WriteString("groups:\n  - name: dashboard\n    rules:\n")
	for i, e := range expressions(t) {
		fmt.Fprintf(&rules, "      - record: panel:%d\n        expr: %s\n", i, strconv.Quote(strings.ReplaceAll(e, "$name", ".*")))
	}
	file := filepath.Join(t.TempDir(), "dashboard.rules.yml")
	if err := os.WriteFile(file, []byte(rules.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{rulesFile, file} {
		if said, err := exec.Command(promtool, "check", "rules", path).CombinedOutput(); err != nil {
			t.Errorf("promtool on %s: %v\n%s", path, err, said)
		}
	}
}
