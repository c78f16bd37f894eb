package manifests

import (
	"fmt"
	"net"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// handBackSeconds is longer than the programs need to hand back their tasks: a worker gives
// up after 10 s, a coordinator with local workers after 17 s.
const handBackSeconds = 20

// floatingTags name another image tomorrow.
var floatingTags = []string{"", "latest", "main", "master", "dev", "edge", "stable"}

// pods are the pods of a Deployment or a StatefulSet.
type pods struct {
	name     string
	isSet    bool // of a StatefulSet
	replicas int32
	selector *metav1.LabelSelector
	labels   labels.Set
	claims   []corev1.PersistentVolumeClaim
	corev1.PodSpec
}

// checker collects the faults of the objects of an overlay.
type checker struct {
	pods     []pods
	services []*corev1.Service
	secrets  map[string][]string
	faults   []string
}

func (c *checker) fault(format string, a ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, a...))
}

// check returns how objects break the rules. secrets are the keys of those that exist.
func check(objects []runtime.Object, secrets map[string][]string) []string {
	c := &checker{secrets: secrets}
	for _, object := range objects {
		switch o := object.(type) {
		case *appsv1.Deployment:
			c.pods = append(c.pods, pods{o.Name, false, *o.Spec.Replicas, o.Spec.Selector, o.Spec.Template.Labels, nil, o.Spec.Template.Spec})
		case *appsv1.StatefulSet:
			c.pods = append(c.pods, pods{o.Name, true, *o.Spec.Replicas, o.Spec.Selector, o.Spec.Template.Labels, o.Spec.VolumeClaimTemplates, o.Spec.Template.Spec})
		case *corev1.Service:
			c.services = append(c.services, o)
		}
	}
	for _, p := range c.pods {
		c.checkPod(p)
	}
	guarded, budgeted := map[string][]networkingv1.PolicyType{}, map[string]bool{}
	for _, object := range objects {
		switch o := object.(type) {
		case *corev1.Namespace:
			if o.Labels["pod-security.kubernetes.io/enforce"] != "restricted" {
				c.fault("namespace %s: pod security is not restricted", o.Name)
			}
		case *corev1.Service:
			for _, p := range c.selected("Service "+o.Name, &metav1.LabelSelector{MatchLabels: o.Spec.Selector}) {
				for _, port := range o.Spec.Ports {
					c.checkPort("Service "+o.Name, p, port.TargetPort)
				}
			}
		case *policyv1.PodDisruptionBudget:
			for _, p := range c.selected("PodDisruptionBudget "+o.Name, o.Spec.Selector) {
				budgeted[p.name] = o.Spec.MaxUnavailable != nil && o.Spec.MinAvailable == nil
			}
		case *networkingv1.NetworkPolicy:
			for _, p := range c.selected("NetworkPolicy "+o.Name, &o.Spec.PodSelector) {
				guarded[p.name] = append(guarded[p.name], o.Spec.PolicyTypes...)
				for _, rule := range o.Spec.Ingress {
					for _, port := range rule.Ports {
						c.checkPort("NetworkPolicy "+o.Name, p, *port.Port)
					}
				}
			}
			c.checkEgress(o)
		}
	}
	for _, p := range c.pods {
		for _, direction := range []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress} {
			if !slices.Contains(guarded[p.name], direction) {
				c.fault("%s: no NetworkPolicy limits its %s", p.name, direction)
			}
		}
		if !budgeted[p.name] {
			c.fault("%s: no PodDisruptionBudget with maxUnavailable, by which nodes can be drained", p.name)
		}
	}
	return c.faults
}

// selected returns the pods that a selector selects, which must be some.
func (c *checker) selected(what string, selector *metav1.LabelSelector) (found []pods) {
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		c.fault("%s: %v", what, err)
		return nil
	}
	for _, p := range c.pods {
		if s.Matches(p.labels) {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		c.fault("%s selects no pod", what)
	}
	return found
}

// checkPort checks that a pod has a port, by name or number.
func (c *checker) checkPort(what string, p pods, port intstr.IntOrString) {
	for _, container := range p.Containers {
		for _, has := range container.Ports {
			if port.Type == intstr.String && has.Name == port.StrVal || port.Type == intstr.Int && has.ContainerPort == port.IntVal {
				return
			}
		}
	}
	if port.Type == intstr.String {
		c.fault("%s: %s has no port %q", what, p.name, port.StrVal)
		return
	}
	c.fault("%s: %s has no port %d", what, p.name, port.IntVal)
}

