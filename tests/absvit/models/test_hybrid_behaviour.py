"""The bundled hybrids see a cat and a horse, and the one that is cued wins; permuted decoders steer nothing."""

import numpy as np
import pytest
from skimage import data

import absvit
from absvit import priors
from absvit.images import normalise
from experiments.observers import permuted_decoders
from stimuli.pictures import photographs

CHECKPOINTS = ["default", "seed1", "seed2"]


@pytest.fixture(scope="module")
def halves():
    """Cat left and horse right, and the other way round, (2, channel, y, x)."""
    cat = photographs.resized(data.chelsea(), (224, 112))
    horse = np.repeat(data.horse()[..., None] * np.uint8(255), 3, axis=2)  # black on white
    horse = photographs.resized(horse, (224, 112))
    joined = [np.concatenate(pair, axis=1) for pair in ((cat, horse), (horse, cat))]
    return normalise(np.stack(joined), (0.5,) * 3, (0.5,) * 3)


def seen(model, images):
    """Probabilities (cue, image, class; cat, horse and ship each) in the second pass, and the cues' weights."""
    named = [model.categories.index(name) for name in ("cat", "horse", "ship")]
    found = absvit.perceive(model, images, [priors.ClassPrior(index) for index in named])
    weights = found.prior_weights[-1, :, :, model.num_prefix_tokens :].unflatten(-1, model.patch_embed.grid_size)
    return found.logits[-1].softmax(-1)[..., named].numpy(), weights.numpy()


@pytest.mark.seconds
@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_the_cued_animal_wins_on_either_side(checkpoint, halves):
    p, weights = seen(absvit.load_model("absvit_hybrid_lite0_224", checkpoint), halves)
    assert (p[0, :, 0] > 0.5).all() and (p[0, :, 1] < 0.1).all()
    assert (p[1, :, 1] > 0.5).all() and (p[1, :, 0] < 0.1).all()
    assert (p[2, :, 2] < 0.2).all()  # a ship is looked for, and there is none
    left, right = weights[..., :7].mean((-2, -1)), weights[..., 7:].mean((-2, -1))
    assert (left[0, 0] > right[0, 0]) and (right[0, 1] > left[0, 1])  # the cat is left, then right
    assert (right[1, 0] > left[1, 0]) and (left[1, 1] > right[1, 1])


def test_permuted_decoders_do_not_steer(halves):
    model = absvit.load_model("absvit_hybrid_lite0_224")
    steered = [
        np.log(p[..., 0] / p[..., 1]) for p in (seen(m, halves)[0] for m in (model, permuted_decoders(model, 0)))
    ]
    intact, permuted = (odds[0] - odds[1] for odds in steered)  # under the cat's cue and the horse's
    assert (intact > 6).all() and (np.abs(permuted) < 1.5).all()
