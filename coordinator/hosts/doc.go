// Package hosts starts and stops workers on machines that the user reaches by ssh.
//
// A file lists the hosts (ParseFile). For each, the package runs the user's own ssh, whose
// configuration holds: keys, ports, jump hosts. A host needs a POSIX shell and nothing
// else. The script remote.sh and its input travel on the standard input of ssh, so that no
// command line shows a secret and no login shell has to understand the script.
//
// On a host, everything is in one folder, named after the host because several may share
// a home folder:
//
//	~/.spiqsweep/NODE/   mode 0700
//	    worker-DIGEST    the program, 0700, copied only if it is not there
//	    worker.json      the credentials, 0600
//	    worker.key       what the worker was started with, for Start
//	    worker.pid       the process
//	    worker.exit      its exit code, once it has ended
//	    worker.log       what it writes; worker.log.old is that of the worker before
//
// Files are written under a temporary name and renamed. A worker is recognised by process
// ID and program path, so that a number that another process has got since is never
// signalled. Start gives one worker a folder: it leaves one alone that runs with the same
// program, credentials and flags, and replaces any other. A lock keeps two Starts apart.
//
// A worker outlives its ssh session and the coordinator's machine. Nothing here decides
// what happens to tasks: a stopped worker hands them back, and the leases of a lost one
// expire.
package hosts
