package service

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"sync"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	grpccredentials "google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"spiqsweep/coordinator/queue"
	"spiqsweep/proto/credentials"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// Config is all that a Server needs; every field but TLS must be set.
type Config struct {
	Queue *queue.Queue
	// Sweep is the ID of the sweep that an operator asks about.
	Sweep string
	// WorkerToken and OperatorToken open one service each.
	WorkerToken, OperatorToken string
	// TLS is what the coordinator proves itself with; nil: calls are plain text.
	TLS *tls.Config
	// Numerics and KernelClass are what workers must compute with.
	Numerics    int
	KernelClass string
	Log         hclog.Logger
}

// Server answers workers and operators.
type Server struct {
	grpc       *grpc.Server
	attendance *attendance
	leaving    chan struct{} // closed by the first Stop: idle workers wait no longer
	stopOnce   sync.Once
}

// New makes a server that does not listen yet.
func New(c Config) *Server {
	s := &Server{attendance: newAttendance(), leaving: make(chan struct{})}
	s.grpc = grpc.NewServer(
		grpc.Creds(transport(c.TLS)),
		grpc.InTapHandle(access{worker: c.WorkerToken, operator: c.OperatorToken}.admit),
		grpc.ChainUnaryInterceptor(bounded, contained(c.Log)),
		grpc.ChainStreamInterceptor(boundedStream, containedStream(c.Log)),
		grpc.MaxRecvMsgSize(credentials.MaxMessageBytes),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.ConnectionTimeout(handshakeTimeout),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: silence, Timeout: silence / 3}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: silence / 3, PermitWithoutStream: true}),
	)
	spiqsweepv1.RegisterWorkerServiceServer(s.grpc, &worker{
		rules: Rules{c}, attendance: s.attendance, leaving: s.leaving,
	})
	spiqsweepv1.RegisterOperatorServiceServer(s.grpc, &operator{Config: c})
	return s
}

// transport is how calls travel.
func transport(c *tls.Config) grpccredentials.TransportCredentials {
	if c == nil {
		return insecure.NewCredentials()
	}
	return grpccredentials.NewTLS(c)
}

// Serve answers on the listener until Stop, and closes it.
func (s *Server) Serve(l net.Listener) error {
	if err := s.grpc.Serve(l); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	}
	return nil
}

// Farewell waits until every worker that has been about lately has heard that
// there is nothing left to do, or until ctx ends.
func (s *Server) Farewell(ctx context.Context) { s.attendance.farewell(ctx) }

// Stop lets the calls in progress finish, and cuts those that have not when
// ctx ends. It may be called more than once.
func (s *Server) Stop(ctx context.Context) {
	s.stopOnce.Do(func() { close(s.leaving) })
	stopped := make(chan struct{})
	go func() {
		s.grpc.GracefulStop()
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-ctx.Done():
		s.grpc.Stop()
		<-stopped
	}
}

// bounded gives every call an end.
func bounded(ctx context.Context, in any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return handle(ctx, in)
}

// contained keeps a panic within its call.
func contained(log hclog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, in any, call *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (out any, err error) {
		defer func() {
			if fault := recover(); fault != nil {
				log.Error("call panicked", "call", call.FullMethod, "panic", fault, "stack", string(debug.Stack()))
				out, err = nil, status.Errorf(codes.Internal, "the coordinator failed at %s: its log says more", call.FullMethod)
			}
		}()
		return handle(ctx, in)
	}
}