// checkEgress checks that pods of ours to which a policy opens a way have its ports.
func (c *checker) checkEgress(o *networkingv1.NetworkPolicy) {
	for _, rule := range o.Spec.Egress {
		for _, to := range rule.To {
			if to.PodSelector == nil || to.NamespaceSelector != nil {
				continue
			}
			for _, p := range c.selected("NetworkPolicy "+o.Name, to.PodSelector) {
				for _, port := range rule.Ports {
					c.checkPort("NetworkPolicy "+o.Name, p, *port.Port)
				}
			}
		}
	}
}

func (c *checker) checkPod(p pods) {
	s, err := metav1.LabelSelectorAsSelector(p.selector)
	if err != nil || !s.Matches(p.labels) {
		c.fault("%s: its selector does not select its own pods", p.name)
	}
	for _, spread := range p.TopologySpreadConstraints {
		c.selected(p.name+": topologySpreadConstraints", spread.LabelSelector)
	}
	switch context := p.SecurityContext; {
	case context == nil || context.RunAsNonRoot == nil || !*context.RunAsNonRoot || context.RunAsUser == nil || *context.RunAsUser == 0:
		c.fault("%s may run as root", p.name)
	case context.FSGroup == nil:
		c.fault("%s: without fsGroup it cannot read its secrets", p.name)
	case context.SeccompProfile == nil || context.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault:
		c.fault("%s: seccomp is not RuntimeDefault", p.name)
	}
	if p.AutomountServiceAccountToken == nil || *p.AutomountServiceAccountToken {
		c.fault("%s has the token of a service account, which it does not need", p.name)
	}
	if p.TerminationGracePeriodSeconds == nil || *p.TerminationGracePeriodSeconds <= handBackSeconds {
		c.fault("%s is killed before it can hand back its tasks", p.name)
	}
	for _, container := range p.Containers {
		c.checkContainer(p, container)
	}
}

func (c *checker) checkContainer(p pods, container corev1.Container) {
	what := p.name + ": " + container.Name
	switch context := container.SecurityContext; {
	case context == nil || context.ReadOnlyRootFilesystem == nil || !*context.ReadOnlyRootFilesystem:
		c.fault("%s: the root file system can be written", what)
	case context.AllowPrivilegeEscalation == nil || *context.AllowPrivilegeEscalation:
		c.fault("%s may gain privileges", what)
	case context.Capabilities == nil || !slices.Contains(context.Capabilities.Drop, "ALL") || len(context.Capabilities.Add) > 0:
		c.fault("%s keeps capabilities", what)
	}
	image := container.Image[strings.LastIndex(container.Image, "/")+1:]
	if _, tag, _ := strings.Cut(image, ":"); slices.Contains(floatingTags, tag) {
		c.fault("%s: image %s has a floating tag", what, container.Image)
	}
	for _, resource := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		if request := container.Resources.Requests[resource]; request.IsZero() {
			c.fault("%s requests no %s", what, resource)
		}
		if limit := container.Resources.Limits[resource]; limit.IsZero() {
			c.fault("%s has no limit of %s", what, resource)
		}
	}
	c.checkVolumes(p, container)
	c.checkCommand(p, container)
}

// checkVolumes checks that mounts, volumes and secrets belong together.
func (c *checker) checkVolumes(p pods, container corev1.Container) {
	names := map[string]bool{}
	for _, claim := range p.claims {
		names[claim.Name] = true
	}
	for _, volume := range p.Volumes {
		names[volume.Name] = true
		if volume.Secret == nil {
			continue
		}
		c.checkSecret(p, volume.Secret.SecretName)
		if mode := volume.Secret.DefaultMode; mode == nil || *mode&0o007 != 0 {
			c.fault("%s: every user may read the secrets in volume %s", p.name, volume.Name)
		}
	}
	for _, mount := range container.VolumeMounts {
		if !names[mount.Name] {
			c.fault("%s mounts the volume %q, which it does not have", p.name, mount.Name)
		}
	}
	for _, variable := range container.Env {
		if variable.ValueFrom != nil && variable.ValueFrom.SecretKeyRef != nil {
			c.checkSecret(p, variable.ValueFrom.SecretKeyRef.Name, variable.ValueFrom.SecretKeyRef.Key)
		}
	}
}

func (c *checker) checkSecret(p pods, name string, keys ...string) {
	has, made := c.secrets[name]
	if !made {
		c.fault("%s: deploy/README.md makes no Secret %s", p.name, name)
	}
	for _, key := range keys {
		if made && !slices.Contains(has, key) {
			c.fault("%s: the Secret %s does not have %s", p.name, name, key)
		}
	}
}

// mountOf returns the mount on which a path is, and the Secret of its volume, if it is one.
func mountOf(p pods, container corev1.Container, file string) (mount corev1.VolumeMount, secret string, found bool) {
	for _, mount := range container.VolumeMounts {
		if !strings.HasPrefix(file, mount.MountPath+"/") && file != mount.MountPath {
			continue
		}
		for _, volume := range p.Volumes {
			if volume.Name == mount.Name && volume.Secret != nil {
				secret = volume.Secret.SecretName
			}
		}
		return mount, secret, true
	}
	return mount, "", false
}

