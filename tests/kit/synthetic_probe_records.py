"""Small records of every probe with known effects, in the layout that the probes write."""

import numpy as np
import xarray as xr
from synthetic_records import CLASSES, bistable_record, several

BOOST = 4.0  # logits that a cue adds to its class, in the first model and after pass 0
MODELS, SEEDS = ("intact", "intact, decoders permuted"), (0, 1)


def probe_record(title, priors, stimulus, of_priors=None, gains=(1.0, 2.0), models=MODELS, seeds=SEEDS, maps=True):
    """Record of a probe; priors are name: (object cued, kind), stimulus gives the coordinates of each stimulus."""
    generator = np.random.default_rng(0)
    n, tokens = len(stimulus["class_1"][1]), 4
    lead = (len(models), len(seeds), len(gains), 2, len(priors))
    logits = generator.normal(0, 1, (*lead, n, len(CLASSES)))
    weights = 1 + 0.2 * generator.random((*lead, n, tokens, tokens))
    masks = np.zeros((2, n, tokens, tokens), np.float32)
    masks[0, :, :, :2], masks[1, :, :, 2:] = 1, 1
    for place, (cue, _) in enumerate(priors.values()):
        if cue in (1, 2):
            shown = stimulus[f"class_{cue}"][1]
            rows = np.flatnonzero(shown >= 0)
            logits[0, :, :, 1, place, rows, shown[rows]] += BOOST
            weights[:, :, :, 1, place] += 2 * masks[cue - 1]
    dims = ("model", "seed", "gain", "iteration", "prior", "stimulus")
    data = {
        "logits": ((*dims, "class"), logits.astype(np.float32)),
        "mask_1": (("stimulus", "token_y", "token_x"), masks[0]),
        "mask_2": (("stimulus", "token_y", "token_x"), masks[1]),
        "image": (("stimulus", "y", "x", "channel"), np.zeros((n, 16, 16, 3), np.uint8)),
        "done": ("stimulus", np.ones(n, np.int8)),
    }
    for name in ("prior_weights", "feedback_norm", "value_norm") if maps else ():
        data[name] = ((*dims, "token_y", "token_x"), weights.astype(np.float16))
    coordinates = _coordinates(priors, stimulus, of_priors, n)
    coordinates |= {
        "model": np.array(models, object), "seed": list(seeds), "gain": list(gains), "iteration": [0, 1],
        "token_y": np.arange(tokens) * 4.0 + 2, "token_x": np.arange(tokens) * 4.0 + 2,
        "y": np.arange(16) + 0.5, "x": np.arange(16) + 0.5, "channel": np.array(["red", "green", "blue"], object),
    }  # fmt: skip
    return xr.Dataset(data, coordinates, _attributes(title))


def object_prior_record():
    n = 12
    priors = {
        "neutral": (0, "neutral"), "valid": (1, "valid"), "invalid": (2, "invalid"), "absent": (-1, "absent"),
        "random vector": (0, "random vector"), "shuffled valid": (0, "shuffled valid"),
    }  # fmt: skip
    return probe_record("object prior", priors, _classes(n) | {"set_size": ("stimulus", np.arange(n) % 3 + 2)})


def spatial_prior_record():
    n, angles, widths = 10, (0.0, 90.0, 180.0), (0.05, 0.1)
    priors = {"neutral": (0, "neutral"), "diffuse": (0, "diffuse")}
    levels = [(np.nan, np.nan)] * 2
    for width in widths:
        for angle in angles:
            priors[f"place {angle:g} width {width:g}"] = (int(angle == 0), "place")
            levels.append((angle, width))
    priors |= {"random vector": (0, "random vector"), "shuffled place": (0, "shuffled place")}
    levels += [(np.nan, np.nan)] * 2
    of_priors = {"angle": [angle for angle, _ in levels], "width": [width for _, width in levels]}
    places = {"x_1": ("stimulus", np.full(n, 3.0)), "y_1": ("stimulus", np.full(n, 8.0))}
    return probe_record("spatial prior", priors, _classes(n) | places, of_priors)


