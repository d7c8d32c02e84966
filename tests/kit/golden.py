"""What the programs gave before the house was rebuilt, and must give after; run as a program, it writes it anew.

One small set a family, one small record a probe with its table and its figures' numbers, and 20 updates of
each kind of training, all through the public command lines, so that no file's place matters. Pictures are
compared by their digests, computed values with a tolerance for other processors' last digits.

    python tests/kit/golden.py tests/data/golden.json
"""

import contextlib
import hashlib
import io
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import xarray as xr
from PIL import Image
from synthetic_pictures import paint

FAMILIES = (
    "objects", "scenes", "bistable", "overlay", "morph", "ambiguous", "cueing", "search", "navon", "contours",
    "hybrid", "crowding", "halves", "natural", "rsvp", "change_detection", "attention_network", "contextual_search",
)  # fmt: skip
GIVEN = {"halves": ("--folder", "CLASSES"), "natural": ("--folder", "SEGMENTED")}
PROBES = {
    "bistable": ("bistable", "--n", "8", "--gains", "1", "2"),
    "mixes": ("bistable", "--n", "22", "--family", "overlay", "--priors", "none", "class"),
    "recognition": ("recognition", "--n", "8"),
    "object_prior": ("object_prior", "--n", "12"),
    "spatial_prior": ("spatial_prior", "--n", "8"),
    "search": ("search", "--n", "12"),
    "navon": ("navon", "--n", "12"),
    "contours": ("contours", "--n", "12"),
    "crowding": ("crowding", "--n", "10"),
    "settling": ("feedback_dynamics", "--n", "4", "--passes", "6", "--gains", "2"),
    "hysteresis": ("feedback_dynamics", "--protocol", "hysteresis", "--n", "4", "--steps", "5", "--gains", "2"),
    "switching": ("feedback_dynamics", "--protocol", "switching", "--n", "2", "--passes", "40", "--gains", "2",
                  "--adaptation-time", "3", "--adaptation", "30"),
    "corruption_dynamics": (
        "corruption_dynamics", "--n", "4", "--corruptions", "gaussian_noise", "--severities", "0", "3",
    ),
}  # fmt: skip
FIGURES = {
    "signature": "bistable", "steering": "bistable", "gains": "bistable", "maps": "bistable",
    "psychometric": "mixes", "objects": "object_prior", "cueing": "spatial_prior", "search": "search",
    "crowding": "crowding", "navon": "navon", "contours": "contours", "settling": "settling", "energy": "settling",
    "hysteresis": "hysteresis", "dominance": "switching", "corruption": "corruption_dynamics",
}  # fmt: skip
SHORT = ("--device", "cpu", "--log-every", "1", "--warmup-epochs", "0.1", "--epochs", "1")
TRAININGS = {
    "micro_cued": ("--size", "48", "--epoch-images", "80", "--batch-size", "4", "--total-batch", "4"),
    "micro_official": ("--size", "48", "--epoch-images", "80", "--batch-size", "4", "--total-batch", "4"),
    "cifar10_absvit": ("--data-path", "TREE", "--input-size", "32", "--batch-size", "4", "--total-batch", "4",
                       "--num-workers", "0", "--epochs", "5", "--precision", "fp32"),
}  # fmt: skip
SAMPLES = 12  # values that are kept of a variable


def segment(folder):
    """Pictures of one colour with the mask of an object in each."""
    for number in range(3):
        for wnid in ("n02123045", "n02084071", "n01503061"):
            picture, mask = np.full((240, 320, 3), 40 + 60 * number, np.uint8), np.zeros((240, 320), np.uint8)
            mask[50:190, 80:240] = 255
            for part, array, suffix in (("images", picture, "jpg"), ("masks", mask, "png")):
                (folder / part / wnid).mkdir(parents=True, exist_ok=True)
                Image.fromarray(array).save(folder / part / wnid / f"{number}.{suffix}")
    return folder


def run(module, *words):
    """Run a program in this process; what it printed."""
    main = __import__(f"{module}.__main__", fromlist=["main"]).main
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = main([str(word) for word in words])
    assert code == 0, f"{module} {words} ended with {code}"
    return printed.getvalue()


def family(name, desk):
    """Digest of all files of a set."""
    given = {"CLASSES": desk / "classes", "SEGMENTED": desk / "segmented"}
    words = [given.get(word, word) for word in GIVEN.get(name, ())]
    run("stimuli", name, "--n", 12, "--seed", 0, "--out", desk / "sets" / name, *words)
    recipe = json.loads((desk / "sets" / name / "stimuli.json").read_text())
    return hashlib.sha256(json.dumps(recipe["sha256"], sort_keys=True).encode()).hexdigest()


def record(name, desk):
    """A few values of every variable of a record, its attributes' names, and its table."""
    path = desk / f"{name}.zarr"
    run("experiments", *PROBES[name], "--seed", 0, "--out", path)
    table = run("experiments", "summary", path, "--format", "csv")
    found = xr.open_zarr(path).load()
    return {"variables": {str(n): sample(v) for n, v in found.variables.items()}, "table": table}


def sample(variable):
    """Dims, type and some values, spread over the whole variable."""
    flat = variable.values.ravel()
    some = flat[np.linspace(0, flat.size - 1, min(SAMPLES, flat.size)).astype(int)]
    words = [None if v != v else float(v) for v in some] if flat.dtype.kind in "fiub" else [str(v) for v in some]
    return {"dims": list(variable.dims), "shape": list(variable.shape), "dtype": str(variable.dtype), "values": words}


def figure(name, desk):
    """The numbers that a figure draws."""
    out = desk / "figures" / f"{name}.png"
    run("experiments", "figure", name, desk / f"{FIGURES[name]}.zarr", "--out", out, "--dpi", 50, "--table")
    return out.with_suffix(".csv").read_text()


def training(name, desk):
    """Losses of every update; accuracies on few pictures would turn on a last digit."""
    words = [desk / "tree" if word == "TREE" else word for word in (*SHORT, *TRAININGS[name])]
    run("absvit.training", name, *words, "--out", desk / "trainings" / name)
    lines = [json.loads(line) for line in (desk / "trainings" / name / "log.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if "loss" in name} for line in lines]


def prepared(desk):
    """A desk with what the commands are given."""
    for folder, each in (("classes", 3), ("tree/train", 5), ("tree/val", 5)):
        paint(desk / folder, ("ant", "bee", "cat", "dog"), each, (40, 60))
    segment(desk / "segmented")
    (desk / "figures").mkdir()
    return desk


def everything(desk):
    """All golden values."""
    prepared(desk)
    return {
        "families": {name: family(name, desk) for name in FAMILIES},
        "records": {name: record(name, desk) for name in PROBES},
        "figures": {name: figure(name, desk) for name in FIGURES},
        "trainings": {name: training(name, desk) for name in TRAININGS},
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as desk:
        Path(sys.argv[1]).write_text(json.dumps(everything(Path(desk)), indent=0) + "\n")
