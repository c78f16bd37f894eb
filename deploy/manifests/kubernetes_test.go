package manifests

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

var overlays = []string{"sqlite", "postgres"}

// build returns the objects of an overlay, as YAML.
func build(t *testing.T, overlay string) []byte {
	t.Helper()
	return buildFolder(t, filepath.Join("../kubernetes", overlay))
}

// buildFolder returns the objects of a kustomization, as YAML.
func buildFolder(t *testing.T, folder string) []byte {
	t.Helper()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatal(err)
	}
	text, err := resources.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// decode decodes objects. Fields that their types do not have are errors, and so are types
// that no overlay needs.
func decode(text []byte) (all []runtime.Object, err error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{appsv1.AddToScheme, corev1.AddToScheme, networkingv1.AddToScheme, policyv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	decoder := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Yaml: true, Strict: true})
	for one := range bytes.SplitSeq(text, []byte("\n---\n")) {
		object, _, err := decoder.Decode(one, nil, nil)
		if err != nil {
			head, _, _ := strings.Cut(string(one), "spec:")
			return nil, fmt.Errorf("%w:\n%s", err, head)
		}
		all = append(all, object)
	}
	return all, nil
}

// faultsOf decodes objects and returns how they break the rules.
func faultsOf(text []byte, secrets map[string][]string) []string {
	objects, err := decode(text)
	if err != nil {
		return []string{err.Error()}
	}
	return check(objects, secrets)
}

func TestOverlays(t *testing.T) {
	secrets := documentedSecrets(t)
	for _, overlay := range overlays {
		for _, fault := range faultsOf(build(t, overlay), secrets) {
			t.Errorf("%s: %s", overlay, fault)
		}
	}
}

// TestFaultsAreFound plants one fault at a time in an overlay that is in order.
func TestFaultsAreFound(t *testing.T) {
	secrets := documentedSecrets(t)
	text := map[string]string{}
	for _, overlay := range overlays {
		text[overlay] = string(build(t, overlay))
	}
	for _, fault := range []struct{ overlay, old, new, want string }{
		{"sqlite", "replicas:", "replica:", `unknown field "spec.replica"`},
		{"sqlite", "runAsNonRoot:", "runAsNonroot:", `unknown field "spec.template.spec.securityContext.runAsNonroot"`},
		{"sqlite", "cpu: \"4\"", "cpu: four", "quantities must match"},
		{"sqlite", "apiVersion: policy/v1\n", "apiVersion: policy/v1beta1\n", "no kind"},
		{"sqlite", "runAsNonRoot: true", "runAsNonRoot: false", "may run as root"},
		{"sqlite", "runAsUser: 65532", "runAsUser: 0", "may run as root"},
		{"sqlite", "        fsGroup: 65532\n", "", "fsGroup"},
		{"sqlite", "type: RuntimeDefault", "type: Unconfined", "seccomp"},
		{"sqlite", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "root file system can be written"},
		{"sqlite", "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "gain privileges"},
		{"sqlite", "            - ALL\n", "            - NET_RAW\n", "keeps capabilities"},
		{"sqlite", "automountServiceAccountToken: false", "automountServiceAccountToken: true", "token of a service account"},
		{"sqlite", ":COMMIT", ":latest", "floating tag"},
		{"sqlite", ":COMMIT", "", "floating tag"},
		{"sqlite", "          limits:\n            cpu: \"4\"\n", "          limits:\n", "no limit of cpu"},
		{"sqlite", "terminationGracePeriodSeconds: 60", "terminationGracePeriodSeconds: 10", "hand back"},
		{"sqlite", "livenessProbe:", "startupProbe:", "no probe that lasts"},
		{"sqlite", "path: /healthz\n            port: metrics", "path: /healthz\n            port: web", `probe of port "web"`},
		{"sqlite", "--coordinator=127.0.0.1:7473", "--coordinator=127.0.0.1:7474", "the probe asks"},
		{"sqlite", "- --listen=0.0.0.0:7473", "- --listen=0.0.0.0:7474", "containerPort"},
		{"sqlite", "- --http=0.0.0.0:7480", "- --http=0.0.0.0:7481", "containerPort"},
		{"sqlite", "--advertise=spiqsweep:7473", "--advertise=coordinator:7473", "no Service"},
		{"sqlite", "port: 7473\n    targetPort", "port: 7000\n    targetPort", "no Service"},
		{"sqlite", "targetPort: grpc", "targetPort: rpc", `port "rpc"`},
		{"sqlite", "- --stay", "- --stays", "unknown flag"},
		{"sqlite", "--connect-timeout=0", "--connect-timeout=forever", "must be a time"},
		{"sqlite", "- --stay\n", "- --log-level=info\n", "ends when all is done"},
		{"sqlite", "/keys/worker.json", "/keys/operator.json", "does not have operator.json"},
		{"sqlite", "secretName: spiqsweep-worker", "secretName: worker", "makes no Secret worker"},
		{"sqlite", "mountPath: /data", "mountPath: /store", "--out=/data/serve is not on a volume"},
		{"sqlite", "        - mountPath: /tmp\n          name: tmp", "        - mountPath: /tmp\n          name: temp", `volume "temp"`},
		{"sqlite", "replicas: 1", "replicas: 2", "one coordinator"},
		{"sqlite", "component: worker\n      app.kubernetes.io/name: spiqsweep\n  strategy", "component: workers\n      app.kubernetes.io/name: spiqsweep\n  strategy", "does not select"},
		{"sqlite", "component: coordinator\n      app.kubernetes.io/name: spiqsweep\n  policyTypes", "component: coordinators\n      app.kubernetes.io/name: spiqsweep\n  policyTypes", "selects no pod"},
		{"sqlite", "  - Egress\n", "", "no NetworkPolicy limits"},
		{"sqlite", "- port: metrics", "- port: 80", "port 80"},
		{"sqlite", "restricted", "baseline", "restricted"},
		{"postgres", "name: spiqsweep-postgres", "name: postgres", "makes no Secret postgres"},
		{"postgres", "key: password", "key: secret", "does not have secret"},
		{"postgres", "replicas: 2", "replicas: 1", "several coordinators"},
		{"postgres", "maxUnavailable: 1\n  selector", "minAvailable: 2\n  selector", "PodDisruptionBudget"},
	} {
		faulty := strings.ReplaceAll(text[fault.overlay], fault.old, fault.new)
		if faulty == text[fault.overlay] {
			t.Errorf("%s has no %q", fault.overlay, fault.old)
			continue
		}
		found := faultsOf([]byte(faulty), secrets)
		if !strings.Contains(strings.Join(found, "\n"), fault.want) {
			t.Errorf("%s with %q in place of %q: found %q, want %q", fault.overlay, fault.new, fault.old, found, fault.want)
		}
	}
}

// documentedSecrets returns the keys of each Secret that the commands of deploy/README.md make.
func documentedSecrets(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		for i, word := range words {
			if word != "generic" || i+1 == len(words) || !strings.Contains(line, "create secret generic") {
				continue
			}
			for _, option := range words[i+2:] {
				if file, found := strings.CutPrefix(option, "--from-file="); found {
					key, _, named := strings.Cut(file, "=")
					if !named {
						key = filepath.Base(file)
					}
					secrets[words[i+1]] = append(secrets[words[i+1]], key)
				}
			}
		}
	}
	if len(secrets) == 0 {
		t.Fatal("deploy/README.md makes no Secret")
	}
	return secrets
}

