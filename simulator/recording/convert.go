package recording

import (
	"bytes"
	_ "embed" // for Converter
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// unsupportedFormat identifies a file by its first bytes. It returns an error
// with the format and the lines of Python or MATLAB that convert the file. Words
// in capitals are placeholders for the user's values. variable is Options.Variable.
func unsupportedFormat(head []byte, path, variable string) error {
	saved := unused(path, "", ".npy")
	if err := unsupportedArchive(head, path, saved); err != nil {
		return err
	}
	switch {
	case isMAT73(head), isHDF5(head):
		return unsupportedHDF5(head, path, variable)
	case len(head) > 1 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5:
		return unsupported("it is a Python pickle, which is not read, since it may run any program: load it only if you trust it", conversion{"Python", []string{
			"import pickle, numpy",
			fmt.Sprintf("x = numpy.asarray(pickle.load(open(%q, \"rb\")))", path),
			fmt.Sprintf("numpy.save(%q, x)", saved),
		}})
	case isMAT4(head):
		return unsupported("it is a MATLAB v4 file, which is not read and has no arrays of 3 dimensions", conversion{"MATLAB", []string{
			fmt.Sprintf("load(%s)", matlab(path)),
			"x = reshape(NAME, REPEATS, NEURONS, [])",
			fmt.Sprintf("save(%s, 'x', '-v7')", matlab(unused(path, "-v7", ".mat"))),
		}})
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return errors.New("it is text in UTF-16: save it as UTF-8 (in Excel \"CSV UTF-8\"), or convert it with iconv -f UTF-16 -t UTF-8")
	case isTextFile(path) && bytes.IndexByte(head, 0) >= 0:
		return errors.New("it has NUL bytes where text is expected: save it again as CSV in UTF-8")
	case isTextFile(path) && !isText(head) && isText(bytes.ToValidUTF8(head, nil)):
		return errors.New("it is text that is not UTF-8, such as Latin-1: save it as UTF-8, or convert it with iconv -f LATIN1 -t UTF-8")
	case isText(head) && bytes.ContainsAny(head, "0123456789"): // JSON: isTable is false
		return unsupported("it is text (JSON), which is not read", conversion{"Python", []string{
			"import json, numpy",
			fmt.Sprintf("x = numpy.array(json.load(open(%q)))", path),
			fmt.Sprintf("numpy.save(%q, x)", saved),
		}})
	default:
		return errors.New("it is neither a MATLAB v5, a .npy, a .npz nor a CSV file: " + fixSave)
	}
}

// Converter is the text of convert_hdf5.py, a program in Python that converts HDF5 files to
// files that Open reads.
//
//go:embed convert_hdf5.py
var Converter []byte

// ErrHDF5 reports an HDF5 file, which Converter converts.
var ErrHDF5 = errors.New("HDF5")

// unsupportedHDF5 is unsupportedFormat for HDF5 files.
func unsupportedHDF5(head []byte, path, variable string) error {
	what, extension, option := "a MATLAB v7.3 file (%w)", ".npz", ""
	switch {
	case isMAT73(head):
	case strings.EqualFold(filepath.Ext(path), ".nwb"), bytes.Contains(head, []byte("nwb_version")):
		what, extension, variable = "an NWB file (%w)", ".csv", ""
	default:
		what = "an %w file"
	}
	if variable != "" {
		option = " --variable " + shell(variable)
	}
	ways := []conversion{{"a shell, with Python 3, h5py and NumPy", []string{
		fmt.Sprintf("python3 convert_hdf5.py %s %s%s", shell(path), shell(unused(path, "", extension)), option),
	}}}
	if isMAT73(head) {
		ways = append(ways, conversion{"MATLAB", []string{
			fmt.Sprintf("load(%s)", matlab(path)),
			fmt.Sprintf("save(%s, 'NAME', '-v7')", matlab(unused(path, "-v7", ".mat"))),
		}})
	}
	return fmt.Errorf("it is "+what+", which is not read; to convert it%s\nconvert_hdf5.py is in simulator/recording of this program's repository", ErrHDF5, listConversions(ways))
}

// oldTorchMagic begins files of torch.save before PyTorch 1.6: a pickled number.
const oldTorchMagic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"

// inRows describes the layout of a table that the suggested code converts.
const inRows = "If it has one row for each repeat and neuron, the neurons of the first repeat first, and one column for each bin"

// unsupportedArchive is unsupportedFormat for archives, compressed files and
// tables of other programs. It returns nil for all other files.
func unsupportedArchive(head []byte, path, saved string) error {
	has := func(prefix string) bool { return bytes.HasPrefix(head, []byte(prefix)) }
	switch {
	case has("PK\x03\x04") && strings.HasPrefix(strings.ToLower(filepath.Ext(path)), ".xls"):
		return errors.New("it is a spreadsheet, which is not read: save it as CSV there, with the columns repeat and neuron and one for each bin, and give that")
	case has("PK\x03\x04") && bytes.Contains(head, []byte("/data.pkl")), has(oldTorchMagic):
		return unsupported("it is a PyTorch file, which is not read", conversion{"Python", []string{
			"import torch, numpy",
			fmt.Sprintf("x = torch.load(%q, map_location=\"cpu\", weights_only=True)", path),
			"x = x[\"NAME\"] if isinstance(x, dict) else x",
			fmt.Sprintf("numpy.save(%q, numpy.asarray(x))", saved),
		}})
	case has("PAR1"):
		return unsupported("it is a Parquet file, which is not read. "+inRows, conversion{"Python", []string{
			"import pandas, numpy",
			fmt.Sprintf("x = pandas.read_parquet(%q).to_numpy()", path),
			fmt.Sprintf("numpy.save(%q, x.reshape(REPEATS, -1, x.shape[1]))", saved),
		}})
	case has("PK\x05\x06"):
		return errors.New("it is an archive without an array: " + fixSaveNPZ)
	case has("PK\x03\x04"):
		return errors.New("it is a zip archive: unzip it and give the file inside")
	case has("\x1f\x8b"):
		return fmt.Errorf("it is compressed with gzip: run gunzip --keep -- %s and give the file that it writes", shell(path))
	case has("BZh"), has("\xfd7zXZ\x00"), has("\x28\xb5\x2f\xfd"):
		return errors.New("it is compressed (bzip2, xz or zstd): unpack it and give the file inside")
	default:
		return nil
	}
}

// unused returns the path that converted data can be saved to: path with another ending, and with
// a number where a file of that name exists, since the suggested code would replace it.
func unused(path, suffix, extension string) string {
	base := strings.TrimSuffix(path, filepath.Ext(path)) + suffix
	free := base + extension
	for i := 2; ; i++ {
		if _, err := os.Lstat(free); err != nil && free != path {
			return free
		}
		free = fmt.Sprintf("%s-%d%s", base, i, extension)
	}
}

// conversion holds the lines of code in one language that convert a file.
type conversion struct {
	language string
	lines    []string
}

// unsupported returns an error with the kind of a file and its conversions.
func unsupported(what string, conversions ...conversion) error {
	return errors.New(what + "; to convert it" + listConversions(conversions))
}

func listConversions(conversions []conversion) string {
	var b strings.Builder
	for i, w := range conversions {
		if i > 0 {
			b.WriteString("\nor")
		}
		fmt.Fprintf(&b, " in %s:", w.language)
		for _, line := range w.lines {
			b.WriteString("\n  " + line)
		}
	}
	if placeholder.MatchString(b.String()) {
		b.WriteString("\nwith your values for the words in capitals")
	}
	return b.String()
}

// placeholder matches a word that the user replaces.
var placeholder = regexp.MustCompile(`\b(NAME|FIELD|REPEATS|NEURONS)\b`)

// extraction returns the lines of code that make a recording of a variable: a
// struct, a cell array, a sparse matrix, a complex array or an array of 2
// dimensions. It returns "" for any other variable.
func extraction(v variable, path string) string {
	name, field := "NAME", "FIELD" // stand in for a name that is not an identifier of MATLAB
	if identifier.MatchString(v.name) {
		name = v.name
	}
	if len(v.fields) == 1 && identifier.MatchString(v.fields[0]) {
		field = v.fields[0]
	}
	var inMATLAB, inPython string
	intent := "to take a recording out of " + v.name
	switch {
	case v.class == matStruct:
		inMATLAB = fmt.Sprintf("%s.%s", name, field)
		inPython = fmt.Sprintf("[%q][%q][0, 0]", name, field)
	case v.class == matCell:
		inMATLAB = name + "{1}"
		inPython = fmt.Sprintf("[%q].flat[0]", name)
	case v.class == matSparse:
		inMATLAB = fmt.Sprintf("reshape(full(%s), REPEATS, NEURONS, [])", name)
		inPython = fmt.Sprintf("[%q].toarray().reshape(REPEATS, NEURONS, -1, order=\"F\")", name)
	case v.full() && v.complex:
		intent = fmt.Sprintf("spikes are 0 or 1: if the imaginary parts of %s mean nothing, to take the real parts", v.name)
		inMATLAB = fmt.Sprintf("real(%s)", name)
		inPython = fmt.Sprintf("[%q].real", name)
	case v.full() && len(v.dims) == 2:
		intent = fmt.Sprintf("if %[1]s is one repeat, set axes to \"neurons,bins\" or \"bins,neurons\"; if %[1]s has one row for each repeat and neuron, the neurons of the first repeat first, and one column for each bin, to give it 3 dimensions", v.name)
		inMATLAB = fmt.Sprintf("permute(reshape(%s, [], REPEATS, %d), [2 1 3])", name, v.dims[1])
		inPython = fmt.Sprintf("[%q].reshape(REPEATS, -1, %d)", name, v.dims[1])
	default:
		return ""
	}
	return "; " + intent + listConversions([]conversion{{"MATLAB", []string{
		fmt.Sprintf("load(%s)", matlab(path)),
		fmt.Sprintf("x = %s", inMATLAB),
		fmt.Sprintf("save(%s, 'x', '-v7')", matlab(unused(path, "-x", ".mat"))),
	}}, {"Python", []string{
		"import numpy, scipy.io",
		fmt.Sprintf("x = scipy.io.loadmat(%q)%s", path, inPython),
		fmt.Sprintf("numpy.save(%q, x)", unused(path, "", ".npy")),
	}}})
}

var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// shell quotes a string for a POSIX shell.
func shell(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// matlab quotes a string for MATLAB.
func matlab(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

const (
	hdf5Magic  = "\x89HDF\r\n\x1a\n"
	hdf5Offset = 512 // after the header of MATLAB
	mat73Start = "MATLAB 7.3 MAT-file"
)

func isMAT73(head []byte) bool { return bytes.HasPrefix(head, []byte(mat73Start)) }

func isHDF5(head []byte) bool {
	return bytes.HasPrefix(head, []byte(hdf5Magic)) ||
		len(head) > hdf5Offset && bytes.HasPrefix(head[hdf5Offset:], []byte(hdf5Magic))
}

// isMAT4 reports whether a file begins like MATLAB v4: five 32-bit numbers, the
// type (0 to 52 in the byte orders in use), two dimensions, 0 or 1 for complex,
// and the length of the name.
func isMAT4(head []byte) bool {
	if len(head) < 22 {
		return false
	}
	return head[0] <= 52 && bytes.Equal(head[1:4], []byte{0, 0, 0}) &&
		head[12] <= 1 && bytes.Equal(head[13:16], []byte{0, 0, 0}) &&
		head[16] >= 2 && head[16] <= 64 && bytes.Equal(head[17:20], []byte{0, 0, 0}) && head[20] >= 'A'
}

// isText reports whether a file begins like UTF-8 text.
func isText(head []byte) bool {
	for i := 1; i < utf8.UTFMax && len(head) > 0 && !utf8.Valid(head); i++ {
		head = head[:len(head)-1] // a rune cut by the end of head
	}
	return len(head) > 0 && utf8.Valid(head) && bytes.IndexFunc(head, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' }) < 0
}

// isTable reports whether a file begins like a table in text, and not like JSON. Without a
// digit, the file's name must end like that of a table.
func isTable(head []byte, path string) bool {
	text := bytes.TrimSpace(head)
	return isText(head) && (bytes.ContainsAny(head, "0123456789") || isTextFile(path)) && len(text) > 0 && !bytes.ContainsAny(text[:1], "[{")
}

// isTextFile reports whether a file's name ends like that of a table in text.
func isTextFile(path string) bool {
	return slices.Contains([]string{".csv", ".tsv", ".txt", ".dat"}, strings.ToLower(filepath.Ext(path)))
}
