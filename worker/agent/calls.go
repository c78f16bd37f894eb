package agent

import (
	"context"
	"errors"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// unpackedBytes bounds what a compressed recording may unpack to: 16 cells of
// 2²⁴ bins are more than any recording has.
const unpackedBytes = 64 << 20

// The codecs are safe for concurrent use. One goroutine each: the cores belong
// to the tasks.
var (
	packer, _   = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	unpacker, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(unpackedBytes))
)

// call makes a Sync, in place of the one in flight if there is one.
func (s *shell) call(request *spiqsweepv1.SyncRequest) {
	if s.giveUp != nil {
		s.giveUp()
	}
	replaced, giveUp := context.WithCancel(s.ctx)
	s.giveUp = giveUp
	s.calls.Go(func() {
		defer giveUp()
		ctx, cancel := context.WithTimeout(replaced, s.line.patience(request))
		defer cancel()
		client, err := s.line.client()
		var response *spiqsweepv1.SyncResponse
		var taker peer.Peer // without an address: nobody
		if err == nil {
			response, err = client.Sync(ctx, request, grpc.Peer(&taker))
		}
		switch {
		case errors.Is(replaced.Err(), context.Canceled):
		case err != nil:
			if !Busy(err) {
				s.line.change()
			}
			s.post(CallFailed{Sequence: request.GetSequence(), Err: err, Unreached: taker.Addr == nil})
		default:
			s.post(Answered{Sequence: request.GetSequence(), Response: response})
		}
	})
}

// fetchRecording puts the bits of a digest on the shelf.
func (s *shell) fetchRecording(digest string) error {
	if s.shelf.load(digest) {
		return nil
	}
	ctx, cancel := context.WithTimeout(s.ctx, transferTimeout)
	defer cancel()
	client, err := s.line.client()
	if err != nil {
		return err
	}
	response, err := client.GetRecording(ctx, &spiqsweepv1.GetRecordingRequest{Digest: digest})
	if err != nil {
		return err
	}
	body, err := unpacker.DecodeAll(response.GetBody(), nil)
	if err != nil {
		return status.Errorf(codes.DataLoss, "unpack the recording: %v", err)
	}
	if err := s.shelf.put(digest, body); err != nil {
		return status.Errorf(codes.DataLoss, "%v", err)
	}
	if err := s.shelf.save(digest, body); err != nil {
		s.log.Warn("cannot keep the recording: it will be fetched again", "error", err)
	}
	return nil
}

func (s *shell) fetchCheckpoint(l Lease) CheckpointFetched {
	ctx, cancel := context.WithTimeout(s.ctx, transferTimeout)
	defer cancel()
	client, err := s.line.client()
	if err != nil {
		return CheckpointFetched{Lease: l, Err: err}
	}
	response, err := client.GetCheckpoint(ctx, &spiqsweepv1.GetCheckpointRequest{Process: s.process, Lease: l.wire()})
	return CheckpointFetched{Lease: l, Step: response.GetStep(), Body: response.GetBody(), Err: err}
}

func (s *shell) storeCheckpoint(a StoreCheckpoint) error {
	ctx, cancel := context.WithTimeout(s.ctx, transferTimeout)
	defer cancel()
	client, err := s.line.client()
	if err != nil {
		return err
	}
	_, err = client.PutCheckpoint(ctx, &spiqsweepv1.PutCheckpointRequest{
		Process: s.process, Lease: a.Lease.wire(), Step: a.Step, Body: a.Body,
	})
	return err
}
