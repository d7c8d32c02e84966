"""The package imagecorruptions as a peer: made to run on current libraries, its reference vectors, the speed beside it.

``python tests/kit/corruption_peer.py vectors`` writes ``tests/data/corruptions.npz``, ``... compare FOLDER`` compares
whole pictures, scikit-image's and those in a folder, and ``... speed`` times. All need the extra ``oracle``; the
tests need the stored vectors only.
"""

import functools
import importlib.util
import sys
import time
import types
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data
from skimage.filters import gaussian

from stimuli import corruptions
from stimuli.corruptions.folder_job import prepared

VECTORS = Path(__file__).parents[1] / "data" / "corruptions.npz"
DETERMINISTIC = (
    "defocus_blur", "zoom_blur", "brightness", "contrast", "pixelate", "jpeg_compression", "gaussian_blur", "saturate",
)  # fmt: skip
# elastic_transform is the benchmark's own, which the package has not; its own stands under another name here
OF_PEER = {"elastic_imagecorruptions": "elastic_transform"}
RANDOM = tuple(name for name in corruptions.NAMES if name not in (*DETERMINISTIC, "elastic_transform"))
PIXELS = 300  # of each corrupted picture that are stored, besides the sums of its blocks
BLOCK = 16
PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")  # scikit-image's, which come with it
DRAWS, DRAWS_OF_GLASS = 8, 1  # of each random corruption that are averaged; glass_blur is slow there
SIDE = 224


def installed() -> bool:
    """Whether the package is there."""
    return importlib.util.find_spec("imagecorruptions") is not None


@functools.cache
def peer():
    """Import the package, which was written for setuptools < 81, numpy 1 and scikit-image < 0.19."""
    folder = Path(importlib.util.find_spec("imagecorruptions").origin).parent
    resources, interpolation = types.ModuleType("pkg_resources"), types.ModuleType("scipy.ndimage.interpolation")
    resources.resource_filename = lambda _, name: str(folder / name)
    from scipy import ndimage

    interpolation.map_coordinates = ndimage.map_coordinates
    sys.modules.setdefault("pkg_resources", resources)
    sys.modules.setdefault("scipy.ndimage.interpolation", interpolation)
    vars(np).setdefault("float_", np.float64)
    import imagecorruptions
    from imagecorruptions import corruptions as inside

    def of_channels(image, *args, multichannel=False, **kwargs):
        return gaussian(image, *args, channel_axis=-1 if multichannel else None, **kwargs)

    inside.gaussian = of_channels
    return imagecorruptions.corrupt


def photograph() -> np.ndarray:
    """Every second pixel of a photograph that comes with scikit-image, (224, 224, 3) uint8."""
    return np.ascontiguousarray(data.astronaut()[::2, ::2][:SIDE, 16 : 16 + SIDE])


def photographs() -> dict[str, np.ndarray]:
    """Photographs that come with scikit-image, each (224, 224, 3) uint8."""
    others = {name: prepared(getattr(data, name)(), SIDE) for name in PHOTOGRAPHS[1:]}
    return {PHOTOGRAPHS[0]: photograph(), **others}


def block_sums(picture: np.ndarray) -> np.ndarray:
    """Sums over blocks of 16 x 16 pixels, (row, column, channel): every pixel counts."""
    rows = SIDE // BLOCK
    return picture.reshape(rows, BLOCK, rows, BLOCK, -1).sum((1, 3), dtype=np.uint16)


def deviation(picture: np.ndarray, name: str, severity: int) -> tuple[int, float]:
    """Largest difference from the package's output in grey levels, and share of the values that differ."""
    made = corruptions.corrupt(picture, name, severity, np.random.default_rng(0))
    difference = np.abs(made.astype(int) - peer()(picture, severity, name))
    return int(difference.max()), float((difference > 0).mean())


