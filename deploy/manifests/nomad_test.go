package manifests

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

const nomadFile = "../nomad/spiqsweep.nomad.hcl"

// nomadFaults parses a job file and returns how its tasks break the rules.
func nomadFaults(text []byte) []string {
	file, diagnostics := hclsyntax.ParseConfig(text, nomadFile, hcl.InitialPos)
	if diagnostics.HasErrors() {
		return []string{diagnostics.Error()}
	}
	c := &checker{}
	tasks := 0
	for _, group := range blocks(file.Body.(*hclsyntax.Body), "job", "group") {
		for _, task := range blocks(group.Body, "task") {
			tasks++
			c.checkTask(task, text)
			c.checkSecrets(task, group.Labels[0], text)
		}
		for _, restart := range blocks(group.Body, "restart") {
			if mode := value(restart.Body, "mode", text); mode != "delay" {
				c.fault("group %s has the restart mode %q: Nomad gives it up after some failures", group.Labels[0], mode)
			}
		}
	}
	if tasks == 0 {
		c.fault("the job has no task")
	}
	return c.faults
}

// checkSecrets checks that secrets for one group are in a variable that other groups cannot read:
// a task may read those of its job, of its group and of itself.
func (c *checker) checkSecrets(task *hclsyntax.Block, group string, text []byte) {
	for _, template := range blocks(task.Body, "template") {
		data := value(template.Body, "data", text)
		for _, secret := range []string{".operator ", ".ca_key "} {
			if strings.Contains(data, secret) && !strings.Contains(data, "nomad/jobs/spiqsweep/"+group+`"`) {
				c.fault("other groups than %s may read%s: %s", group, secret, data)
			}
		}
	}
}

// blocks returns the blocks at a path of types.
func blocks(body *hclsyntax.Body, types ...string) (found []*hclsyntax.Block) {
	for _, block := range body.Blocks {
		switch {
		case block.Type != types[0]:
		case len(types) == 1:
			found = append(found, block)
		default:
			found = append(found, blocks(block.Body, types[1:]...)...)
		}
	}
	return found
}

// value returns an attribute as text: its value or, if a variable is in it, its source.
func value(body *hclsyntax.Body, name string, text []byte) string {
	attribute, given := body.Attributes[name]
	if !given {
		return ""
	}
	return exprText(attribute.Expr, text)
}

func exprText(expr hcl.Expression, text []byte) string {
	v, diagnostics := expr.Value(nil)
	switch {
	case diagnostics.HasErrors():
		return strings.Trim(string(expr.Range().SliceBytes(text)), `"`)
	case v.Type() == cty.String:
		return v.AsString()
	case v.Type() == cty.Bool:
		return fmt.Sprint(v.True())
	case v.Type() == cty.Number:
		return v.AsBigFloat().String()
	}
	return string(expr.Range().SliceBytes(text))
}

func (c *checker) checkTask(task *hclsyntax.Block, text []byte) {
	name := strings.Join(task.Labels, " ")
	if d, err := time.ParseDuration(value(task.Body, "kill_timeout", text)); err != nil || d <= handBackSeconds*time.Second {
		c.fault("%s is killed before it can hand back its tasks", name)
	}
	if s := value(task.Body, "kill_signal", text); s != "" && s != "SIGTERM" {
		c.fault("%s is ended by %s", name, s)
	}
	configs, resources := blocks(task.Body, "config"), blocks(task.Body, "resources")
	if len(configs) != 1 || len(resources) != 1 {
		c.fault("%s has %d blocks config and %d blocks resources", name, len(configs), len(resources))
		return
	}
	if value(resources[0].Body, "memory", text) == "" || value(resources[0].Body, "cpu", text)+value(resources[0].Body, "cores", text) == "" {
		c.fault("%s asks for no memory or no processor", name)
	}
	config := configs[0].Body
	if value(config, "readonly_rootfs", text) != "true" || value(config, "cap_drop", text) != `["all"]` || value(config, "security_opt", text) != `["no-new-privileges"]` {
		c.fault("%s has privileges", name)
	}
	if image := value(config, "image", text); image != "var.image" {
		if _, tag, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":"); slices.Contains(floatingTags, tag) {
			c.fault("%s: image %s has a floating tag", name, image)
		}
	}
	line := []string{value(config, "command", text)}
	arguments, isList := config.Attributes["args"].Expr.(*hclsyntax.TupleConsExpr)
	if !isList {
		c.fault("%s: args is no list", name)
		return
	}
	for _, argument := range arguments.Exprs {
		word := strings.ReplaceAll(exprText(argument, text), "${var.coordinator}", "192.0.2.1:7473")
		if strings.Contains(word, "${") { // it may be empty when the task starts
			c.fault("%s: argument %s is known only when the task runs", name, word)
		}
		line = append(line, word)
	}
	c.checkFlags(name, line)
	var files []string
	for _, template := range blocks(task.Body, "template") {
		file := value(template.Body, "destination", text)
		files = append(files, "/"+file)
		if strings.HasPrefix(file, "secrets/") && (value(template.Body, "perms", text) != "0400" || value(template.Body, "uid", text) != "65532") {
			c.fault("%s: %s can be read by others, or not by the program", name, file)
		}
	}
	flags := flagsOf(line)
	var needed []string
	if folder, given := flags["keys"]; given {
		for _, key := range []string{"worker.json", "operator.json", "ca.pem", "ca-key.pem"} {
			needed = append(needed, folder+"/"+key)
		}
	}
	if file, given := flags["credentials"]; given {
		needed = append(needed, file)
	}
	for _, file := range needed {
		if !slices.Contains(files, file) {
			c.fault("%s: no template writes %s", name, file)
		}
	}
}

// TestNomad checks the job file, and that planted faults are found.
func TestNomad(t *testing.T) {
	text, err := os.ReadFile(nomadFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range nomadFaults(text) {
		t.Error(fault)
	}
	if !strings.Contains(string(text), "This file was not run") {
		t.Error("the file does not say that it was not run")
	}
	for _, fault := range []struct{ old, new, want string }{
		{"job \"spiqsweep\" {", "job \"spiqsweep\" {{", "block definition required"},
		{`"30s"`, `"5s"`, "hand back"},
		{"--stay", "--stays", "unknown flag"},
		{`= ["all"]`, "= []", "privileges"},
		{"readonly_rootfs = true", "readonly_rootfs = false", "privileges"},
		{"var.image", `"registry.example.org/spiqsweep:latest"`, "floating tag"},
		{"memory = 2048", "", "no memory"},
		{"0400", "0444", "can be read by others"},
		{"${var.coordinator}", "${COORDINATOR}", "known only when the task runs"},
		{"nomad/jobs/spiqsweep/coordinator", "nomad/jobs/spiqsweep", "other groups than coordinator may read"},
		{`"delay"`, `"fail"`, "restart mode"},
		{`"secrets/keys/ca.pem"`, `"secrets/ca.pem"`, "no template writes /secrets/keys/ca.pem"},
	} {
		faulty := strings.ReplaceAll(string(text), fault.old, fault.new)
		if found := strings.Join(nomadFaults([]byte(faulty)), "\n"); faulty == string(text) || !strings.Contains(found, fault.want) {
			t.Errorf("%q in place of %q: found %q, want %q", fault.new, fault.old, found, fault.want)
		}
	}
}
