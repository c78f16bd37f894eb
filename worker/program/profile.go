package program

import (
	"net/http"
	"net/http/pprof"
)

// ProfilePath is the path below which Profiles answers.
const ProfilePath = "/debug/pprof/"

// Profiles returns the handler of the running program's profiles, for `go tool pprof`. They
// show the program's arguments and names of its code, and taking one costs time, so they
// must be served only when asked for, and to the program's owner.
func Profiles() http.Handler {
	mux := http.NewServeMux()
	for name, handler := range map[string]http.HandlerFunc{
		"": pprof.Index, "cmdline": pprof.Cmdline, "profile": pprof.Profile, "symbol": pprof.Symbol, "trace": pprof.Trace,
	} {
		mux.HandleFunc("GET "+ProfilePath+name, handler)
	}
	return mux
}