def places() -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pixels that are stored."""
    return tuple(np.random.default_rng(0).integers(0, SIDE, (2, PIXELS)))


def statistics(picture: np.ndarray) -> np.ndarray:
    """Mean and standard deviation in grey levels, and log2 power in six octaves from 2 to 128 cycles per picture."""
    grey = picture.astype(float).mean(-1)
    window = np.outer(np.hanning(SIDE), np.hanning(SIDE))
    power = np.abs(np.fft.fft2((grey - grey.mean()) * window)) ** 2
    cycles = SIDE * np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.fftfreq(SIDE))
    octaves = [power[(cycles >= low) & (cycles < 2 * low)].mean() for low in (2, 4, 8, 16, 32, 64)]
    return np.array([picture.mean(), picture.std(), *np.log2(octaves)])


def vectors() -> dict[str, np.ndarray]:
    """Pixels and sums of blocks of the deterministic corruptions, and means of the statistics of the random ones."""
    np.random.seed(0)  # noqa: NPY002 - the package draws from numpy's global state
    corrupt, picture, found = peer(), photograph(), {}
    for name in DETERMINISTIC:
        for shown, pixels in photographs().items():
            made = [corrupt(pixels, s, name) for s in corruptions.SEVERITIES]
            found[f"{name}/{shown}"] = np.stack([each[places()] for each in made])
            found[f"{name}/{shown}/sums"] = np.stack([block_sums(each) for each in made])
    for name in RANDOM:
        draws, of_peer = DRAWS_OF_GLASS if name == "glass_blur" else DRAWS, OF_PEER.get(name, name)
        found[of_peer] = np.array([
            np.mean([statistics(corrupt(picture, s, of_peer)) for _ in range(draws)], 0) for s in corruptions.SEVERITIES
        ])  # fmt: skip
    return found


def compare(files: list[Path]) -> None:
    """Print how far the deterministic corruptions of whole pictures lie from the package's, at worst."""
    pictures = [*photographs().values()]
    for file in files:
        with Image.open(file) as opened:
            pictures.append(prepared(np.asarray(opened.convert("RGB")), SIDE))
    print(f"{len(pictures)} pictures at 5 severities: largest difference in grey levels, largest share of values")
    for name in DETERMINISTIC:
        found = [deviation(picture, name, severity) for picture in pictures for severity in corruptions.SEVERITIES]
        print(f"{name:<18}{max(levels for levels, _ in found):3}{max(share for _, share in found):12.2g}")


def speed(repeats: int = 5) -> None:
    """Print the time of each corruption at severity 3, here and in the package, as CPU time of one process."""
    picture, both = photograph(), {"imagecorruptions": {}, "here": {}}
    generator = np.random.default_rng(0)

    def best(call, times):
        took = []
        for _ in range(times):
            start = time.process_time()
            call()
            took.append(time.process_time() - start)
        return 1000 * min(took)

    for name in corruptions.BENCHMARK:
        times = 1 if name == "glass_blur" else repeats
        both["imagecorruptions"][name] = best(lambda n=name: peer()(picture, 3, n), times)
        both["here"][name] = best(lambda n=name: corruptions.corrupt(picture, n, 3, generator), repeats)
        there, here = (column[name] for column in both.values())
        print(f"{name:<18}{there:9.1f} ms{here:8.1f} ms{there / here:8.1f} x")
    there, here = (sum(column.values()) for column in both.values())
    print(f"{'all 15':<18}{there:9.1f} ms{here:8.1f} ms{there / here:8.1f} x")


if __name__ == "__main__":
    import cv2

    cv2.setNumThreads(1)
    if not installed():
        sys.exit('imagecorruptions is not installed: pip install -e ".[oracle]"')
    if sys.argv[1:] == ["vectors"]:
        np.savez_compressed(VECTORS, **vectors())
    elif sys.argv[1:] == ["speed"]:
        speed()
    elif sys.argv[1:2] == ["compare"]:
        compare(sorted(file for folder in sys.argv[2:] for file in Path(folder).rglob("*") if file.is_file()))
    else:
        sys.exit("expected vectors, compare [FOLDER] or speed")
