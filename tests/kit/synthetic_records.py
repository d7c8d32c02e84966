"""Small bistable records with known answers, in the layout that the probe writes."""

import numpy as np
import xarray as xr

CLASSES = ("disk", "square", "triangle", "star", "cross", "ring")
PRIORS = {  # name: (object cued, kind of cue)
    "none": (0, "none"),
    "class 1": (1, "class"),
    "class 2": (2, "class"),
    "absent class": (-1, "absent class"),
    "place 1": (1, "place"),
    "place 2": (2, "place"),
    "third class": (0, "third class"),
    "random vector 1": (1, "random vector"),
    "random vector 2": (2, "random vector"),
    "shuffled class 1": (1, "shuffled class"),
    "shuffled class 2": (2, "shuffled class"),
}
BOTTOM_UP = (0.48, 0.44)
STEERED = {"class": (0.93, 0.03), "place": (0.85, 0.05)}  # p(cued), p(other); other kinds stay bottom-up
ABSENT, ABSENT_BOTTOM_UP = 0.05, 0.01
MAPS = ("prior_weights", "feedback_norm", "value_norm", "token_norm", "class_attention")


def bistable_record(n=6, size=64, tokens=8, model="synthetic", seed=0):
    """One model's record: object 1 fills the left half of even stimuli, the right half of odd ones."""
    generator = np.random.default_rng(seed)
    stimulus = np.arange(n)
    class_1, class_2, absent = stimulus % 6, (stimulus + 1) % 6, (stimulus + 3) % 6
    left = stimulus % 2 == 0
    mask_1 = np.zeros((n, tokens, tokens), np.float32)
    mask_1[left, :, : tokens // 2] = 1
    mask_1[~left, :, tokens // 2 :] = 1
    names, step = list(PRIORS), size / tokens
    data = {
        "logits": (
            ("iteration", "prior", "stimulus", "class"),
            _logits(class_1, class_2, absent),
        ),
        "image": (("stimulus", "y", "x", "channel"), _pictures(n, size, generator)),
        "mask_1": (("stimulus", "token_y", "token_x"), mask_1),
        "mask_2": (("stimulus", "token_y", "token_x"), 1 - mask_1),
        "done": (("stimulus",), np.ones(n, np.int8)),
    }
    for name in MAPS:
        values = _maps(mask_1, generator)
        if name in ("prior_weights", "feedback_norm"):
            values[0] = np.nan
        data[name] = (("iteration", "prior", "stimulus", "token_y", "token_x"), values.astype(np.float16))
    coordinates = {
        "iteration": [0, 1],
        "prior": np.array(names, object),
        "cue": ("prior", np.array([PRIORS[name][0] for name in names], np.int8)),
        "kind": ("prior", np.array([PRIORS[name][1] for name in names], object)),
        "class": np.array(CLASSES, object),
        "stimulus": stimulus.astype(np.int64),
        "class_1": ("stimulus", class_1),
        "class_2": ("stimulus", class_2),
        "absent_class": ("stimulus", absent),
        "side_1": ("stimulus", np.where(left, "left", "right").astype(object)),
        "token_y": (np.arange(tokens) + 0.5) * step,
        "token_x": (np.arange(tokens) + 0.5) * step,
        "y": np.arange(size) + 0.5,
        "x": np.arange(size) + 0.5,
        "channel": np.array(["red", "green", "blue"], object),
    }
    attributes = {
        "title": "bistable perception", "model": model, "checkpoint": f"{model}.safetensors",
        "checkpoint_sha256": "0123456789abcdef" * 4, "package_version": "0.1.0", "git_commit": "abcdef0",
        "command": "python -m experiments bistable --out record.zarr", "seed": seed, "device": "cpu",
        "versions": "{}", "created": "2026-01-01T00:00:00", "parameters": "{}", "layer": 1,
    }  # fmt: skip
    return xr.Dataset(data, coordinates, attributes)


def several(models=("intact", "permuted"), seeds=(0, 1), **parameters):
    """Records of several models and seeds in one; no cue moves any model but the first."""
    members = [bistable_record(seed=seed, **parameters) for seed in seeds]
    record = members[0].copy()
    for name in ("logits", *MAPS):
        moved = xr.concat([member[name] for member in members], xr.Variable("seed", list(seeds)))
        still = moved.isel(iteration=[0, 0]).assign_coords(iteration=[0, 1])
        copies = [moved, *[still] * (len(models) - 1)]
        record[name] = xr.concat(copies, xr.Variable("model", np.array(models, object)))
    return record


def single_object_record(n=6):
    """Stimuli of one object, seen rightly in all but every third."""
    record = bistable_record(n)
    wrong = np.arange(n) % 3 == 2
    class_1 = np.where(wrong, record["class_2"], record["class_1"])
    return record.sel(prior=["none"]).assign_coords(class_1=("stimulus", class_1), class_2=("stimulus", np.full(n, -1)))


def _logits(class_1, class_2, absent):
    """Logarithms of probabilities (iteration, prior, stimulus, class) that sum to 1."""
    n = len(class_1)
    rows = np.arange(n)
    p = np.zeros((2, len(PRIORS), n, len(CLASSES)), np.float32)
    for place, (name, (cue, kind)) in enumerate(PRIORS.items()):
        cued, other = STEERED.get(kind, BOTTOM_UP)
        pairs = (BOTTOM_UP, (cued, other) if cue != 2 else (other, cued) if kind in STEERED else BOTTOM_UP)
        for iteration, (p_1, p_2) in enumerate(pairs):
            p_absent = ABSENT if name == "absent class" and iteration else ABSENT_BOTTOM_UP
            p[iteration, place] = (1 - p_1 - p_2 - p_absent) / (len(CLASSES) - 3)
            for index, value in ((class_1, p_1), (class_2, p_2), (absent, p_absent)):
                p[iteration, place, rows, index] = value
    return np.log(p)


def _maps(mask_1, generator):
    """Maps (iteration, prior, stimulus, token_y, token_x): 3 on the cued object, 1 elsewhere, plus noise."""
    tokens = mask_1.shape[-1]
    y = np.arange(tokens)[:, None] - (tokens - 1) / 2
    values = np.ones((2, len(PRIORS), *mask_1.shape)) + 0.2 * generator.random((2, len(PRIORS), *mask_1.shape))
    for place, (cue, kind) in enumerate(PRIORS.values()):
        if kind in STEERED and cue > 0:
            values[1, place] += 2 * (mask_1 if cue == 1 else 1 - mask_1)
    return values * np.exp(-(y**2) / tokens**2)


def _pictures(n, size, generator):
    """Pictures with a disk on one side and a square on the other, on coloured noise."""
    y, x = np.mgrid[:size, :size] / size
    pictures = 90 + 40 * generator.random((n, size, size, 3))
    for index in range(n):
        disk, square = (0.28, 0.72) if index % 2 == 0 else (0.72, 0.28)
        pictures[index][np.hypot(x - disk, y - 0.5) < 0.17] = (200, 60, 60)
        pictures[index][np.maximum(abs(x - square), abs(y - 0.5)) < 0.15] = (60, 110, 200)
    return pictures.astype(np.uint8)
