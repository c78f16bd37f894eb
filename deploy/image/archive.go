package main

import (
	"archive/tar"
	"bytes"
	_ "crypto/sha256" // which package digest asks for
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	oci "github.com/opencontainers/image-spec/specs-go/v1"
)

// user is the number of the programs' user and group, who own /data. It is not root, and
// has no name: Kubernetes checks runAsNonRoot by the number alone.
const user = 65532

// pack returns the archive of an image with the programs in /bin.
//
// Source: OCI Image Format Specification 1.1, "Image Layout". manifest.json is for Docker
// before version 25, which reads no index.
func pack(programs []program, name string) ([]byte, error) {
	layer, err := layerOf(programs)
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	a := archive{tar.NewWriter(&body), nil}
	layerBlob := a.blob(oci.MediaTypeImageLayer, layer)
	config := a.blob(oci.MediaTypeImageConfig, a.json(oci.Image{
		Platform: oci.Platform{Architecture: programs[0].architecture, OS: "linux"},
		Config: oci.ImageConfig{
			User:       fmt.Sprintf("%d:%d", user, user),
			Env:        []string{"PATH=/bin", "HOME=/data"},
			Cmd:        []string{"coordinator", "--help"},
			WorkingDir: "/data",
		},
		RootFS: oci.RootFS{Type: "layers", DiffIDs: []digest.Digest{layerBlob.Digest}},
	}))
	manifest := a.blob(oci.MediaTypeImageManifest, a.json(oci.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: oci.MediaTypeImageManifest,
		Config:    config,
		Layers:    []oci.Descriptor{layerBlob},
	}))
	manifest.Annotations = map[string]string{
		oci.AnnotationRefName:      name, // for podman
		"io.containerd.image.name": name,
	}
	a.file("index.json", a.json(oci.Index{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: oci.MediaTypeImageIndex,
		Manifests: []oci.Descriptor{manifest},
	}))
	a.file(oci.ImageLayoutFile, a.json(oci.ImageLayout{Version: oci.ImageLayoutVersion}))
	a.file("manifest.json", a.json([]struct {
		Config   string
		RepoTags []string
		Layers   []string
	}{{pathOf(config), []string{name}, []string{pathOf(layerBlob)}}}))
	return body.Bytes(), errors.Join(a.err, a.tar.Close())
}

// layerOf returns the archive of the files in the image.
func layerOf(programs []program) ([]byte, error) {
	var body bytes.Buffer
	a := archive{tar.NewWriter(&body), nil}
	a.entry(tar.Header{Typeflag: tar.TypeDir, Name: "bin/", Mode: 0o755}, nil)
	for _, p := range programs {
		a.entry(tar.Header{Name: "bin/" + p.name, Mode: 0o755}, p.body)
	}
	a.entry(tar.Header{Typeflag: tar.TypeDir, Name: "data/", Mode: 0o755, Uid: user, Gid: user}, nil)
	a.entry(tar.Header{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o1777}, nil)
	return body.Bytes(), errors.Join(a.err, a.tar.Close())
}

// archive writes a tar archive, and keeps the first error.
type archive struct {
	tar *tar.Writer
	err error
}

// entry writes an entry. All have the same time, so that equal content gives equal bytes.
func (a *archive) entry(header tar.Header, body []byte) {
	header.Size = int64(len(body))
	header.ModTime = time.Unix(0, 0)
	header.Format = tar.FormatUSTAR
	if a.err == nil {
		a.err = a.tar.WriteHeader(&header)
	}
	if a.err == nil {
		_, a.err = a.tar.Write(body)
	}
}

func (a *archive) file(name string, body []byte) {
	a.entry(tar.Header{Name: name, Mode: 0o644}, body)
}

// blob writes a file under the name of its digest.
func (a *archive) blob(mediaType string, body []byte) oci.Descriptor {
	d := oci.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(body), Size: int64(len(body))}
	a.file(pathOf(d), body)
	return d
}

func pathOf(blob oci.Descriptor) string {
	return oci.ImageBlobsDir + "/" + blob.Digest.Algorithm().String() + "/" + blob.Digest.Encoded()
}

func (a *archive) json(value any) []byte {
	body, err := json.Marshal(value)
	a.err = errors.Join(a.err, err)
	return body
}
