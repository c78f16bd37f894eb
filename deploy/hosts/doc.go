// Package hosts tests sweeps between hosts whose network fails. Each host is a set of Linux
// namespaces with its own network, host name and hosts file; a bridge in another one
// connects them. The real programs run on them, with TLS: a coordinator and two workers.
//
// A fault is applied when the programs have reached a state, and removed when they have
// reached the next one, so that no test depends on how fast the machine is. The
// results.csv of every sweep must equal that of a local run byte for byte, and the test
// looks for the traces that its fault must have left: lost leases, late results, retries,
// counters of dropped packets.
//
// The tests need root, nftables and iproute2, and run only with SPIQSWEEP_HOSTS=1
// (`make hosts`). All that they make ends with the test process, also if that is killed:
// the first process of each host reads from a pipe of the test, and with it ends every
// process of the host, and then its network.
package hosts
