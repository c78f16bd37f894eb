package app

import (
	"os"

	"spiqsweep/proto/credentials"
)

// coordinatorFile says where the folder's sweep was submitted to: the
// credentials of an operator there. A folder without it has its sweep in a store
// of its own.
const coordinatorFile = "coordinator.json"

// coordinator is who keeps the folder's sweep elsewhere: without a token, nobody.
func (f folder) coordinator() (credentials.File, error) {
	if !f.has(coordinatorFile) {
		return credentials.File{}, nil
	}
	file, err := credentials.Load(f.path(coordinatorFile))
	if err != nil {
		return credentials.File{}, &InputError{err}
	}
	return file, nil
}

// serves says whether a coordinator without a grid has been in the folder.
func (f folder) serves() bool { return f.has(operatorFile) }

func (f folder) has(name string) bool {
	_, err := os.Stat(f.path(name))
	return err == nil
}
