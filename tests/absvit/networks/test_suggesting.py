"""Suggestions: what a network answers of parts of a picture, found by looking at them alone."""

import numpy as np
import pytest
import torch
from torch import nn

from absvit.networks import network_of
from absvit.networks.suggesting import part_probabilities, suggested


@pytest.fixture(scope="module")
def pixelwise():
    """Features of a place are its four pixels' means, so that a part of a picture can be looked at by itself."""
    torch.manual_seed(0)
    head = nn.Linear(3, 6)
    head.weight.data *= 20
    return network_of(nn.Sequential(nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), head), size=(16, 16))


IMAGES = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(3))


def test_parts_are_answered_as_if_they_were_the_picture(pixelwise):
    places, _ = pixelwise.seen(IMAGES)
    found = part_probabilities(pixelwise.readout, places)[0]
    assert found.shape == (7, 7, 6)  # parts of 2 x 2 places, of 8 x 8
    for row in range(7):
        for column in range(7):
            part = IMAGES[:, :, 2 * row : 2 * row + 4, 2 * column : 2 * column + 4]
            with torch.no_grad():
                expected = pixelwise.module(part).softmax(-1)[0]
            torch.testing.assert_close(found[row, column], expected)


def test_suggestions_are_the_likeliest_of_the_whole_and_of_parts_with_their_place(pixelwise):
    images = torch.zeros(1, 3, 16, 16)
    with torch.no_grad():
        target = int(pixelwise.logits(images).argmin())
    images[0, :, 8:12, 4:8] = 3 * pixelwise.module[-1].weight[target, :, None, None].detach().sign()
    found = suggested(pixelwise, images, 4)
    assert len({each.index for each in found}) == 4 and found[0].index == target
    assert found[0].at == pytest.approx((6 / 16, 10 / 16)) and found[0].part > 0.5 > found[0].whole
    p = pixelwise.logits(images).softmax(-1)[0].detach().numpy()
    assert set(np.argsort(-p)[:2].tolist()) <= {each.index for each in found}
    assert all(each.whole == pytest.approx(p[each.index]) for each in found)
    scores = [max(each.whole, each.part) for each in found]
    assert scores == sorted(scores, reverse=True)


def test_a_network_without_places_suggests_what_it_answers():
    torch.manual_seed(0)
    network = network_of(nn.Sequential(nn.Flatten(), nn.Linear(48, 5)), size=(4, 4))
    found = suggested(network, IMAGES[:, :, :4, :4], 3)
    order = network.logits(IMAGES[:, :, :4, :4])[0].argsort(descending=True)[:3].tolist()
    assert [each.index for each in found] == order and all(np.isnan(each.part) and each.at is None for each in found)
