package agent

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// call makes a Sync, and cancels the one in flight.
func (s *shell) call(request *spiqsweepv1.SyncRequest) {
	if s.cancelSync != nil {
		s.cancelSync()
	}
	current, cancelSync := context.WithCancel(s.ctx)
	s.cancelSync = cancelSync
	s.calls.Go(func() {
		defer cancelSync()
		ctx, cancel := context.WithTimeout(current, AnswerTimeout(request, s.coordinators))
		defer cancel()
		connection, err := s.connections.Acquire()
		var response *spiqsweepv1.SyncResponse
		var callee peer.Peer // has no address if none was reached
		began := time.Now()
		if err == nil {
			defer connection.Release()
			response, err = spiqsweepv1.NewWorkerServiceClient(connection).Sync(ctx, request, grpc.Peer(&callee))
		}
		if err == nil {
			s.metrics.synced(request, time.Since(began))
		}
		switch {
		case errors.Is(current.Err(), context.Canceled): // replaced by another call, or the worker ends
		case err != nil:
			if !Busy(err) && connection != nil {
				connection.Abort()
			}
			s.post(CallFailed{Sequence: request.GetSequence(), Err: err, Unreached: callee.Addr == nil})
		default:
			s.post(Answered{Sequence: request.GetSequence(), Response: response})
		}
	})
}

// fetchRecording loads a recording into the cache, from its folder or the coordinator.
func (s *shell) fetchRecording(digest string) error {
	if s.cache.load(digest) {
		return nil
	}
	ctx, cancel := context.WithTimeout(s.ctx, transferTimeout)
	defer cancel()
	connection, err := s.connections.Acquire()
	if err != nil {
		return err
	}
	defer connection.Release()
	response, err := spiqsweepv1.NewWorkerServiceClient(connection).GetRecording(ctx, &spiqsweepv1.GetRecordingRequest{Digest: digest})
	if err != nil {
		return err
	}
	body, err := protocol.Unpack(response.GetBody(), protocol.MaxUnpackedBytes)
	if err != nil {
		return status.Errorf(codes.DataLoss, "recording: %v", err)
	}
	if err := s.cache.put(digest, body); err != nil {
		return status.Errorf(codes.DataLoss, "%v", err)
	}
	if err := s.cache.save(digest, body); err != nil {
		s.log.Warn("cannot keep the recording: it will be fetched again", "error", err)
	}
	return nil
}

func (s *shell) fetchCheckpoint(l Lease) CheckpointFetched {
	ctx, cancel := context.WithTimeout(s.ctx, transferTimeout)
	defer cancel()
	connection, err := s.connections.Acquire()
	if err != nil {
		return CheckpointFetched{Lease: l, Err: err}
	}
	defer connection.Release()
	response, err := spiqsweepv1.NewWorkerServiceClient(connection).GetCheckpoint(ctx, &spiqsweepv1.GetCheckpointRequest{Process: s.process, Lease: l.wire()})
	return CheckpointFetched{Lease: l, Step: response.GetStep(), Body: response.GetBody(), Err: err}
}

func (s *shell) storeCheckpoint(a StoreCheckpoint) error {
	ctx, cancel := context.WithTimeout(s.ctx, transferTimeout)
	defer cancel()
	connection, err := s.connections.Acquire()
	if err != nil {
		return err
	}
	defer connection.Release()
	_, err = spiqsweepv1.NewWorkerServiceClient(connection).PutCheckpoint(ctx, &spiqsweepv1.PutCheckpointRequest{
		Process: s.process, Lease: a.Lease.wire(), Step: a.Step, Body: a.Body,
	})
	if err == nil {
		s.metrics.stored(len(a.Body))
	}
	return err
}

// AnswerTimeout returns how long a worker waits for the response to a Sync, given the
// number of coordinators that it can call. With several, it gives up sooner, since another
// may answer.
func AnswerTimeout(r *spiqsweepv1.SyncRequest, coordinators int) time.Duration {
	timeout := answerTimeout + time.Duration(proto.Size(r))*time.Second/slowestLink
	switch {
	case coordinators == 1:
		return protocol.CallTimeout
	case r.GetDraining():
		timeout = drainAnswer
	case len(r.GetHeld())+len(r.GetReports()) == 0:
		timeout += protocol.LongPoll
	}
	return min(timeout, protocol.CallTimeout)
}
