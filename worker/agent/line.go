package agent

import (
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// line is the connection to one of several coordinators. Any of them may answer
// any call: they serve one store. A Sync that fails gives the coordinator up, and
// whatever else is under way there with it.
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

// patience returns how long to wait for the answer to a Sync.
func (l *line) patience(r *spiqsweepv1.SyncRequest) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return AnswerTimeout(r, len(l.addresses))
}

// AnswerTimeout returns how long a worker that knows the addresses of so many
// coordinators waits for the answer to a Sync. With only one it waits longest: no
// other could answer sooner.
func AnswerTimeout(r *spiqsweepv1.SyncRequest, coordinators int) time.Duration {
	timeout := answerTimeout + time.Duration(proto.Size(r))*time.Second/slowestLink
	switch {
	case coordinators == 1:
		return callTimeout
	case r.GetDraining():
		timeout = drainAnswer
	case len(r.GetHeld())+len(r.GetReports()) == 0:
		timeout += longPoll
	}
	return min(timeout, callTimeout)
}

func (l *line) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.connection != nil {
		_ = l.connection.Close()
		l.connection = nil
	}
}
