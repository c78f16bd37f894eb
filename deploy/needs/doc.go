// Package needs declares the requirements of tests: external programs that check
// whether others can open the files that we write, folders that cannot be changed, free ports, and
// a build without the race detector, which costs too much time and memory for some tests.
//
// A test is skipped on a machine without a required program. With
// SPIQSWEEP_REQUIRE_TOOLS=1 the test fails instead; .ci/run sets this after it has
// installed all programs, so that CI skips no test silently.
package needs
