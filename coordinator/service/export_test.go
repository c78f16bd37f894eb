package service

import "google.golang.org/grpc"

// Offered lists what a server that is about to stop offers, to be called without
// a network: its idle workers are not kept waiting.
func Offered(c Config) (contracts []*grpc.ServiceDesc, answers []any) {
	s := &Server{attendance: newAttendance(), leaving: make(chan struct{})}
	close(s.leaving)
	for _, offered := range s.services(c) {
		contracts, answers = append(contracts, offered.contract), append(answers, offered.answers)
	}
	return contracts, answers
}
