"""Explaining away: the strongest class that is not cued is projected out of the features, one a pass."""

from dataclasses import replace

import pytest
import torch
from tiny_networks import IMAGES, convnet

from absvit.mechanisms import MECHANISMS, check_mechanism, together
from absvit.mechanisms.explaining_away import without
from absvit.networks import load_network, network_of
from absvit.priors import ClassPrior, KindsPrior, LearnedPrior

MODULE = convnet(classes=5)
NETWORK = network_of(MODULE, size=(16, 16))
CLOSE = {"rtol": 1e-4, "atol": 1e-5}
AWAY, GATE = MECHANISMS["explaining_away"], MECHANISMS["evidence_gate"]


def test_it_keeps_the_promises_of_a_mechanism():
    check_mechanism(AWAY, NETWORK)


def in_loops(image, cued, passes, dose=1.0, power=0.0):
    """Matching pursuit without the atoms that are cued; places weighted by the cosine with the first."""
    rows = MODULE[6].weight.double() - MODULE[6].weight.double().mean(0)
    features, logits = MODULE[:4](image[None])[0].flatten(1).T.double(), MODULE(image[None])[0]
    for _ in range(passes):
        rival = max((c for c in range(5) if c not in cued), key=lambda c: logits[c])
        unit = rows[rival] / rows[rival].norm()
        features = torch.stack([f - dose * (unit @ f) * unit for f in features])
        logits = MODULE[6].double()(features.mean(0))
    basis = torch.linalg.svd(rows, full_matrices=False)[2][:4]
    looked_for = basis @ rows[cued[0]]
    cosines = torch.stack([torch.cosine_similarity(basis @ f, looked_for, dim=0) for f in features])
    weights = cosines.clamp(0) ** power
    pooled = (weights[:, None] * features).sum(0) / weights.sum()
    found = MODULE[6].double()(pooled)
    MODULE.float()
    return found.float()


@pytest.mark.parametrize(("dose", "passes"), [(1.0, 2), (0.5, 1)])
def test_it_is_matching_pursuit_kept_from_what_is_cued(dose, passes):
    told = replace(AWAY, strength=dose).on(NETWORK)
    priors = [ClassPrior(2), KindsPrior([0, 3]), LearnedPrior()]
    seen = told.perceive(IMAGES, priors, passes, ["class_activation"])
    for n, image in enumerate(IMAGES):
        for k, cued in enumerate(([2], [0, 3])):
            torch.testing.assert_close(seen.logits[-1, k, n], in_loops(image, cued, passes, dose), **CLOSE)
    assert torch.equal(seen.logits[-1, 2], NETWORK.logits(IMAGES))
    told_by_map = seen.class_activation[-1, 0].sum(-1) + MODULE[6].bias[2]
    torch.testing.assert_close(told_by_map, seen.logits[-1, 0, :, 2])


def test_a_gate_behind_it_weighs_what_is_left():
    told = together([AWAY, replace(GATE, strength=3.0)]).on(NETWORK)
    seen = told.perceive(IMAGES, [ClassPrior(1)])
    for n, image in enumerate(IMAGES):
        torch.testing.assert_close(seen.logits[1, 0, n], in_loops(image, [1], 1, 1.0, 3.0), **CLOSE)


def test_nothing_is_left_along_a_direction_and_all_across_it():
    features = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0))
    units = torch.eye(4)[[1, 3]]
    left = without(features, units, 1.0)
    assert (left[0, :, 1] == 0).all() and (left[1, :, 3] == 0).all()
    assert torch.equal(left[0][:, [0, 2, 3]], features[0][:, [0, 2, 3]])


def test_where_every_class_is_cued_nothing_is_explained_away():
    seen = AWAY.on(NETWORK).perceive(IMAGES, [KindsPrior(range(5))])
    torch.testing.assert_close(seen.logits[1], seen.logits[0])


def test_a_network_that_reads_a_class_token_is_told_why_not():
    with pytest.raises(ValueError, match="reads its class token: choose attention_bias"):
        AWAY.on(load_network("vit_micro"))
