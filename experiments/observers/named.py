"""Observers by name: hosts, the mechanisms on them and their checkpoints, loaded side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import torch

from absvit.mechanisms import MECHANISMS, Mechanism
from absvit.models.kind_sets import KindSet, kind_set_of
from absvit.networks import Network, load_network
from experiments.observers import OBSERVERS
from experiments.observers.by_category import answering_in
from experiments.observers.models import feeds_back, observer_of, permuted_decoders
from experiments.observers.observer import Observer
from experiments.observers.spec import PERMUTED, mechanism_of, spec_of

__all__ = ["load_observers"]

FEEDBACK = "feedback"  # the mechanism that an AbSViT has itself


def load_observers(
    names: str | Sequence[str],
    checkpoints: Sequence[str] = (),
    permuted: bool = False,
    device: str | torch.device = "cpu",
    label: str | Sequence[str] | None = None,
    read_out: str | Path | KindSet | None = None,
    batches: int = 0,
) -> list[Observer]:
    """Load observers by name, each in every checkpoint and, if asked for, with its control.

    Parameters
    ----------
    names : one or several words ``HOST[+MECHANISM[:PARAMETER=VALUE,...]]``; a host is a network's name, or
        that of an observer that a package declares.
    checkpoints : bundled tags, "default" for the bundled or released weights or those that the network's
        library fetches, "untrained" for random ones, of seed 0, 1 ... in turn, for every host; files or
        addresses for a single one. Only the default, if left out.
    permuted : add each AbSViT that feeds back once more with permuted decoders.
    device : where networks compute.
    label : what the record calls them, one for each name; the names, if left out.
    read_out : set of kinds in whose categories all answer, by its name or file; their own classes, if left
        out.
    batches : of images whose features a host remembers (``Network.remembering``), for many cues on one
        picture.

    Returns
    -------
    Observers, those of a label next to each other, seeds in the same order for every label.

    Raises
    ------
    FileNotFoundError, ValueError : as ``absvit.networks.load_network``; a word that cannot be read, or a
        mechanism that its host cannot have; two checkpoints of one seed, or observers of one label; a
        package's observer that cannot be had, or is given checkpoints; a set of kinds that there is not, or
        in which an observer cannot answer.

    Examples
    --------
    >>> both = experiments.load_observers(["vit_micro", "vit_micro+evidence_gate"])
    >>> [observer.name for observer in both]
    ['vit_micro', 'vit_micro+evidence_gate']
    """
    words = [names] if isinstance(names, str) else list(names)
    labels = _labels(words, label)
    specs = [spec_of(word) for word in words]
    mechanisms = [mechanism_of(spec) for spec in specs]  # refused before anything is loaded
    if hostless := [spec.host for spec in specs if spec.host in MECHANISMS]:
        raise ValueError(f"{hostless[0]} is a mechanism, which is put on a network: write HOST+{hostless[0]}")
    hosts = list(dict.fromkeys(spec.host for spec in specs))
    files = [checkpoint for checkpoint in checkpoints if not re.fullmatch(r"\w+", str(checkpoint))]
    if len(hosts) > 1 and files:
        raise ValueError(
            f"{files[0]} is the checkpoint of one host, not of {' and '.join(hosts)}: give tags, or run each alone"
        )
    kind_set = None if read_out is None else kind_set_of(read_out)
    loaded = {host: _networks(host, checkpoints, permuted, device, batches) for host in hosts}
    found = []
    for spec, mechanism, called in zip(specs, mechanisms, labels, strict=True):
        found += _looking(loaded[spec.host], mechanism, called, permuted)
    return found if kind_set is None else [answering_in(observer, kind_set) for observer in found]


def _labels(words: Sequence[str], label: str | Sequence[str] | None) -> list[str]:
    """What each is called; refuses names that are not one each."""
    labels = [label] if isinstance(label, str) else list(label or words)
    if len(labels) != len(words):
        got = f"{len(labels)}: {', '.join(labels)}"
        raise ValueError(f"expected as many labels as models, {len(words)}, got {got}")
    if twice := [name for name in labels if labels.count(name) > 1]:
        raise ValueError(f"two observers are called {twice[0]!r}: name each model once, or give them labels")
    return labels


def _networks(
    host: str, checkpoints: Sequence[str], permuted: bool, device: str | torch.device, batches: int
) -> list[Network] | Observer:
    """A host in every checkpoint, or the observer that a package declares."""
    if host in OBSERVERS:
        if checkpoints or permuted:
            raise ValueError(f"the observer {host} comes as it is: leave out --checkpoint and --controls")
        return OBSERVERS[host]
    try:
        chosen = enumerate(checkpoints or ["default"])
        networks = [load_network(host, checkpoint, device, number) for number, checkpoint in chosen]
    except ValueError as error:
        if OBSERVERS and str(error).startswith("unknown model"):
            raise ValueError(f"{error}; observers of other packages are {', '.join(OBSERVERS)}") from None
        raise
    seeds = [network.seed for network in networks]
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"expected checkpoints of different seeds, got {seeds}: give each only once")
    return [network.remembering(batches) for network in networks] if batches else networks


def _looking(host: list[Network] | Observer, mechanism: Mechanism | None, label: str, permuted: bool) -> list[Observer]:
    """A host under a mechanism in every checkpoint, and the controls of one that feeds back."""
    if isinstance(host, Observer):
        return [observer_of(host, label, mechanism=mechanism)]
    found = [observer_of(network, label, network.seed, mechanism) for network in host]
    by_feedback = mechanism is None or mechanism.name == FEEDBACK
    if permuted and by_feedback and all(map(feeds_back, host)):
        controls = [(permuted_decoders(network.module, network.seed), network.seed) for network in host]
        found += [observer_of(model, f"{label}{PERMUTED}", seed, mechanism) for model, seed in controls]
    return found