// checkCommand checks the command line of a container and those of its probes.
func (c *checker) checkCommand(p pods, container corev1.Container) {
	line := slices.Concat(container.Command, container.Args)
	c.checkFlags(p.name, line)
	flags := flagsOf(line)
	if file, given := flags["coordinator"]; given {
		if _, secret, found := mountOf(p, container, file); !found || secret == "" {
			c.fault("%s: --coordinator=%s is in no Secret", p.name, file)
		} else {
			c.checkSecret(p, secret, path.Base(file))
		}
	}
	if folder, given := flags["keys"]; given {
		if _, secret, found := mountOf(p, container, folder); !found || secret == "" {
			c.fault("%s: --keys=%s is no Secret", p.name, folder)
		} else {
			c.checkSecret(p, secret, "worker.json", "operator.json", "ca.pem", "ca-key.pem")
		}
	}
	if folder, given := flags["out"]; given {
		if mount, secret, found := mountOf(p, container, folder); !found || secret != "" || mount.ReadOnly {
			c.fault("%s: --out=%s is not on a volume that can be written", p.name, folder)
		}
	}
	for flag, port := range map[string]string{"listen": "grpc", "http": map[string]string{"worker": "metrics", "coordinator": "https"}[line[0]]} {
		if address, given := flags[flag]; given && !slices.ContainsFunc(container.Ports, func(has corev1.ContainerPort) bool {
			return has.Name == port && strings.HasSuffix(address, fmt.Sprintf(":%d", has.ContainerPort))
		}) {
			c.fault("%s: no containerPort %s agrees with --%s=%s", p.name, port, flag, address)
		}
	}
	if address, given := flags["advertise"]; given && !slices.ContainsFunc(c.services, func(s *corev1.Service) bool {
		return slices.ContainsFunc(s.Spec.Ports, func(port corev1.ServicePort) bool {
			return port.Name == "grpc" && net.JoinHostPort(s.Name, strconv.Itoa(int(port.Port))) == address
		})
	}) {
		c.fault("%s: no Service has the address --advertise=%s", p.name, address)
	}
	_, stays := flags["stay"]
	_, hasStore := flags["store"]
	switch {
	case line[0] == "worker" && !stays:
		c.fault("%s ends when all is done, and would be started again for ever: it needs --stay", p.name)
	case line[0] == "coordinator" && !hasStore && (p.replicas != 1 || !p.isSet):
		c.fault("%s: an SQLite store has one coordinator, of a StatefulSet", p.name)
	case line[0] == "coordinator" && hasStore && p.replicas < 2:
		c.fault("%s: PostgreSQL is for several coordinators", p.name)
	}
	lasting := 0
	for _, probe := range []*corev1.Probe{container.StartupProbe, container.ReadinessProbe, container.LivenessProbe} {
		if probe == nil {
			continue
		}
		if probe != container.StartupProbe {
			lasting++
		}
		switch {
		case probe.HTTPGet != nil:
			c.checkPort(fmt.Sprintf("%s: a probe of port %q", p.name, probe.HTTPGet.Port.String()), p, probe.HTTPGet.Port)
		case probe.Exec != nil:
			c.checkFlags(p.name, probe.Exec.Command)
			asked := flagsOf(probe.Exec.Command)
			if _, port, _ := strings.Cut(flags["listen"], ":"); asked["coordinator"] != "127.0.0.1:"+port || asked["credentials"] != flags["out"]+"/operator.json" {
				c.fault("%s: the probe asks %q with %q, not this coordinator", p.name, asked["coordinator"], asked["credentials"])
			}
		}
	}
	if lasting == 0 {
		c.fault("%s has no probe that lasts", p.name)
	}
}

// flagsOf returns the flags of a command line that are written as --name=value or --name.
func flagsOf(line []string) map[string]string {
	flags := map[string]string{}
	for _, argument := range line {
		if name, isFlag := strings.CutPrefix(argument, "--"); isFlag {
			name, value, _ := strings.Cut(name, "=")
			flags[name] = value
		}
	}
	return flags
}

// accepted holds the command lines that a program has accepted.
var accepted = map[string]bool{}

// checkFlags has the program of a command line read its flags, and print its help instead of
// running.
func (c *checker) checkFlags(what string, line []string) {
	text := strings.Join(line, " ")
	if accepted[text] {
		return
	}
	said, err := exec.Command("../../bin/"+line[0], append(slices.Clone(line[1:]), "--help")...).CombinedOutput()
	if err != nil {
		c.fault("%s: %s: %v: %s", what, text, err, said)
		return
	}
	accepted[text] = true
}
