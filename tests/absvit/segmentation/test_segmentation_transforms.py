"""Joint transforms: mmseg's sizes, colours and crops, picture and labels kept together, and what is refused."""

import colorsys
import pickle

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import tv_tensors

from absvit.segmentation.classes import IGNORED
from absvit.segmentation.transforms import (
    CategoryCrop,
    PhotometricDistortion,
    RandomScale,
    TrainingTransform,
    Varied,
    WholeTransform,
    picture_tensor,
    rescaled_size,
    saturated,
)

BLACK, ONE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)


def painted(height, width):
    """A picture whose red value tells the label of each pixel, so that the two can be compared after a transform."""
    labels = (np.arange(height)[:, None] // 8 + np.arange(width) // 8) % 4
    picture = np.zeros((height, width, 3), np.uint8)
    picture[..., 0] = labels * 60
    return Image.fromarray(picture), labels.astype(np.uint8)


@pytest.mark.parametrize(
    ("size", "scale", "ratio", "expected"),
    [
        ((375, 500), (2048, 512), 1.0, (512, 683)),  # VOC: the short side decides
        ((500, 375), (2048, 512), 1.0, (683, 512)),  # upright pictures alike
        ((1024, 2048), (2048, 1024), 1.0, (1024, 2048)),
        ((1024, 2048), (2048, 1024), 0.5, (512, 1024)),
        ((100, 1000), (2048, 512), 1.0, (205, 2048)),  # the long side decides
        ((30, 40), None, 2.0, (60, 80)),
    ],
)
def test_sizes_are_those_of_mmcv(size, scale, ratio, expected):
    assert rescaled_size(size, scale, ratio) == expected


def test_random_scales_stay_within_their_bounds():
    scale = RandomScale((64, 32), (0.5, 2.0))
    torch.manual_seed(0)
    heights = [scale.make_params([torch.zeros(3, 32, 64)])["size"][0] for _ in range(200)]
    assert 16 <= min(heights) < 20 and 60 < max(heights) <= 64


def test_picture_and_labels_stay_together():
    varied = Varied((24, 32), None, (1.0, 1.0), flip=0.5, distortion=False)
    transform = TrainingTransform(varied, BLACK, ONE)
    mirrored = set()
    for seed in range(8):
        torch.manual_seed(seed)
        image, labels = transform(*painted(48, 64), "p")
        assert image.shape == (3, 24, 32) and image.dtype == torch.float32
        assert labels.shape == (24, 32) and labels.dtype == torch.uint8
        assert torch.equal((image[0] * 255 / 60).round().byte(), labels)
        right = labels[0, 1:].long() - labels[0, :-1].long()
        mirrored.add(bool((right == 1).any() | (right == -3).any()))  # labels rise to the right, or to the left
    assert mirrored == {True, False}


def test_a_short_side_is_padded_with_the_mean_colour_and_pixels_that_do_not_count():
    picture, labels = painted(20, 64)
    varied = Varied((32, 32), None, (1.0, 1.0), cat_max_ratio=1.0, flip=0.0, distortion=False)
    image, mask = TrainingTransform(varied, (0.5, 0.4, 0.3), ONE)(picture, labels, "p")
    assert (mask[20:] == IGNORED).all() and (mask[:20] != IGNORED).all()
    assert (image[:, 20:] == 0).all() and (image[1, :20] == -0.4).all()


def test_a_class_that_prevails_is_cropped_again():
    """A corner of another class: with the rule it is met far more often than by chance, and the same place elsewise."""
    labels = torch.zeros(64, 64, dtype=torch.uint8)
    labels[:20, :20] = 1
    labels[40:, 40:] = IGNORED

    def shares(cat_max_ratio):
        torch.manual_seed(0)
        crop = CategoryCrop((24, 24), cat_max_ratio)
        crops = [crop(torch.zeros(3, 64, 64), tv_tensors.Mask(labels))[1] for _ in range(60)]
        counts = [np.bincount(np.asarray(c).ravel(), minlength=256)[:2] for c in crops]
        return [c.max() / max(c.sum(), 1) for c in counts]

    with_rule, without = shares(0.75), shares(1.0)
    assert np.mean([s < 0.75 for s in with_rule]) > 2 * np.mean([s < 0.75 for s in without])
    assert all(s >= 0.5 for s in without)


def test_saturation_is_that_of_hsv():
    picture = torch.rand(3, 6, 7, generator=torch.Generator().manual_seed(0))
    for factor in (0.5, 1.5):
        changed = saturated(picture, factor)
        for y in range(6):
            for x in range(7):
                h, s, v = colorsys.rgb_to_hsv(*picture[:, y, x].tolist())
                expected = colorsys.hsv_to_rgb(h, min(1.0, s * factor), v)
                assert changed[:, y, x].tolist() == pytest.approx(expected, abs=1e-5)
    black = torch.zeros(3, 1, 1)
    assert torch.equal(saturated(black, 1.5), black)


def test_the_distortion_does_what_it_draws():
    distort = PhotometricDistortion()
    picture = tv_tensors.Image(torch.rand(3, 4, 5, generator=torch.Generator().manual_seed(0)))
    nothing = dict.fromkeys(("brightness", "contrast", "saturation", "hue")) | {"contrast_first": True}
    assert torch.equal(distort.transform(picture, nothing), picture)
    lighter = distort.transform(picture, nothing | {"brightness": 0.1})
    torch.testing.assert_close(torch.as_tensor(lighter), (picture + 0.1).clamp(0, 1).as_subclass(torch.Tensor))
    order = {"saturation": 1.4, "contrast": 1.4}
    first = distort.transform(picture, nothing | order)
    last = distort.transform(picture, nothing | order | {"contrast_first": False})
    torch.testing.assert_close(torch.as_tensor(first), saturated((torch.as_tensor(picture) * 1.4).clamp(0, 1), 1.4))
    torch.testing.assert_close(torch.as_tensor(last), (saturated(torch.as_tensor(picture), 1.4) * 1.4).clamp(0, 1))
    red = tv_tensors.Image(torch.tensor([1.0, 0, 0]).view(3, 1, 1))
    turned = distort.transform(red, nothing | {"hue": 0.1}).flatten().tolist()
    assert turned == pytest.approx(colorsys.hsv_to_rgb(0.1, 1, 1), abs=1e-4)
    torch.manual_seed(0)
    drawn = [distort.make_params([]) for _ in range(400)]
    for name, low, high in (
        ("brightness", -32 / 255, 32 / 255),
        ("contrast", 0.5, 1.5),
        ("saturation", 0.5, 1.5),
        ("hue", -0.1, 0.1),
    ):
        values = [d[name] for d in drawn if d[name] is not None]
        assert 150 < len(values) < 250
        assert low <= min(values) < low + 0.05 * (high - low) and high - 0.05 * (high - low) < max(values) <= high


def test_labels_are_left_alone_by_the_distortion():
    labels = tv_tensors.Mask(torch.randint(0, 4, (4, 5)))
    assert PhotometricDistortion()(picture_tensor(painted(4, 5)[0]).float() / 255, labels)[1] is labels


def test_the_same_seed_gives_the_same_view():
    transform = TrainingTransform(Varied((32, 32), (64, 48)), (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    views = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        views.append(transform(*painted(40, 60), "p"))
    assert torch.equal(views[0][0], views[1][0]) and torch.equal(views[0][1], views[1][1])
    assert not torch.equal(views[0][0], views[2][0])


def test_a_picture_that_no_scale_makes_large_enough_is_named():
    transform = TrainingTransform(Varied((64, 64), None, (0.5, 1.5)), BLACK, ONE)
    with pytest.raises(ValueError, match=r"tiny.png is at most 60 x 45 pixels .* smaller than the crop of 64 x 64"):
        transform(*painted(40, 30), "tiny.png")
    torch.manual_seed(0)
    image, mask = transform(*painted(40, 50), "long.png")  # one side is long enough at the largest scale
    assert image.shape == (3, 64, 64) and (mask == IGNORED).any()


def test_whole_pictures_are_only_scaled_and_normalised():
    picture, _ = painted(30, 40)
    kept = WholeTransform(None, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))(picture)
    np.testing.assert_allclose(kept, (np.asarray(picture).transpose(2, 0, 1) / 255 - 0.5) / 0.25, atol=1e-5)
    assert WholeTransform((80, 60), BLACK, ONE)(picture).shape == (3, 60, 80)


def test_worker_processes_may_be_given_the_pipelines():
    transform = TrainingTransform(Varied((32, 32), (64, 48)), BLACK, ONE)
    torch.manual_seed(0)
    image, labels = transform(*painted(40, 60), "p")
    torch.manual_seed(0)
    again = pickle.loads(pickle.dumps(transform))(*painted(40, 60), "p")
    assert torch.equal(again[0], image) and torch.equal(again[1], labels)
    whole = WholeTransform(None, BLACK, ONE)
    assert torch.equal(pickle.loads(pickle.dumps(whole))(painted(9, 9)[0]), whole(painted(9, 9)[0]))


@pytest.mark.parametrize(
    "options", [{"crop": (0, 1)}, {"scale": (0, 4)}, {"ratios": (2, 1)}, {"cat_max_ratio": 0}, {"flip": 2}]
)
def test_settings_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match=str(next(iter(options)))):
        Varied(**options)
