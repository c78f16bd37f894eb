"""Makes the small recordings of this folder with numpy and scipy, so that the
readers are tested against files that others wrote.

    cd simulator/recording/testdata && python3 make.py

Each holds the same 4 repeats x 3 neurons x 5 bins of 0 and 1:
(7 repeat + 3 neuron + bin * bin) % 5 == 0."""
import numpy as np
from scipy.io import savemat

repeat, neuron, bin_ = np.indices((4, 3, 5))
spikes = (7 * repeat + 3 * neuron + bin_ * bin_) % 5 == 0

np.save("bool.npy", spikes)
np.save("uint8.npy", spikes.astype("u1"))
np.save("int64.npy", spikes.astype("<i8"))
np.save("float32_fortran.npy", np.asfortranarray(spikes.astype("<f4")))
np.save("float64.npy", spikes.astype("<f8"))
np.save("int16_big_endian.npy", spikes.astype(">i2"))
with open("uint8_version2.npy", "wb") as file:
    np.lib.format.write_array(file, spikes.astype("u1"), version=(2, 0))
np.save("complex.npy", spikes.astype("<c8"))
np.save("records.npy", np.zeros((4, 3, 5), dtype=[("spike", "u1"), ("time", "<f8")]))
np.save("objects.npy", spikes.astype(object))
np.save("plane.npy", spikes[0].astype("u1"))
np.save("four.npy", spikes[None].astype("u1"))

np.savez_compressed("packed.npz", spikes=spikes, weights=np.eye(3))
np.savez("plain.npz", spikes=np.asfortranarray(spikes.astype("<f8")))

savemat("logical.mat", {"spikes": spikes}, do_compression=True)
savemat("double.mat", {"spikes": spikes.astype("f8")}, do_compression=False)
others = {
    "note": "salamander",
    "film": {"seconds": 19.0, "name": "fish"},
    "list": np.array([1, "two"], dtype=object),
    "weights": np.eye(3),
    "phase": np.ones((2, 2, 2)) * 1j,
}
savemat("mixed.mat", others | {"spikes": spikes.astype("i2")}, do_compression=True)
savemat("mixed_plain.mat", others | {"spikes": spikes.astype("f4")}, do_compression=False)
savemat("two.mat", {"left": spikes.astype("u1"), "right": spikes.astype("u1")}, do_compression=True)
savemat("none.mat", others, do_compression=True)