// TestScaler checks that the example of a scaler, whose types are not in k8s.io/api, names a
// Deployment of ours and a metric that a coordinator has, and that an overlay with it does not
// fix the number of the Deployment's pods.
func TestScaler(t *testing.T) {
	text, err := os.ReadFile("../kubernetes/scaler/scaler.yaml")
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := os.ReadFile("../../coordinator/README.md")
	if err != nil {
		t.Fatal(err)
	}
	var scaler struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
		} `json:"metadata"`
		Spec struct {
			ScaleTargetRef struct {
				Name string `json:"name"`
			} `json:"scaleTargetRef"`
			MinReplicaCount int `json:"minReplicaCount"`
			MaxReplicaCount int `json:"maxReplicaCount"`
			CooldownPeriod  int `json:"cooldownPeriod"`
			Triggers        []struct {
				Type     string            `json:"type"`
				Metadata map[string]string `json:"metadata"`
			} `json:"triggers"`
		} `json:"spec"`
	}
	if err := yaml.UnmarshalStrict(text, &scaler); err != nil {
		t.Fatal(err)
	}
	for _, overlay := range overlays {
		deployment := scaledDeployment(t, overlay, scaler.Spec.ScaleTargetRef.Name)
		if deployment.Namespace != scaler.Metadata.Namespace {
			t.Errorf("%s has no Deployment %s in the namespace of the scaler", overlay, scaler.Spec.ScaleTargetRef.Name)
		}
		if deployment.Spec.Replicas != nil {
			t.Errorf("%s: the Deployment with a scaler has %d replicas", overlay, *deployment.Spec.Replicas)
		}
	}
	const metric = "spiqsweep_coordinator_tasks"
	if !strings.Contains(scaler.Spec.Triggers[0].Metadata["query"], metric+"{") || !strings.Contains(string(metrics), "`"+metric+"`") {
		t.Errorf("the query %q is of no metric of a coordinator", scaler.Spec.Triggers[0].Metadata["query"])
	}
	if !strings.Contains(string(text), "was not run") {
		t.Error("the example does not say that it was not run")
	}
}

// scaledDeployment returns a Deployment of an overlay to which the scaler is added.
func scaledDeployment(t *testing.T, overlay, name string) (d appsv1.Deployment) {
	t.Helper()
	folder := t.TempDir()
	kubernetes, err := filepath.Abs("../kubernetes")
	if err != nil {
		t.Fatal(err)
	}
	if kubernetes, err = filepath.Rel(folder, kubernetes); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("resources: [%s/%s]\ncomponents: [%[1]s/scaler]\n", kubernetes, overlay)
	if err := os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for object := range bytes.SplitSeq(buildFolder(t, folder), []byte("\n---\n")) {
		if d = (appsv1.Deployment{}); yaml.Unmarshal(object, &d) == nil && d.Kind == "Deployment" && d.Name == name {
			return d
		}
	}
	t.Fatalf("%s has no Deployment %s", overlay, name)
	return d
}
