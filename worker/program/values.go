package program

import (
	"fmt"
	"slices"
	"strings"
)

// Choice is a flag value that must be one of Allowed, ignoring case.
type Choice struct {
	Target  *string
	Allowed []string
}

// Set implements pflag.Value.
func (c *Choice) Set(text string) error {
	word := strings.ToLower(strings.TrimSpace(text))
	if slices.Contains(c.Allowed, word) {
		*c.Target = word
		return nil
	}
	last := len(c.Allowed) - 1
	err := fmt.Errorf("%q: must be %s or %s", text, strings.Join(c.Allowed[:last], ", "), c.Allowed[last])
	if nearest := Nearest(word, c.Allowed); nearest != "" {
		return fmt.Errorf("%w; did you mean %q?", err, nearest)
	}
	return err
}

// String implements pflag.Value.
func (c *Choice) String() string {
	if c.Target == nil {
		return ""
	}
	return *c.Target
}

// Type implements pflag.Value.
func (c *Choice) Type() string { return "string" }

// Pairs is a flag value of the form NAME=VALUE, given once for each name. A name must not be
// empty; a value may be, and may contain commas and equals signs.
type Pairs map[string]string

// Set implements pflag.Value.
func (p *Pairs) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	name = strings.TrimSpace(name)
	switch _, twice := (*p)[name]; {
	case !ok:
		return fmt.Errorf("%q: must be NAME=VALUE", text)
	case name == "":
		return fmt.Errorf("%q: the name before = is empty: must be NAME=VALUE", text)
	case twice:
		return fmt.Errorf("%q: %s is given twice: give each name once", text, name)
	}
	if *p == nil {
		*p = Pairs{}
	}
	(*p)[name] = value
	return nil
}

// String implements pflag.Value.
func (p *Pairs) String() string { return "" }

// Type implements pflag.Value.
func (p *Pairs) Type() string { return "stringToString" }
