"""The vocabulary of a record: every dim, coordinate and variable that programs write, what it is and in which unit.

Words are told once, here. A probe from elsewhere brings words of its own: attributes on its variables, or a
table of them; both come before this one.
"""

from __future__ import annotations

from collections.abc import Mapping

import xarray as xr

__all__ = ["WORDS", "attributes_of", "described", "is_word", "page"]

GENERAL = {
    "logits": ("logit of each class", "1"),
    "image": ("stimulus picture", "1"),
    "done": ("whether the stimulus is written", "1"),
    "stimulus": ("number of the stimulus in its set", "1"),
    "y": ("pixel centre from the upper edge", "pixel"),
    "x": ("pixel centre from the left edge", "pixel"),
    "channel": ("colour channel", "1"),
    "token_y": ("token centre from the upper edge", "pixel"),
    "token_x": ("token centre from the left edge", "pixel"),
    "layer": ("block of the model, the lowest is 0", "1"),
    "head": ("head of attention in a block", "1"),
    "feature": ("component of a token", "1"),
    "iteration": ("pass over the image; 0 is bottom-up", "1"),
    "model": ("observer", "1"),
    "seed": ("seed of the observer's training", "1"),
    "class": ("class of the model", "1"),
}
CUED = {
    "prior": ("what the model was asked to look for", "1"),
    "cue": ("object that the prior cues: 1, 2, 0 = neither, -1 = one that is not shown", "1"),
    "kind": ("kind of prior", "1"),
    "gain": ("factor on the weights of the cues", "1"),
    "category": ("class that is cued", "1"),
    "absent_class": ("index of a class that is not shown and cued as a catch trial; -1 = unknown", "1"),
    "third_class": ("index of another class that is not shown; -1 = unknown", "1"),
    "angle": ("angle around fixation from the target to where attention is sent", "degree"),
    "sentence": ("what the observer was told in words; empty of other priors", "1"),
    "reading": ("how the sentence was read", "1"),
    "width": ("standard deviation of the spotlight, in units of the smaller side of the image", "1"),
    "validity": ("relation of the prior to the target", "1"),
    "place_x": ("centre of the spotlight from the left edge; NaN where there is none", "pixel"),
    "place_y": ("centre of the spotlight from the upper edge; NaN where there is none", "pixel"),
    "place_sd": ("standard deviation of the spotlight; NaN where there is none", "pixel"),
    "box_left": ("left edge of the cued box; NaN where there is none", "pixel"),
    "box_top": ("upper edge of the cued box; NaN where there is none", "pixel"),
    "box_right": ("right edge of the cued box; NaN where there is none", "pixel"),
    "box_bottom": ("lower edge of the cued box; NaN where there is none", "pixel"),
    "cells": ("rows and columns of a grid over the picture, and of each of its cells that is cued", "1"),
    "taken": ("whether the observer takes the cue; else it looks bottom-up", "1"),
    "kinds": ("numbers of the classes that the cue names", "1"),
    "mix": ("weight of the second reading", "1"),
    "competition": ("how evenly objects 1 and 2 compete bottom-up, min(p1, p2) / max(p1, p2); 1 = equally", "1"),
}
MAPS = {
    "prior_weights": ("weight that the prior gives to a token, gain included; NaN bottom-up", "1"),
    "feedback_norm": ("L2 norm of the feedback that reaches a token in block `layer`; NaN bottom-up", "1"),
    "value_norm": ("L2 norm of a token's attention values in block `layer`, drive included", "1"),
    "token_norm": ("L2 norm of a token that enters block `layer`", "1"),
    "class_attention": ("attention from the class token; of the last block, mean over heads, if not by both", "1"),
    "class_activation": ("what a place adds to the logit of the cued class, or of the one answered if none is", "1"),
    "class_evidence": ("what a place adds bottom-up to the logit of the cued class, or of the one answered", "1"),
    "rollout": ("attention from the class token traced through all blocks", "1"),
}
DYNAMICS = {
    "state_change": ("change of the tokens in a pass, relative to their norm; NaN bottom-up", "1"),
    "two_step_change": ("change of the tokens over two passes, relative to their norm; NaN in the first two", "1"),
    "reconstruction_error": ("mean squared error with which a block's decoder predicts the tokens entering it", "1"),
    "features": ("mean patch token that leaves a block", "1"),
    "morph": ("share of the second reading", "1"),
    "direction": ("order in which the morph is shown: 1 = ascending, -1 = descending", "1"),
    "pair": ("number of the pair of sequences up and down", "1"),
}
CORRUPTION = {
    "corruption": ("what is done to the picture", "1"),
    "severity": ("strength of the corruption, 1 to 5, or of the noise fed back, relative to the tokens; 0 = none", "1"),
    "answer": ("class that the model says in the last pass", "1"),
    "probability": ("probability of the class that the model says of the clean picture in the last pass", "1"),
}
SUITES = {
    "suite": ("suite, for corruptions with the corruption's name", "1"),
    "condition": ("suite and severity shown: index of the pairs in the attribute `conditions`", "1"),
    "shown_suite": ("suite, index of `suite`", "1"),
    "shown_severity": ("severity of the corruption; 0 = none", "1"),
    "picture": ("number of the picture within its suite", "1"),
    "target": ("true class, index of `class`", "1"),
    "aim": ("class that a targeted attack goes towards, index of `class`; -1 = none", "1"),
    "predicted": ("class that the model says, index of `class`", "1"),
    "correct": ("whether it is the true one", "1"),
    "in_top5": ("whether the true class is among the five likeliest", "1"),
    "loss": ("cross-entropy of the true class", "nat"),
    "truth_probability": ("probability of the true class", "1"),
    "confidence": ("probability of the class that the model says", "1"),
}
SCORES = {
    "n": ("number of pictures", "1"),
    "top1": ("share of pictures whose true class is the likeliest", "1"),
    "top5": ("share of pictures whose true class is among the five likeliest", "1"),
    "mean_loss": ("mean cross-entropy of the true class", "nat"),
    "calibration_error": ("expected calibration error, 15 bins of confidence", "1"),
    "target_rate": ("share of pictures of which the model says the class that the attack goes towards", "1"),
    "class_accuracy": ("share of the pictures of a class that are answered rightly", "1"),
    "corrupted_error": ("mean error over the 15 corruptions and 5 severities", "1"),
    "mce": ("mean corruption error, in percent of AlexNet's", "percent"),
    "relative_mce": ("mean increase of the error by corruption, in percent of AlexNet's", "percent"),
}
PIXELS = {
    "confusion": ("pixels of a class that are given a class", "pixel"),
    "predicted_class": ("class that the model gives a pixel", "1"),
    "iou": ("intersection over union of a class", "1"),
    "accuracy": ("share of a class's pixels that are found", "1"),
    "miou": ("mean intersection over union", "1"),
    "macc": ("mean accuracy of the classes", "1"),
    "aacc": ("share of the pixels that are right", "1"),
}
WORDS = GENERAL | CUED | MAPS | DYNAMICS | CORRUPTION | SUITES | SCORES | PIXELS
NUMBERED = {
    "class": ("class index of object {}; -1 = unknown to the model, or no such object", "1"),
    "mask": ("share of a token that object {} covers", "1"),
    "x": ("centre of object {} from the left edge", "pixel"),
    "y": ("centre of object {} from the upper edge", "pixel"),
    "radius": ("radius of the frame of object {}", "pixel"),
}
ENDS = {"low": "lower", "high": "upper"}


