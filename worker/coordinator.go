package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"

	"spiqsweep/proto/credentials"
)

// findCoordinator reads where coordinators are and what opens them: from one
// file, or from addresses and a file with the token.
func findCoordinator(given []string, credentialsFile string) (credentials.File, error) {
	switch {
	case len(given) == 0:
		return credentials.File{}, errors.New("--coordinator is missing: give worker.json of the coordinator's output folder, " +
			"or an address with --credentials")
	case credentialsFile != "":
		return fromAddresses(given, credentialsFile)
	case len(given) == 1 && !isAddress(given[0]):
		return credentials.Load(given[0])
	}
	for _, one := range given {
		if !isAddress(one) {
			return credentials.File{}, fmt.Errorf("--coordinator %q stands beside others: give one file, or addresses with --credentials", one)
		}
	}
	return credentials.File{}, fmt.Errorf("--coordinator %s is an address: its token is missing, give --credentials", given[0])
}

func fromAddresses(addresses []string, credentialsFile string) (credentials.File, error) {
	for _, one := range addresses {
		if !isAddress(one) {
			return credentials.File{}, fmt.Errorf("--coordinator %q is not host:port, as it must be with --credentials", one)
		}
	}
	file, err := credentials.Load(credentialsFile)
	return file.At(addresses...), err
}

// isAddress tells host:port from a path, also where paths begin with a drive's letter.
func isAddress(given string) bool {
	if _, err := os.Stat(given); err == nil {
		return false
	}
	_, port, err := net.SplitHostPort(given)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}
