package main

import (
	"strings"
	"testing"
)

// TestAgainShowsNoPassword: the command of before, but for a URL with a password.
func TestAgainShowsNoPassword(t *testing.T) {
	for name, test := range map[string]struct {
		arguments []string
		want      string
		hidden    bool
	}{
		"nothing":               {nil, "coordinator", false},
		"a file":                {[]string{"--store", "x.db", "--local", "2"}, "coordinator --store x.db --local 2", false},
		"a URL without one":     {[]string{"--store=postgres://me@host/x"}, "coordinator --store=postgres://me@host/x", false},
		"a URL with one":        {[]string{"--local", "2", "--store", "postgres://me:topsecret@host/x", "--out", "runs/x"}, "coordinator --local 2 --out runs/x", true},
		"… in one word":         {[]string{"--store=postgres://me:topsecret@host/x", "--out", "runs/x"}, "coordinator --out runs/x", true},
		"… among parameters":    {[]string{"--store", "postgres://host/x?sslmode=require&password=topsecret"}, "coordinator", true},
		"… given twice":         {[]string{"--store=postgres://a:topsecret@h/x", "--store", "postgres://b:topsecret@h/x"}, "coordinator", true},
		"a flag without a word": {[]string{"--out", "runs/x", "--store"}, "coordinator --out runs/x --store", false},
	} {
		command, note, noted := strings.Cut(again(test.arguments), "\n")
		if command != test.want || noted != test.hidden || noted && !strings.Contains(note, "PGPASSWORD") {
			t.Errorf("%s: %q, %q: want %q, a note: %v", name, command, note, test.want, test.hidden)
		}
		if strings.Contains(command+note, "topsecret") {
			t.Errorf("%s: %q, %q shows the password", name, command, note)
		}
	}
}
