// Package browser drives Chromium in tests of the page.
//
// A [Tab] fails its test for whatever a reader should never meet: an exception, an error or
// a warning in the console, a violation of the Content-Security-Policy, a request to
// another server, or a page that does not come to the awaited state in time.
package browser
