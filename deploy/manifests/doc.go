// Package manifests tests the files with which Kubernetes and Nomad start the programs. It
// builds each overlay of deploy/kubernetes as `kubectl apply -k` does, decodes every object
// strictly into the type of its API, and checks rules of ours: no privileges, probes, matching
// selectors and ports, secrets that deploy/README.md makes, and command lines that our
// programs accept.
//
// It is a separate module, because the types of Kubernetes are many megabytes of code that
// the programs do not need. `make manifests` builds the programs and runs it. No cluster is
// involved: what only a server checks is not tested.
package manifests
