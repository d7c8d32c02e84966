"""The evidence gate is its formula, in ten lines, and pools as the network does where all places are alike."""

from dataclasses import replace

import pytest
import torch
from tiny_networks import IMAGES, convnet
from torch import nn

from absvit.mechanisms import MECHANISMS
from absvit.networks import network_of
from absvit.priors import ClassPrior, LearnedPrior, PerceptPrior, Prior, ShuffledPrior, SpatialPrior, VectorPrior

GATE = MECHANISMS["evidence_gate"]
NETWORK = network_of(convnet(), size=(16, 16))
TOLD = GATE.on(NETWORK)
CLASSES = torch.tensor([2, 0, 3])


def by_formula(net, images, classes, power):
    """W: rows less their mean, U S V' = svd(W); weight = max(0, cos(V'f, (U S)[class])) ** power."""
    features = net[:4](images).flatten(2).transpose(1, 2).double()
    rows = net[-1].weight.double()
    u, s, v = torch.linalg.svd(rows - rows.mean(0), full_matrices=False)
    u, s, v = u[:, :-1], s[:-1], v[:-1]  # centred rows span one dimension less than there are
    cosine = torch.cosine_similarity(features @ v.T, (u * s)[classes][:, None], dim=-1)
    weights = cosine.clamp(min=0) ** power
    pooled = (weights[..., None] * features).sum(1) / weights.sum(1, keepdim=True)
    return pooled @ rows.T + net[-1].bias, weights


@pytest.mark.parametrize("power", [1.0, 2.0, 4.0, 100.0])
def test_it_is_the_formula_whatever_makes_the_dose(power):
    expected, weights = by_formula(convnet(), IMAGES, CLASSES, power)
    for strength, gain in ((power, None), (1.0, power), (2.0, power / 2)):
        seen = replace(GATE, strength=strength).on(NETWORK).perceive(IMAGES, [ClassPrior(CLASSES, gain)])
        torch.testing.assert_close(seen.logits[1, 0].double(), expected, rtol=1e-5, atol=1e-6)
        relative = weights / weights.amax(1, keepdim=True)
        torch.testing.assert_close(seen.prior_weights[0, 0].double(), relative, rtol=1e-4, atol=1e-5)


def test_places_that_are_alike_are_pooled_as_the_network_does():
    flat = [SpatialPrior(torch.full((4, 4), level)) for level in (1.0, 0.3, 0.0)]
    seen = TOLD.perceive(IMAGES, [*flat, VectorPrior(-torch.ones(8) * 0)])
    expected = NETWORK.logits(IMAGES).expand(4, -1, -1)
    torch.testing.assert_close(seen.logits[1], expected, rtol=1e-6, atol=1e-6)


def test_one_place_is_what_that_place_holds_alone():
    weights = torch.zeros(3, 4, 4)
    weights[:, 1, 2] = 0.1
    features = convnet()[:4](IMAGES)[:, :, 1, 2]
    seen = TOLD.perceive(IMAGES, [SpatialPrior(weights, gain=400.0)], 1, ["class_activation"])
    torch.testing.assert_close(seen.logits[1, 0], convnet()[-1](features), rtol=1e-6, atol=1e-6)
    answered = seen.logits[0, 0, range(3)].argmax(-1)
    assert (seen.class_activation[1, 0].unflatten(-1, (4, 4)) != 0).sum((1, 2)).tolist() == [1, 1, 1]
    assert answered.shape == (3,)


def test_products_multiply_weights_each_to_its_own_power():
    place = SpatialPrior(torch.rand(4, 4, generator=torch.Generator().manual_seed(0)), gain=0.5)
    cue = ClassPrior(CLASSES)
    one, two, both = TOLD.perceive(IMAGES, [place, cue, place * cue * LearnedPrior()]).prior_weights[0]
    torch.testing.assert_close(both, one * two, rtol=1e-5, atol=1e-6)
    nothing = TOLD.perceive(IMAGES, [ClassPrior(1, gain=0.0) * cue, cue]).logits
    assert torch.equal(nothing[:, 0], nothing[:, 1])


def test_weights_are_shuffled_over_places():
    cue = ClassPrior(CLASSES)
    ordered, mixed = TOLD.perceive(IMAGES, [cue, ShuffledPrior(cue, seed=3)]).prior_weights[0]
    assert torch.equal(ordered.sort(-1).values, mixed.sort(-1).values) and not torch.equal(ordered, mixed)


def test_a_percept_is_that_of_the_pass_before():
    seen = TOLD.perceive(IMAGES, [PerceptPrior()], 2)
    rows = NETWORK.readout.weight - NETWORK.readout.weight.mean(0)
    for t in (1, 2):
        expected = TOLD.perceive(IMAGES, [VectorPrior(seen.probabilities[t - 1, 0] @ rows)])
        torch.testing.assert_close(seen.logits[t, 0], expected.logits[1, 0], rtol=1e-5, atol=1e-6)


def test_what_cannot_be_gated_is_refused():
    with pytest.raises(ValueError, match="power of weights, at least 0, got -2"):
        TOLD.perceive(IMAGES, [ClassPrior(1, gain=-1.0)])
    with pytest.raises(ValueError, match="is a function"):
        GATE.on(network_of(convnet().forward, name="own", size=(16, 16)))
    hidden = nn.Sequential(*convnet()[:-1], nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 4)).eval()
    with pytest.raises(ValueError, match="not linear"):
        GATE.on(network_of(hidden, size=(16, 16)))


class UpperPrior(Prior):
    """A stranger's: the upper half of the grid, at a gain of its own kind."""

    kind, default_gain = "upper", 3.0

    def match(self, tokens, model):
        rows, columns = model.patch_embed.grid_size
        places = torch.arange(tokens.shape[1] - model.num_prefix_tokens, device=tokens.device)
        return (1 - 0.5 * (places >= rows // 2 * columns).float()).expand(len(tokens), -1)


def test_a_prior_of_another_package_means_the_same():
    weights = TOLD.perceive(IMAGES, [UpperPrior()]).prior_weights[0, 0].unflatten(-1, (4, 4))
    assert (weights[:, :2] == 1).all() and torch.allclose(weights[:, 2:], torch.tensor(0.5**6))
