"""Small robustness records with known accuracies, in the layout that the evaluation writes."""

import numpy as np
import xarray as xr

KINDS = ("gaussian_noise", "fog", "contrast")


def accuracy(kind, severity, bonus=0.0):
    """What the record says of a corruption (by its place) at a severity."""
    return 0.95 + bonus - 0.1 * severity - 0.05 * kind


def robustness_record(model="absvit_micro", checkpoint="absvit_micro.safetensors", bonus=0.0, clean=True, kinds=KINDS):
    """Accuracies that fall by .1 with each severity and by .05 with each corruption; pass 0 is .02 worse."""
    suites = (["clean"] if clean else []) + [f"imagenet_c/{name}" for name in kinds]
    top1 = np.full((len(suites), 6, 2), np.nan)
    for place, suite in enumerate(suites):
        for severity in range(6):
            if (severity == 0) == (suite == "clean"):
                value = 1.0 if suite == "clean" else accuracy(place - clean, severity, bonus)
                top1[place, severity] = value - 0.02, value
    dims = ("suite", "severity", "iteration")
    data = {"top1": (dims, top1), "top1_low": (dims, top1 - 0.04), "top1_high": (dims, top1 + 0.04)}
    data["n"] = (dims, np.where(np.isnan(top1), np.nan, 40))
    coordinates = {"suite": np.array(suites, object), "severity": np.arange(6), "iteration": [0, 1]}
    attributes = {
        "title": "robustness", "model": model, "checkpoint": checkpoint, "checkpoint_sha256": "0" * 64,
        "parameters": "{}", "created": "2026-01-01T00:00:00", "package_version": "0.1.0",
    }  # fmt: skip
    return xr.Dataset(data, coordinates, attributes).assign(done=("stimulus", np.ones(4, np.int8)))