def attributes_of(name: str, own: Mapping[str, tuple[str, str]] | None = None) -> dict[str, str]:
    """Give the long name and the unit of a variable or coordinate.

    Parameters
    ----------
    name : such as logits, mask_2, or top1_low, the lower end of the interval of top1.
    own : (long name, unit) by name, of words that are not in the vocabulary or mean something else here.

    Returns
    -------
    ``long_name`` and ``units``; a name that nobody tells of stands for itself, without a unit.
    """
    stem, _, last = name.rpartition("_")
    if name in (words := {**WORDS, **(own or {})}):
        text, unit = words[name]
    elif stem in NUMBERED and last.isdigit():
        text, unit = NUMBERED[stem][0].format(last), NUMBERED[stem][1]
    elif stem in words and last in ENDS:
        text, unit = f"{ENDS[last]} end of the 95 % interval: {words[stem][0]}", words[stem][1]
    else:
        text, unit = name.replace("_", " "), "1"
    return {"long_name": text, "units": unit}


def is_word(name: str) -> bool:
    """Say whether the vocabulary tells of a name."""
    stem, _, last = name.rpartition("_")
    return name in WORDS or (stem in NUMBERED and last.isdigit()) or (stem in WORDS and last in ENDS)


def described(record: xr.Dataset, own: Mapping[str, tuple[str, str]] | None = None) -> xr.Dataset:
    """Give every variable and coordinate of a record its long name and unit; those that it brings stay.

    Parameters
    ----------
    record : any dataset.
    own : as in :func:`attributes_of`.

    Returns
    -------
    The record; values and other attributes are the same.
    """
    record = record.copy()
    for name, variable in record.variables.items():
        variable.attrs = attributes_of(str(name), own) | variable.attrs
    return record


def page() -> str:
    """Write the vocabulary as a table in Markdown, names with numbers last."""
    numbered = {f"{stem}_1": attributes_of(f"{stem}_1").values() for stem in NUMBERED}
    rows = [f"| `{name}` | {text} | {unit} |" for name, (text, unit) in {**WORDS, **numbered}.items()]
    return "\n".join(["| name | what it is | unit |", "|---|---|---|", *rows])