def search_record():
    n = 24
    priors = {"neutral": (0, "neutral"), "target": (1, "target"), "random vector": (0, "random vector")}
    target = np.where(np.arange(n) % 2 == 0, "present", "absent").astype(object)
    sizes = ("stimulus", np.array([2, 4, 8])[np.arange(n) // 2 % 3])
    return probe_record(
        "search", priors, _classes(n) | {"target": ("stimulus", target), "set_size": sizes}, gains=(2.0,)
    )


def navon_record():
    n = 16
    priors = {"neutral": (0, "neutral"), "narrow": (0, "narrow"), "wide": (0, "wide")}
    stimulus = _classes(n)
    kinds = np.arange(n)
    whole = np.where(kinds // 2 % 2 == 0, "H", "S").astype(object)
    part = np.where(kinds % 2 == 0, whole, np.where(whole == "H", "S", "H")).astype(object)
    congruency = np.where(kinds % 2 == 0, "congruent", "incongruent").astype(object)
    names = {"global_letter": whole, "local_letter": part, "congruency": congruency}
    return probe_record("navon", priors, stimulus | {k: ("stimulus", v) for k, v in names.items()}, gains=(1.0,))


def contours_record():
    n = 16
    priors = {"neutral": (0, "neutral"), "figure": (1, "figure"), "random vector": (0, "random vector")}
    condition = np.where(np.arange(n) % 2 == 0, "illusory", "control").astype(object)
    figure = np.where(np.arange(n) // 2 % 2 == 0, "triangle", "square").astype(object)
    names = {"condition": ("stimulus", condition), "figure": ("stimulus", figure)}
    return probe_record("contours", priors, _classes(n) | names, gains=(2.0,))


def crowding_record():
    n, spacings = 24, np.array([np.nan, 0.7, 1.0, 1.3])
    priors = {"neutral": (0, "neutral"), "place": (1, "place"), "random vector": (0, "random vector")}
    spacing = ("stimulus", spacings[np.arange(n) % 4])
    return probe_record("crowding", priors, _classes(n) | {"spacing": spacing}, gains=(1.0,))


def cue_conflict_record():
    """Pictures in conflict, but for two of one category."""
    priors = {
        "none": (0, "none"), "shape": (1, "class"), "texture": (2, "class"), "both": (0, "both classes"),
        "absent class": (-1, "absent class"), "shuffled shape": (1, "shuffled class"),
        "random vector": (0, "random vector"),
    }  # fmt: skip
    stimulus = _classes(12)
    stimulus["class_2"][1][:2] = stimulus["class_1"][1][:2]
    return probe_record("cue_conflict", priors, stimulus, gains=(1.0,))


def instruction_record():
    """Two objects, of each of which sentences of three kinds are told."""
    ways = {f"{way} {k}": (k, way) for way in ("name", "paraphrase", "shuffled") for k in (1, 2)}
    return probe_record("instruction", {"none": (0, "none"), "absent class": (-1, "absent class"), **ways}, _classes(8))


def graded_record(n=45):
    """Bistable record of mixes: reading 2 wins above .5 without a cue, above .6 with cue 1 and above .4 with cue 2."""
    record = bistable_record(n, size=16, tokens=4)
    mix = np.array([0.1, 0.3, 0.5, 0.7, 0.9])[np.arange(n) % 5]
    noise = np.random.default_rng(1).normal(0, 0.12, n)
    rows = np.arange(n)
    for name, threshold in (("none", 0.5), ("class 1", 0.6), ("class 2", 0.4)):
        at = {"iteration": 1, "prior": list(record["prior"].values).index(name)}
        logits = record["logits"].isel(at).values.copy()
        logits[rows, record["class_1"].values], logits[rows, record["class_2"].values] = (
            0,
            40 * (mix + noise - threshold),
        )
        record["logits"][at] = logits
    return record.assign_coords(mix=("stimulus", mix))


def gains_record():
    record = several(n=4, size=16, tokens=4)
    named = xr.Variable("gain", [0.5, 1.0, 2.0])
    moved = [name for name in record.data_vars if "iteration" in record[name].dims]
    return record.assign({name: xr.concat([record[name]] * 3, named).transpose("model", "seed", "gain", ...)
                          for name in moved})  # fmt: skip


def dynamics_record(protocol, passes=6, seeds=SEEDS):
    """Record of feedback dynamics whose percept swings with a period of 8 passes, or follows a morph with memory."""
    generator = np.random.default_rng(2)
    cues = {
        "settling": ("none", "class 1", "class 2", "percept", "released 1", "released 2"),
        "hysteresis": ("none", "percept", "shuffled percept"), "switching": ("none", "percept"),
    }[protocol]  # fmt: skip
    priors = {name: (int(name[-1]) if name[-1].isdigit() else 0, name.rstrip(" 12")) for name in cues}
    n, gains, noise = 6, (1.0, 2.0), (0.0, 0.3) if protocol == "switching" else (0.0,)
    lead = (2, len(seeds), len(gains), len(noise), passes + 1, len(priors), n)
    time = np.arange(passes + 1)
    share = np.full(lead, 0.5) + 0.05 * generator.normal(size=lead)
    coordinates = _coordinates(priors, _classes(n, absent=False), None, n)
    if protocol == "switching":
        phase = generator.uniform(0, 8, (*lead[:4], 1, *lead[5:]))
        share = share + 0.4 * np.sin(2 * np.pi * (time[:, None, None] + phase) / 8 + generator.normal(0, 1, lead))
    if protocol == "hysteresis":
        steps = np.linspace(0, 1, passes)
        up = np.arange(n) % 2 == 0
        morph = np.where(up[:, None], steps, steps[::-1])
        morph = np.concatenate([morph[:, :1], morph], 1)
        lag = np.array([0.0, 0.15, 0.02])[:, None] * np.where(up, 1, -1)
        share = 1 / (1 + np.exp(12 * (morph.T[:, None, :] - 0.5 - lag))) + 0 * share
        coordinates |= {
            "morph": (("stimulus", "iteration"), morph),
            "direction": ("stimulus", np.where(up, 1, -1)),
            "pair": ("stimulus", np.arange(n) // 2),
        }
    logits = np.full((*lead, len(CLASSES)), -9.0)
    share = np.clip(share, 0.02, 0.98)
    rows = np.arange(n)
    logits[..., rows, coordinates["class_1"][1]] = np.log(share)
    logits[..., rows, coordinates["class_2"][1]] = np.log(1 - share)
    dims = ("model", "seed", "gain", "severity", "iteration", "prior", "stimulus")
    change = np.exp(-time)[:, None, None] * (0.5 + 0.1 * generator.random(lead))
    error = 1 + 0.1 * generator.random((*lead, 3)) - 0.1 * (time > 0)[:, None, None, None]
    data = {
        "logits": ((*dims, "class"), logits.astype(np.float32)),
        "state_change": (dims, change),
        "two_step_change": (dims, change),
        "reconstruction_error": ((*dims, "layer"), error),
        "done": ("stimulus", np.ones(n, np.int8)),
    }
    coordinates |= {
        "model": np.array(MODELS, object), "seed": list(seeds), "gain": list(gains), "severity": list(noise),
        "iteration": time, "layer": np.arange(3),
    }  # fmt: skip
    return xr.Dataset(data, coordinates, _attributes(f"feedback dynamics: {protocol}"))


def corruption_record():
    generator = np.random.default_rng(3)
    n, severities = 10, np.array([0, 1, 3, 5])
    priors = {
        "none": (0, "none"), "class 1": (1, "class"), "absent class": (-1, "absent class"),
        "random vector": (0, "random vector"), "shuffled class 1": (1, "shuffled class"),
    }  # fmt: skip
    logits = generator.normal(0, 1, (2, 2, 2, 4, 3, 5, n, len(CLASSES)))
    stimulus = _classes(n)
    right = (3 - 0.5 * severities)[:, None, None, None]
    logits[..., np.arange(n), stimulus["class_1"][1]] += right
    dims = ("seed", "gain", "corruption", "severity", "iteration", "prior", "stimulus", "class")
    coordinates = _coordinates(priors, stimulus, None, n) | {
        "seed": [0, 1], "gain": [1.0, 2.0], "corruption": np.array(["fog", "gaussian_noise"], object),
        "severity": severities, "iteration": [0, 1, 2],
    }  # fmt: skip
    coordinates["class_2"] = ("stimulus", np.full(n, -1))
    data = {"logits": (dims, logits.astype(np.float32)), "done": ("stimulus", np.ones(n, np.int8))}
    return xr.Dataset(data, coordinates, _attributes("corruption dynamics"))


def robustness_record(model="intact", seed=0, corruptions=("fog", "gaussian_noise", "jpeg_compression")):
    """Robustness record whose accuracy falls by .1 with every severity, from .9 for the first corruption."""
    suites = ["clean", *(f"imagenet_c/{name}" for name in corruptions), "pgd/eps=1"]
    top1 = np.full((len(suites), 6, 1), np.nan)
    top1[0, 0], top1[-1, 0] = 0.95, 0.4
    for k in range(len(corruptions)):
        top1[k + 1, 1:, 0] = 0.9 - 0.05 * k - 0.1 * np.arange(5) + 0.02 * seed
    missing = np.where(np.isnan(top1), np.nan, 1.0)
    dims = ("suite", "severity", "iteration")
    data = {
        "top1": (dims, top1),
        "top1_low": (dims, top1 - 0.05 * missing),
        "top1_high": (dims, np.minimum(1, top1 + 0.05 * missing)),
        "n": (dims, np.where(np.isnan(top1), 0, 40)),
        "done": ("stimulus", np.ones(4, np.int8)),
    }
    coordinates = {
        "suite": np.array(suites, object),
        "severity": np.arange(6),
        "iteration": [1],
        "stimulus": np.arange(4),
    }
    return xr.Dataset(
        data, coordinates, _attributes("robustness") | {"model": model, "checkpoint_sha256": f"{seed:064}"}
    )


def _classes(n, absent=True):
    first = np.arange(n) % len(CLASSES)
    found = {"class_1": ("stimulus", first), "class_2": ("stimulus", (first + 1) % len(CLASSES))}
    return found | ({"absent_class": ("stimulus", (first + 3) % len(CLASSES))} if absent else {})


def _coordinates(priors, stimulus, of_priors, n):
    return {
        "prior": np.array(list(priors), object),
        "cue": ("prior", np.array([cue for cue, _ in priors.values()], np.int8)),
        "kind": ("prior", np.array([kind for _, kind in priors.values()], object)),
        **{name: ("prior", np.array(values)) for name, values in (of_priors or {}).items()},
        "stimulus": np.arange(n), "class": np.array(CLASSES, object), **stimulus,
    }  # fmt: skip


def _attributes(title):
    return {
        "title": title, "model": MODELS[0], "checkpoint": "synthetic.safetensors",
        "checkpoint_sha256": "0123456789abcdef" * 4, "package_version": "0.1.0", "git_commit": "abcdef0",
        "command": "python -m experiments probe --out record.zarr", "seed": 0, "device": "cpu", "versions": "{}",
        "created": "2026-01-01T00:00:00", "parameters": "{}",
    }  # fmt: skip
