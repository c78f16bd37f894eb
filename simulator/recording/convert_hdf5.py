"""Converts an HDF5 file to one that spiqsweep reads. Needs Python 3.8, h5py and NumPy.

    python3 convert_hdf5.py recording.mat recording.npz [--variable NAME]
    python3 convert_hdf5.py recording.nwb spikes.csv [--intervals NAME]

MATLAB v7.3 and other HDF5: writes one array of numbers to a .npz or .npy file, with its axes in
the order in which MATLAB, or h5py for a file of another program, shows them. Without --variable,
it takes the only array of three dimensions, or the only one of two.

NWB: writes the times in units/spike_times to a .csv file with the columns repeat,neuron,time_s.
Neurons are the rows of units. Repeats are the rows of intervals/trials, or of intervals/NAME, from
start_time to stop_time; without them the session is one repeat. Times count from the start of
their repeat, and are rounded to 1 ns. A repeat and a neuron without a spike have a row without a time.
"""
import argparse
import os
import sys

try:
    import h5py
    import numpy
except ImportError as fault:
    sys.exit(f"{fault}: install h5py and NumPy, with pip install h5py numpy or apt-get install python3-h5py")


class Refusal(Exception):
    """A file that cannot be converted: the fault and its fix."""


def is_matlab(array, path):
    with open(path, "rb") as head:
        return head.read(19) == b"MATLAB 7.3 MAT-file" or "MATLAB_class" in array.attrs


def arrays(file):
    """All arrays of numbers by name, without MATLAB's own, and without empty ones."""
    found = {}

    def visit(name, x):
        if not name.startswith("#") and isinstance(x, h5py.Dataset) and x.shape and x.dtype.kind in "buif" \
                and "MATLAB_empty" not in x.attrs and x.attrs.get("MATLAB_class") != b"char" \
                and "MATLAB_sparse" not in x.parent.attrs:
            found[name] = x
    file.visititems(visit)
    return found


def listed(names):
    names = list(names)
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "") or "none"


def choose(file, name):
    """The name of the array that holds the recording."""
    found = arrays(file)
    shapes = [f"{n} ({' × '.join(map(str, x.shape))})" for n, x in found.items()]
    if name is not None:
        name = name.strip("/")
        if name in found:
            return name
        if name not in file:
            raise Refusal(f"it has no array {name!r}: it has {listed(found)}")
        if "MATLAB_sparse" in file[name].attrs:
            raise Refusal(f"{name} is a sparse matrix: save full({name}) in MATLAB")
        if isinstance(file[name], h5py.Group):
            raise Refusal(f"{name} is a struct or a group: name one of its arrays, such as --variable {name}/FIELD; the file has {listed(found)}")
        raise Refusal(f"{name} is not an array of real numbers: for a cell array save one of its cells, x = {name}{{1}}, in MATLAB")
    for dimensions in 3, 2:
        fitting = [n for n, x in found.items() if sum(size > 1 for size in x.shape) >= 2 and x.ndim == dimensions]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise Refusal(f"several arrays have {dimensions} dimensions: name one with --variable NAME, of {listed(s for n, s in zip(found, shapes) if n in fitting)}")
    raise Refusal(f"no array has two or three dimensions: name one with --variable NAME, of {listed(shapes)}")


def write_array(file, path, out, variable):
    name = choose(file, variable)
    x = file[name][()]
    if x.dtype.kind == "f" and x.dtype.itemsize not in (4, 8):
        x = x.astype(float)
    if is_matlab(file[name], path):
        x = x.T  # MATLAB's first axis varies fastest and is HDF5's last
    if out.name.endswith(".npy"):
        numpy.save(out, x)
    else:
        key = name.split("/")[-1]
        numpy.savez_compressed(out, **{key if key.isidentifier() and key != "file" else "recording": x})
    return f"{name}, {' × '.join(map(str, x.shape))}"


