"""Feature gain is the paper's equation: channels times 1 + dose x tuning, whole feature maps."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_networks import convnet

from absvit.images import normalise
from absvit.mechanisms import MECHANISMS
from absvit.networks import network_of
from absvit.priors import ClassPrior, LearnedPrior, SpatialPrior
from stimuli.families import FAMILIES

GAIN = replace(MECHANISMS["feature_gain"], layers=("1", "3"), n=24)
SIZE = (32, 32)
SHOWN = FAMILIES["objects"].draw(FAMILIES["objects"].sized(SIZE), 24, GAIN.seed, 0)
IMAGES, CLASSES = normalise(SHOWN["image"].values, (0, 0, 0), (1, 1, 1)), SHOWN["object_class"].values[:, 0]
NET = convnet(classes=12)
NETWORK = network_of(NET, size=SIZE, categories=SHOWN.attrs["categories"])


@pytest.fixture(scope="module")
def told():
    return GAIN.on(NETWORK)


def by_hooks(images, gains):
    """Multiply channels of layers, by number, with hooks."""
    hooks = [
        NET[layer].register_forward_hook(lambda module, given, gave, gain=gain: gave * gain[..., None, None])
        for layer, gain in gains.items()
    ]
    logits = NET(images)
    for hook in hooks:
        hook.remove()
    return logits


def tunings(layer):
    """(mean response to the class - mean over classes) / standard deviation over classes; 0 where nothing responds."""
    responses = NET[: layer + 1](IMAGES).mean((2, 3)).numpy()
    means = np.array([responses[c == CLASSES].mean(0) for c in range(12)])
    sd = means.std(0)
    return torch.from_numpy((means - means.mean(0)) / np.where(sd > 0, sd, 1))


def test_it_is_the_equation_with_tunings_of_mean_responses(told):
    cued = torch.arange(3)
    seen = told.perceive(IMAGES[:3], [ClassPrior(cued, gain=0.3), ClassPrior(5), ClassPrior(1) * LearnedPrior()], 2)
    for k, (classes, dose) in enumerate(((cued, 0.3), ([5, 5, 5], 1.0), ([1, 1, 1], 1.0))):
        expected = by_hooks(IMAGES[:3], {layer: 1 + dose * tunings(layer)[classes] for layer in (1, 3)})
        torch.testing.assert_close(seen.logits[1, k], expected, rtol=1e-5, atol=1e-6)
        assert torch.equal(seen.logits[2, k], seen.logits[1, k])


def test_tunings_may_be_gradients():
    told = replace(GAIN, tuning="gradients", layers=("3",)).on(NETWORK)
    maps = NET[:4](IMAGES[CLASSES == 7]).requires_grad_()
    NET[4:](maps)[:, 7].sum().backward()
    gradient = maps.grad.sum((0, 2, 3))
    expected = by_hooks(IMAGES[:2], {3: 1 + 0.5 * gradient / gradient.abs().max()})
    found = told.perceive(IMAGES[:2], [ClassPrior(7, gain=0.5)]).logits[1, 0]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    assert all(parameter.grad is None for parameter in NET.parameters())


def test_it_is_the_same_at_every_place():
    """A picture that is shifted gives the same logits, and a map that is shifted."""
    ring = network_of(convnet("circular", classes=12), size=SIZE, categories=NETWORK.categories)
    told = replace(GAIN, layers=("1",)).on(ring)
    here, there = (
        told.perceive(images, [ClassPrior(2)], 1, ["class_activation"])
        for images in (IMAGES[:2], IMAGES[:2].roll((4, 8), (2, 3)))
    )
    torch.testing.assert_close(there.logits, here.logits, rtol=1e-5, atol=1e-6)
    shifted = here.class_activation[1, 0].unflatten(-1, (8, 8)).roll((1, 2), (1, 2))
    torch.testing.assert_close(there.class_activation[1, 0].unflatten(-1, (8, 8)), shifted, rtol=1e-5, atol=1e-6)
    assert not torch.allclose(here.logits[1], here.logits[0])


def test_facts_tell_the_pictures(told):
    facts = told.facts
    assert facts["layers"] == ("1", "3") and facts["shared"] is True
    assert (facts["tuning_stimuli"], facts["tuning_n"], facts["tuning_seed"]) == ("objects", 24, GAIN.seed)
    assert len(facts["tuning_sha256"]) == 64


def test_tunings_are_measured_on_a_folder(tmp_path):
    for name, level in (("dog", 60), ("cat", 200), ("unknown", 90)):
        (tmp_path / name).mkdir()
        for k in range(2):
            pixels = np.random.default_rng(k).normal(level, 20, (40, 40, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{k}.png")
    own = network_of(convnet(), size=SIZE, categories=("cat", "dog", "cow", "sheep"))
    told = replace(GAIN, stimuli=str(tmp_path)).on(own)
    assert told.facts["tuning_n"] == 4
    one, other = told.perceive(IMAGES[:1], [ClassPrior("cat", gain=0.1), ClassPrior("dog", gain=-0.1)]).logits[1]
    torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)  # of two classes, tunings are opposite
    with pytest.raises(ValueError, match="no picture of the class 'cow' was among those"):
        told.perceive(IMAGES[:1], [ClassPrior("cow")])


def test_what_cannot_be_had_is_refused():
    own = network_of(convnet(), size=SIZE, categories=("cat", "dog", "cow", "sheep"))
    with pytest.raises(ValueError, match="does not know the class .* give stimuli=FOLDER"):
        GAIN.on(own)
    with pytest.raises(ValueError, match="has no layer 'nothing'"):
        replace(GAIN, layers=("nothing",)).on(NETWORK)
    with pytest.raises(ValueError, match="tuning of feature_gain must be one of responses, gradients"):
        replace(GAIN, tuning="guesses")
    with pytest.raises(ValueError, match="strength of feature_gain must be a finite number, got nan"):
        replace(GAIN, strength=float("nan"))


def test_places_are_refused(told):
    with pytest.raises(ValueError, match="none of place"):
        told.perceive(IMAGES[:1], [SpatialPrior(torch.ones(8, 8))])
