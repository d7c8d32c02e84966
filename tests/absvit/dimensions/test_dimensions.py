"""Dimensions are learnt as a loop learns them, from what channels keep of contours and patches; and kept in a file."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from absvit.dimensions import Dimensions, learn_dimensions, read_dimensions, write_dimensions
from absvit.dimensions.__main__ import Learning, main
from absvit.dimensions.learning import photographs_in, survival
from absvit.images import normalise
from absvit.mechanisms import MECHANISMS
from absvit.networks import network_of
from absvit.priors import VectorPrior
from stimuli.pictures.cue_versions import VERSIONS

SIDE = 48


def eyes():
    """Channel 0 means red, which patches keep; channel 1 steps of grey to the right, which contours keep in part."""
    first = nn.Conv2d(3, 3, 3, padding=1, padding_mode="replicate")
    with torch.no_grad():
        first.weight.zero_(), first.bias.zero_()
        first.weight[0, 0, 1, 1] = 1
        first.weight[1, :, 1, 0], first.weight[1, :, 1, 2] = -1, 1
        first.weight[2, 2, 1, 1] = 0.5
    layers = nn.Sequential(first, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 4))
    return network_of(layers.eval().requires_grad_(False), size=(SIDE, SIDE), categories=tuple("abcd"))


@pytest.fixture(scope="module")
def pictures():
    random = np.random.default_rng(0)
    found = np.empty((6, SIDE, SIDE, 3), np.uint8)
    for picture in found:
        picture[:] = random.integers(0, 120, 3)
        top, left, side = random.integers(4, 24, 3)
        picture[top : top + side, left : left + side] = random.integers(140, 256, 3)
    return [*found]


@pytest.fixture(scope="module")
def learnt(pictures):
    return learn_dimensions(eyes(), pictures, ("1",), seed=3)


def test_survival_is_the_correlation_over_pictures():
    whole = torch.tensor([[0.0, 1, 5], [1, 3, 5], [2, 2, 5]])
    same, turned = survival(whole, [whole]), survival(whole, [whole, -whole])
    assert same.tolist() == pytest.approx([1, 1, 0]) and turned.tolist() == pytest.approx([0, 0, 0])


def test_they_are_what_a_loop_learns(learnt, pictures):
    network = eyes()
    shown = {"whole": pictures}
    random = [np.random.default_rng([3, number]) for number in range(len(pictures))]
    for name, kinds in VERSIONS.items():
        for k, kind in enumerate(kinds):
            shown[name, k] = [kind(picture, of) for picture, of in zip(pictures, random, strict=True)]
    of = {
        key: network.module[:2](normalise(np.stack(each), (0, 0, 0), (1, 1, 1))).mean((2, 3)).numpy()
        for key, each in shown.items()
    }
    kept = {name: np.mean([[np.corrcoef(of["whole"][:, c], of[name, k][:, c])[0, 1] for c in range(3)]
                           for k in range(2)], 0) for name in VERSIONS}  # fmt: skip
    rather = kept["shape"] - kept["texture"]
    np.testing.assert_allclose(learnt.tunings["1"], (rather - rather.mean()) / rather.std(), rtol=1e-3, atol=1e-3)
    assert kept["texture"][0] == pytest.approx(1) and learnt.tunings["1"].argmax() == 1
    mean = {name: np.mean([of[name, k].mean(0) for k in range(2)], 0) for name in VERSIONS}
    np.testing.assert_allclose(learnt.direction, mean["shape"] - mean["texture"], rtol=1e-4, atol=1e-5)
    assert learnt.card["pictures"] == 6 and len(learnt.card["versions"]) == 4


def test_shape_and_texture_are_the_ends_of_one_dimension(learnt):
    shape, texture = learnt.prior("shape"), learnt.prior("texture", 2.0)
    assert torch.equal(shape.vector, -texture.vector) and texture.gain == 2 and shape.label == "shape"
    assert torch.equal(shape.tuning("1", 3), -texture.tuning("1", 3)) and shape.kinds == {"dimension"}
    network, image = eyes(), torch.rand(2, 3, SIDE, SIDE)
    gate = MECHANISMS["evidence_gate"].on(network)
    as_vector, weighed = gate.perceive(image, [VectorPrior(learnt.direction), shape]).logits[1]
    assert torch.equal(as_vector, weighed)
    with pytest.raises(ValueError, match="dimensions are shape and texture, got 'colour'"):
        learnt.prior("colour")
    with pytest.raises(ValueError, match=r"has no tunings of 3 channels at 0, only of 1 \(3 channels\): learn it with"):
        shape.tuning("0", 3)


def test_a_file_keeps_them_and_their_control(learnt, tmp_path, capsys):
    path = write_dimensions(learnt, tmp_path / "d.safetensors")
    again = read_dimensions(path)
    assert torch.equal(again.direction, learnt.direction) and again.card == learnt.card
    assert torch.equal(again.tunings["1"], learnt.tunings["1"])
    main(Learning(path, tmp_path / "s.safetensors", shuffle=1))
    assert "s.safetensors: shape and texture of 6 pictures, at 1 (3 channels)" in capsys.readouterr().out
    control = read_dimensions(tmp_path / "s.safetensors")
    assert torch.equal(control.direction.sort().values, learnt.direction.sort().values)
    assert torch.equal(control.direction, learnt.shuffled(1).direction) and control.card["shuffled"] == 1
    with pytest.raises(ValueError, match="is a file: give a folder of photographs, or --shuffle"):
        Learning(path, tmp_path / "s.safetensors")


def test_other_files_and_too_few_pictures_are_refused(learnt, pictures, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no dimensions at .*learn them, python -m absvit\.dimensions"):
        read_dimensions(tmp_path / "none.safetensors")
    (spoilt := tmp_path / "spoilt.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ValueError, match="cannot read .* as safetensors"):
        read_dimensions(spoilt)
    other = write_dimensions(Dimensions(learnt.direction * torch.nan, {}, {}), tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="not finite"):
        read_dimensions(other)
    with pytest.raises(ValueError, match=r"ends in \.safetensors"):
        write_dimensions(learnt, tmp_path / "d.npz")
    with pytest.raises(ValueError, match="from 4 pictures or more, got 3"):
        learn_dimensions(eyes(), pictures[:3])
    (kind := tmp_path / "all" / "kind").mkdir(parents=True)
    for k, picture in enumerate(pictures):
        Image.fromarray(picture).save(kind / f"{k}.png")
    chosen = photographs_in(kind.parent, 4)
    assert len(set(chosen)) == 4 and chosen == photographs_in(kind.parent, 4) != photographs_in(kind.parent, 4, 1)