def column(group, name):
    if name not in group:
        raise Refusal(f"{group.name[1:]} has no {name}")
    values = group[name][()]
    if values.dtype.kind not in "uif" or values.ndim != 1 or not numpy.isfinite(values).all():
        raise Refusal(f"{group.name[1:]}/{name} has values that are not numbers: correct them or leave their rows out")
    return values


def nanoseconds(times):
    """Times in whole nanoseconds, so that a difference of two of them is exact."""
    if len(times) and numpy.abs(times).max() > 1e9:
        raise Refusal("a time is above 1e9 s: times are seconds from the start of the session")
    return numpy.rint(times.astype(float) * 1e9).astype("i8")


def seconds(t):
    return f"{t // 10**9}.{t % 10**9:09d}".rstrip("0").rstrip(".")


def write_spike_times(file, out, intervals):
    units = file["units"]
    times, ends = column(units, "spike_times"), column(units, "spike_times_index").astype("i8")
    if len(ends) == 0 or ends[0] < 0 or (numpy.diff(ends) < 0).any() or ends[-1] != len(times):
        raise Refusal("units/spike_times_index does not divide units/spike_times: the file is damaged or has no unit")
    trains = [numpy.sort(train) for train in numpy.split(nanoseconds(times), ends[:-1])]
    tables = list(file.get("intervals", {}))
    if intervals is not None and intervals not in tables:
        raise Refusal(f"it has no intervals {intervals!r}: it has {listed(tables)}")
    name = intervals or "trials"
    if name in tables:
        starts, stops = (nanoseconds(column(file["intervals"][name], x)) for x in ("start_time", "stop_time"))
        if len(starts) != len(stops) or len(starts) == 0 or (stops <= starts).any():
            raise Refusal(f"intervals/{name} needs rows whose stop_time is after their start_time")
    else:
        starts, stops = [0], [2**62]
    out.write(b"repeat,neuron,time_s\n")
    for repeat, (start, stop) in enumerate(zip(starts, stops)):
        for neuron, train in enumerate(trains):
            first, end = numpy.searchsorted(train, (start, stop))
            rows = [f"{repeat},{neuron},{seconds(t)}\n" for t in train[first:end] - start] or [f"{repeat},{neuron},\n"]
            out.write("".join(rows).encode())
    what = f"{len(starts)} repeats, {len(trains)} neurons"
    if name in tables:
        lengths = stops - starts
        shortest, longest = seconds(lengths.min()), seconds(lengths.max())
        return f"{what}; set duration_s = {shortest} in the grid's block recording, or describe --duration-s {shortest}" + (
            "" if longest == shortest else f": repeats last {shortest} to {longest} s, and what is after {shortest} s is left out")
    return f"{what}, since it has no intervals/trials; others: {listed(tables)}"


def convert(path, out, variable, intervals):
    with h5py.File(path, "r") as file:
        spikes = variable is None and "units" in file and "spike_times" in file["units"]
        endings = (".csv",) if spikes else (".npz", ".npy")
        if not out.endswith(endings):
            raise Refusal(f"{'spike times are' if spikes else 'an array is'} written to a file whose name ends in {' or '.join(endings)}, not {out}")
        if intervals is not None and not spikes:
            raise Refusal("--intervals is of use only with units/spike_times (NWB): leave it out")
        target = open(out, "xb")
        try:
            with target:
                return write_spike_times(file, target, intervals) if spikes else write_array(file, path, target, variable)
        except BaseException:
            os.unlink(out)
            raise


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("out", help=".npz or .npy for an array, .csv for spike times; must not exist")
    parser.add_argument("--variable", metavar="NAME", help="the array to take, such as spikes or session/spikes")
    parser.add_argument("--intervals", metavar="NAME", help="the table of repeats (default: trials)")
    a = parser.parse_args()
    try:
        print(f"{a.out}: {convert(a.file, a.out, a.variable, a.intervals)}", file=sys.stderr)
    except FileExistsError:
        sys.exit(f"{a.out} exists: give another name")
    except (Refusal, OSError) as fault:
        sys.exit(f"{a.file}: {fault}")


if __name__ == "__main__":
    main()
