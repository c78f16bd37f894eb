package service_test

import (
	"context"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"spiqsweep/proto/credentials"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// TestEveryMethodAsksForItsRole walks the contract's descriptors, so that no
// method can be forgotten.
func TestEveryMethodAsksForItsRole(t *testing.T) {
	b := newRig(t, 1)
	tokens := map[string]string{
		"nothing": "", "a stranger's": credentials.NewToken(), "the worker's": workerToken, "the operator's": operatorToken,
	}
	opens := map[protoreflect.Name]string{"WorkerService": "the worker's", "OperatorService": "the operator's"}
	files := []protoreflect.FileDescriptor{spiqsweepv1.File_spiqsweep_v1_worker_proto, spiqsweepv1.File_spiqsweep_v1_operator_proto}
	methods := 0
	for _, file := range files {
		for i := range file.Services().Len() {
			contract := file.Services().Get(i)
			for j := range contract.Methods().Len() {
				method := contract.Methods().Get(j)
				methods++
				for name, token := range tokens {
					err := invoke(t.Context(), b.dial(token), method)
					refused := status.Code(err) == codes.Unauthenticated
					if refused == (opens[contract.Name()] == name) {
						t.Errorf("%s with %s token: %v", method.FullName(), name, err)
					}
					if refused && status.Convert(err).Message() != "unauthenticated" {
						t.Errorf("%s says more than it should: %v", method.FullName(), err)
					}
				}
			}
		}
	}
	if methods != 16 {
		t.Errorf("%d methods were tried, want 16", methods)
	}
}

func TestAMethodThatIsNotThereSaysNoMore(t *testing.T) {
	b := newRig(t, 1)
	for name, token := range map[string]string{"nobody": "", "worker": workerToken, "operator": operatorToken} {
		for _, method := range []string{"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/a/b", "/", "a"} {
			err := b.dial(token).Invoke(t.Context(), method, &spiqsweepv1.GetStatusRequest{}, &spiqsweepv1.GetStatusResponse{})
			if code := status.Code(err); code != codes.Unauthenticated && code != codes.Unimplemented && code != codes.Internal {
				t.Errorf("%s on %s: %v", name, method, err)
			}
		}
	}
}

// invoke calls a method with an empty message.
func invoke(ctx context.Context, connection *grpc.ClientConn, method protoreflect.MethodDescriptor) error {
	path := "/" + string(method.Parent().FullName()) + "/" + string(method.Name())
	return connection.Invoke(ctx, path, dynamicpb.NewMessage(method.Input()), dynamicpb.NewMessage(method.Output()))
}
