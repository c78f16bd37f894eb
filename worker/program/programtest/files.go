package programtest

import (
	"strings"
	"testing/fstest"
)

// Files returns a file system of "path=content" in lines; \n ends a line of a content.
func Files(pairs ...string) fstest.MapFS {
	root := fstest.MapFS{}
	for _, pair := range pairs {
		path, content, _ := strings.Cut(pair, "=")
		root[path] = &fstest.MapFile{Data: []byte(content + "\n")}
	}
	return root
}
