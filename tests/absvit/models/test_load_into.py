"""Loading weights into a model: strictly, or adapted on request and saying so."""

import pytest
import torch
import torch.nn.functional as F
from small_vit import assert_same, small_vit

from absvit.models import checkpoints


def test_load_into_is_strict_and_readable(weights):
    model = small_vit()
    assert checkpoints.load_into(model, weights) == ()
    assert_same(model.state_dict(), weights)
    wrong = {name: tensor for name, tensor in weights.items() if not name.startswith("blocks.0.")}
    wrong |= {"prompt": torch.ones(16), "norm.weight": torch.ones(3)}
    with pytest.raises(ValueError, match="do not fit VisionTransformer") as error:
        checkpoints.load_into(model, wrong)
    message = str(error.value)
    assert "12 missing (blocks.0.norm1.weight" in message and "and 4 more)" in message
    assert "1 extra (prompt)" in message
    assert "norm.weight (3,) instead of (16,)" in message
    assert "adapt=True" in message
    assert_same(model.state_dict(), weights)


def test_adapt_resamples_positions(weights):
    model = small_vit(img_size=(64, 48))
    with pytest.raises(ValueError, match="pos_embed"):
        checkpoints.load_into(model, weights)
    notes = checkpoints.load_into(model, weights, adapt=True)
    assert notes == ("positions resampled from 4 x 4 to 8 x 6 tokens, taken as square, for the file does not say",)
    grid = weights["pos_embed"][:, 1:].reshape(1, 4, 4, 16).permute(0, 3, 1, 2)
    expected = F.interpolate(grid, (8, 6), mode="bicubic", align_corners=False).flatten(2).mT
    torch.testing.assert_close(model.pos_embed[:, 1:], expected)
    assert torch.equal(model.pos_embed[:, :1], weights["pos_embed"][:, :1])


GRIDS = [(4, 16), (16, 4), (8, 8), (2, 32), (14, 14), (7, 28), (4, 6), (6, 4)]


@pytest.mark.parametrize("wanted", GRIDS, ids=str)
@pytest.mark.parametrize("found", GRIDS, ids=str)
def test_positions_go_from_grid_to_grid_or_are_refused(found, wanted):
    source, model = (small_vit(img_size=(8 * down, 8 * across)) for down, across in (found, wanted))
    before, weights = model.pos_embed.clone(), source.state_dict()
    patches = weights["pos_embed"][:, 1:].reshape(1, *found, 16).permute(0, 3, 1, 2)
    expected = F.interpolate(patches, wanted, mode="bicubic", align_corners=False).flatten(2).mT
    if found == wanted:
        assert checkpoints.load_into(model, weights, grid=found) == ()
    else:
        with pytest.raises(ValueError, match="pos_embed|resampled|of several grids"):
            checkpoints.load_into(model, weights, grid=found)
        assert torch.equal(model.pos_embed, before)
        (note,) = checkpoints.load_into(model, weights, adapt=True, grid=found)
        assert f"from {found[0]} x {found[1]} to {wanted[0]} x {wanted[1]}" in note
    torch.testing.assert_close(model.pos_embed[:, 1:], expected)
    # where the file does not say of which grid they are, only a square one is taken, and it is said
    model = small_vit(img_size=(8 * wanted[0], 8 * wanted[1]))
    number, side = found[0] * found[1], int((found[0] * found[1]) ** 0.5)
    if side**2 == number and (wanted == (side, side) or wanted[0] * wanted[1] != number):
        notes = checkpoints.load_into(model, weights, adapt=True)
        assert notes == () if wanted == (side, side) else "taken as square" in notes[0]
    else:
        with pytest.raises(ValueError, match="the file does not say"):
            checkpoints.load_into(model, weights, adapt=True)


def test_a_grid_of_another_number_is_refused(weights):
    with pytest.raises(ValueError, match="2 x 4 tokens are expected to be as many, got 16"):
        checkpoints.load_into(small_vit(), weights, grid=(2, 4))


def test_weights_of_another_kind_of_number_are_refused(weights):
    whole = {name: tensor.to(torch.int8) if name == "head.weight" else tensor for name, tensor in weights.items()}
    with pytest.raises(ValueError, match=r"1 no floating-point numbers \(head\.weight\)"):
        checkpoints.load_into(small_vit(), whole)


def test_adapt_starts_the_classifier_anew(weights):
    model = small_vit(num_classes=7)
    (note,) = checkpoints.load_into(model, weights, adapt=True)
    assert "newly initialised (5 to 7 classes)" in note
    assert 0 < model.head.weight.abs().max() < 0.2 and not model.head.bias.any()
    assert torch.equal(model.norm.weight, weights["norm.weight"])
    headless = small_vit(num_classes=0)
    assert "left out" in checkpoints.load_into(headless, weights, adapt=True)[0]
    assert "0 to 5 classes" in checkpoints.load_into(small_vit(), headless.state_dict(), adapt=True)[0]


def test_adapt_does_not_stretch_to_other_widths(weights):
    with pytest.raises(ValueError, match="of another shape"):
        checkpoints.load_into(small_vit(embed_dim=32, img_size=64), weights, adapt=True)
