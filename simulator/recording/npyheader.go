package recording

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// npyMaxHeader is far above the header of any array without named fields.
const npyMaxHeader = 1 << 16

// npyHeader is the header of a .npy file.
type npyHeader struct {
	descr   string   // type of the numbers, such as "<f8"; "" for a structured array
	fields  []string // names in a structured array
	fortran bool
	shape   []int64
}

// readNPYHeader reads the header of a .npy file of size bytes up to the numbers, and returns
// their offset.
func readNPYHeader(file io.Reader, size int64) (h npyHeader, start int64, err error) {
	text, start, err := npyHeaderText(file, size)
	if err != nil {
		return h, 0, err
	}
	if h, err = parseNPYHeader(text); err != nil {
		return h, 0, fmt.Errorf("the .npy header %.80q is %w: %s", strings.Join(strings.Fields(text), " "), err, fixSaveNPY)
	}
	return h, start, nil
}

// npyHeaderText returns the header's text and the offset of the numbers.
func npyHeaderText(file io.Reader, size int64) (text string, start int64, err error) {
	var prefix [12]byte
	if _, err := io.ReadFull(file, prefix[:10]); err != nil {
		return "", 0, unreadable(err, fixCopyNPY)
	}
	if string(prefix[:len(npyMagic)]) != npyMagic {
		return "", 0, fmt.Errorf("%s: it does not begin like a .npy file", fixCopyNPY)
	}
	var length int64
	switch version := prefix[6]; version {
	case 1:
		start, length = 10, int64(binary.LittleEndian.Uint16(prefix[8:]))
	case 2, 3:
		if _, err := io.ReadFull(file, prefix[10:]); err != nil {
			return "", 0, unreadable(err, fixCopyNPY)
		}
		start, length = 12, int64(binary.LittleEndian.Uint32(prefix[8:]))
	default:
		return "", 0, fmt.Errorf(".npy version %d.%d is not supported (1 to 3 are): %s", version, prefix[7], fixSaveNPY)
	}
	if length > npyMaxHeader || start+length > size {
		return "", 0, fmt.Errorf("%s: its .npy header claims %d bytes", fixCopyNPY, length)
	}
	header := make([]byte, length)
	if _, err := io.ReadFull(file, header); err != nil {
		return "", 0, unreadable(err, fixCopyNPY)
	}
	return string(header), start + length, nil
}

// errNPYHeader reports a header that is not the literal of a dictionary as numpy.save writes it.
var errNPYHeader = errors.New("not that of an array that numpy.save has written")

var npyShape = regexp.MustCompile(`^\(([\d,\s]*)\)$`)

// parseNPYHeader reads a header: a Python literal of a dictionary with the keys descr,
// fortran_order and shape. Python takes the last of equal keys; parseNPYHeader rejects them.
func parseNPYHeader(text string) (h npyHeader, err error) {
	entries, err := dictionary(text)
	if err != nil {
		return h, err
	}
	if descr := entries["descr"]; strings.HasPrefix(descr, "[") {
		h.fields, err = fieldNames(descr)
	} else {
		h.descr, err = stringLiteral(descr)
	}
	shape := npyShape.FindStringSubmatch(entries["shape"])
	h.fortran = entries["fortran_order"] == "True"
	if err != nil || shape == nil || !h.fortran && entries["fortran_order"] != "False" {
		return h, errNPYHeader
	}
	for field := range strings.SplitSeq(shape[1], ",") {
		if field = strings.TrimSpace(field); field == "" {
			continue
		}
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			n = math.MaxInt64
		}
		h.shape = append(h.shape, n)
	}
	return h, nil
}

// dictionary returns the values of a Python literal of a dictionary, as they are written, by
// their keys.
func dictionary(text string) (map[string]string, error) {
	inner, ok := between(text, "{", "}")
	if !ok {
		return nil, errNPYHeader
	}
	items, err := splitLiteral(inner, ',')
	if err != nil {
		return nil, err
	}
	entries := map[string]string{}
	for _, item := range items {
		parts, err := splitLiteral(item, ':')
		if err != nil || len(parts) != 2 {
			return nil, errNPYHeader
		}
		key, err := stringLiteral(parts[0])
		if err != nil {
			return nil, err
		}
		if _, twice := entries[key]; twice {
			return nil, fmt.Errorf("invalid: it has the key %q twice", key)
		}
		entries[key] = parts[1]
	}
	return entries, nil
}

// fieldNames returns the names of the fields in the descr of a structured array: a list of
// tuples of a name, or of a title and a name, and a type. Fields without a name are padding.
func fieldNames(descr string) ([]string, error) {
	inner, ok := between(descr, "[", "]")
	if !ok {
		return nil, errNPYHeader
	}
	fields, err := splitLiteral(inner, ',')
	if err != nil {
		return nil, err
	}
	var names []string
	for _, field := range fields {
		parts, err := tuple(field)
		if err != nil {
			return nil, err
		}
		if titled, err := tuple(parts[0]); err == nil {
			parts = titled[1:]
		}
		name, err := stringLiteral(parts[0])
		if err != nil {
			return nil, err
		}
		if name != "" {
			names = append(names, name)
		}
	}
	return names, nil
}

// tuple returns the elements of a tuple of two or more.
func tuple(text string) ([]string, error) {
	inner, ok := between(text, "(", ")")
	if !ok {
		return nil, errNPYHeader
	}
	parts, err := splitLiteral(inner, ',')
	if err == nil && len(parts) < 2 {
		err = errNPYHeader
	}
	return parts, err
}

// between returns what an opening and a closing bracket enclose.
func between(text, opening, closing string) (inner string, ok bool) {
	text = strings.TrimSpace(text)
	if len(text) < 2 || !strings.HasPrefix(text, opening) || !strings.HasSuffix(text, closing) {
		return "", false
	}
	return text[1 : len(text)-1], true
}

// splitLiteral splits a Python literal at a separator that is not within a string or brackets.
// It drops an empty last part, as after a trailing comma.
func splitLiteral(text string, separator byte) ([]string, error) {
	var parts []string
	depth, start, quote := 0, 0, byte(0)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			depth--
		case c == separator && depth == 0:
			parts, start = append(parts, strings.TrimSpace(text[start:i])), i+1
		}
	}
	if quote != 0 || depth != 0 {
		return nil, errNPYHeader
	}
	if last := strings.TrimSpace(text[start:]); last != "" {
		parts = append(parts, last)
	}
	return parts, nil
}

// stringLiteral returns the content of a Python string. It keeps escapes, which numpy.save
// writes only into names that are no identifiers.
func stringLiteral(text string) (string, error) {
	for _, quote := range []string{"'", `"`} {
		if content, ok := between(text, quote, quote); ok && !strings.Contains(content, quote) {
			return content, nil
		}
	}
	return "", errNPYHeader
}
