package service

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/go-hclog"
	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"spiqsweep/coordinator/queue"
	"spiqsweep/proto/credentials"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// Config is all that a Server needs; every field but TLS and Limits must be set.
type Config struct {
	Queue *queue.Queue
	// Sweep is the ID of the sweep that an operator asks about.
	Sweep string
	// WorkerToken and OperatorToken open one service each. OperatorToken also proves
	// leases, so it should not change while workers run.
	WorkerToken, OperatorToken string
	// TLS is what the coordinator proves itself with; nil: calls are plain text.
	TLS *tls.Config
	// Numerics and KernelClass are what workers must compute with.
	Numerics    int
	KernelClass string
	Limits      Limits
	Log         hclog.Logger
}

// Server answers workers and operators.
type Server struct {
	grpc       *grpc.Server
	limits     Limits
	refusals   *refusals
	open       atomic.Int64 // connections
	attendance *attendance
	leaving    chan struct{} // closed by the first Stop: idle workers wait no longer
	stopOnce   sync.Once
}

// New makes a server that does not listen yet.
func New(c Config) *Server {
	s := &Server{
		limits: c.Limits.withDefaults(), refusals: newRefusals(c.Log),
		attendance: newAttendance(), leaving: make(chan struct{}),
	}
	s.grpc = grpc.NewServer(
		grpc.Creds(transport(c.TLS, s.refusals)),
		grpc.InTapHandle(access{worker: c.WorkerToken, operator: c.OperatorToken, refusals: s.refusals}.admit),
		grpc.ChainUnaryInterceptor(newPaces(s.limits, s.refusals).paced, bounded, contained(c.Log)),
		grpc.ChainStreamInterceptor(watched(s.refusals), containedStream(c.Log)),
		grpc.MaxRecvMsgSize(credentials.MaxMessageBytes),
		grpc.MaxSendMsgSize(credentials.MaxMessageBytes),
		grpc.MaxHeaderListSize(maxHeaders),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.ConnectionTimeout(handshakeTimeout),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			Time: silence, Timeout: silence / 3,
			MaxConnectionIdle: idleTime, MaxConnectionAge: age, MaxConnectionAgeGrace: streamTimeout,
		}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: silence / 3, PermitWithoutStream: true}),
		grpc.WaitForHandlers(true),
	)
	for _, offered := range s.services(c) {
		s.grpc.RegisterService(offered.contract, offered.answers)
	}
	return s
}

// service is a part of the contract and who answers it.
type service struct {
	contract *grpc.ServiceDesc
	answers  any
}

// services are all that a server offers.
func (s *Server) services(c Config) []service {
	return []service{
		{&spiqsweepv1.WorkerService_ServiceDesc, &worker{
			rules: Rules{c}, attendance: s.attendance, leaving: s.leaving, atWork: semaphore.NewWeighted(maxAtWork),
			recordings: must(lru.New[string, *spiqsweepv1.GetRecordingResponse](maxRecordings)),
		}},
		{&spiqsweepv1.OperatorService_ServiceDesc, &operator{Config: c}},
	}
}

// Refusals says who was turned away so far.
func (s *Server) Refusals() Refusals { return s.refusals.sum() }

// Serve answers on the listener until Stop, and closes it.
func (s *Server) Serve(l net.Listener) error {
	err := s.grpc.Serve(door{Listener: l, limits: s.limits, refusals: s.refusals, open: &s.open})
	if err != nil && !errors.Is(err, grpc.ErrServerStopped) {
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
	s.stopOnce.Do(func() {
		close(s.leaving)
		s.refusals.conclude()
	})
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
func bounded(ctx context.Context, in any, call *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, workOn(call.FullMethod))
	defer cancel()
	return handle(ctx, in)
}

// contained keeps a panic within its call.
func contained(log hclog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, in any, call *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (out any, err error) {
		defer func() {
			if fault := recover(); fault != nil {
				out, err = nil, panicked(log, call.FullMethod, fault)
			}
		}()
		return handle(ctx, in)
	}
}
