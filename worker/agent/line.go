package agent

import (
	"sync"

	"google.golang.org/grpc"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// line is the connection to one of several coordinators.
type line struct {
	dial func(address string) (*grpc.ClientConn, error)

	mu         sync.Mutex // guards all below
	addresses  []string   // the first is in use
	connection *grpc.ClientConn
}

// client returns what to call. It connects with the first call.
func (l *line) client() (spiqsweepv1.WorkerServiceClient, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.connection == nil {
		connection, err := l.dial(l.addresses[0])
		if err != nil {
			return nil, err
		}
		l.connection = connection
	}
	return spiqsweepv1.NewWorkerServiceClient(l.connection), nil
}

// change gives the connection up and turns to the next address: a new
// connection knows nothing of the dead one's time-outs, even to the same address.
func (l *line) change() {
	l.close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.addresses = append(l.addresses[1:len(l.addresses):len(l.addresses)], l.addresses[0])
}

func (l *line) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.connection != nil {
		_ = l.connection.Close()
		l.connection = nil
	}
}
