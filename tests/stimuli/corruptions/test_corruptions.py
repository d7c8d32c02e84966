"""The corruptions against the peer package's output, plain loops and other libraries; any size; what is refused."""

import cv2
import numpy as np
import pytest
from corruption_peer import (
    DETERMINISTIC,
    OF_PEER,
    PHOTOGRAPHS,
    RANDOM,
    VECTORS,
    block_sums,
    deviation,
    installed,
    photograph,
    photographs,
    places,
    statistics,
)  # fmt: skip
from PIL import Image
from scipy import ndimage
from skimage import filters

from stimuli import corruptions
from stimuli.corruptions import NAMES, blur, corrupt, digital, generator_for, motion_blur, weather

STORED = np.load(VECTORS)
# how far means over draws may lie from the peer's: grey levels of mean and standard deviation, log2 power in octaves
BOUNDS = {
    "glass_blur": (0.8, 0.8, 0.5),  # one draw there
    "motion_blur": (2.5, 1.5, 0.4),  # each draw has another direction
    "elastic_imagecorruptions": (0.8, 0.4, 0.1),
    "spatter": (0.8, 0.4, 0.1),
    "snow": (1.5, 1.5, 0.2),
    "fog": (12.0, 4.0, 0.4),  # means of single draws differ by tens of grey levels
    "frost": (18.0, 8.0, 0.8),  # other textures
}


def rng(name="x", severity=1, file="class/file.png"):
    return generator_for(0, name, severity, file)


@pytest.mark.parametrize("shown", PHOTOGRAPHS)
@pytest.mark.parametrize("name", DETERMINISTIC)
def test_deterministic_corruptions_are_the_peer_s(name, shown):
    generator, picture = rng(), photographs()[shown]
    pixels, sums = STORED[f"{name}/{shown}"], STORED[f"{name}/{shown}/sums"]
    for severity in corruptions.SEVERITIES:
        made = corrupt(picture, name, severity, generator)
        difference = np.abs(made[places()].astype(int) - pixels[severity - 1])
        assert difference.max() <= 1 and (difference > 0).mean() <= 0.001
        # of all pixels: one grey level on .1 % of the values changes the sums by so much at most
        assert np.abs(block_sums(made).astype(int) - sums[severity - 1]).sum() <= 0.001 * made.size
    assert generator.random() == rng().random()  # nothing was drawn


@pytest.mark.seconds
@pytest.mark.parametrize("name", RANDOM)
def test_random_corruptions_have_the_peer_s_mean_variance_and_spectrum(name):
    bounds = np.array(BOUNDS.get(name, (0.4, 0.4, 0.1)))[[0, 1, 2, 2, 2, 2, 2, 2]]
    of_peer = OF_PEER.get(name, name)
    for severity in corruptions.SEVERITIES:
        draws = [corrupt(photograph(), name, severity, rng(of_peer, severity, str(k))) for k in range(6)]
        difference = np.mean([statistics(draw) for draw in draws], 0) - STORED[of_peer][severity - 1]
        assert (np.abs(difference) <= bounds).all(), (severity, difference.round(2))
        assert not np.array_equal(draws[0], draws[1])


if installed():

    @pytest.mark.parametrize("shown", PHOTOGRAPHS)
    @pytest.mark.parametrize("name", DETERMINISTIC)
    def test_deterministic_corruptions_are_those_of_the_package_itself(name, shown):
        for severity in corruptions.SEVERITIES:
            levels, share = deviation(photographs()[shown], name, severity)
            assert levels <= 1 and share <= 0.001


@pytest.mark.parametrize("reach", [1, 2, 4])
def test_pixels_are_moved_as_the_published_loop_moves_them(reach):
    random = np.random.default_rng(reach)
    image = random.integers(0, 256, (23, 31, 3), np.uint8)
    moves = random.integers(-reach, reach, (23 - 2 * reach, 31 - 2 * reach, 2))
    x = image.copy()
    for i, h in enumerate(range(23 - reach, reach, -1)):
        for j, w in enumerate(range(31 - reach, reach, -1)):
            dx, dy = moves[i, j]
            x[h, w], x[h + dy, w + dx] = x[h + dy, w + dx], x[h, w]
    assert np.array_equal(blur.shuffled(image, moves, reach), x)


@pytest.mark.parametrize("factor", [1.0, 1.07, 1.3, 2.5, 4.5])
def test_magnified_pictures_are_those_of_scipy(factor):
    picture = np.random.default_rng(0).random((45, 60, 3), np.float32)
    parts = [int(np.ceil(side / factor)) for side in picture.shape[:2]]
    top, left = ((side - part) // 2 for side, part in zip(picture.shape, parts, strict=False))
    middle = picture[top : top + parts[0], left : left + parts[1]]
    expected = ndimage.zoom(middle, (factor, factor, 1), order=1)[:45, :60]
    np.testing.assert_allclose(blur.magnified(picture, factor), expected, atol=1e-6)


def published_elastic_transform(picture, severity, draw):
    """The benchmark's code, line by line; draw(low, high, shape) gives what it takes from numpy's global generator."""
    c = (
        (244 * 2, 244 * 0.7, 244 * 0.1),
        (244 * 2, 244 * 0.08, 244 * 0.2),
        (244 * 0.05, 244 * 0.01, 244 * 0.02),
        (244 * 0.07, 244 * 0.01, 244 * 0.02),
        (244 * 0.12, 244 * 0.01, 244 * 0.02),
    )[severity - 1]
    image = np.array(picture, np.float32) / 255.0
    shape, size = image.shape, image.shape[:2]
    centre, side = np.float32(size) // 2, min(size) // 3
    one = np.float32([centre + side, [centre[0] + side, centre[1] - side], centre - side])
    other = one + draw(-c[2], c[2], one.shape).astype(np.float32)
    image = cv2.warpAffine(image, cv2.getAffineTransform(one, other), size[::-1], borderMode=cv2.BORDER_REFLECT_101)
    dx, dy = (
        (filters.gaussian(noise, c[1], mode="reflect", truncate=3) * c[0]).astype(np.float32)[..., None]
        for noise in draw(-1, 1, (2, *size))
    )
    x, y, z = np.meshgrid(np.arange(shape[1]), np.arange(shape[0]), np.arange(shape[2]))
    indices = [np.reshape(place, (-1, 1)) for place in (y + dy, x + dx, z)]
    return np.clip(ndimage.map_coordinates(image, indices, order=1, mode="reflect").reshape(shape), 0, 1) * 255


@pytest.mark.parametrize("size", [(224, 224), (90, 130)])
def test_elastic_transform_is_the_benchmark_s(size):
    picture = np.asarray(Image.fromarray(photograph()).resize(size[::-1]))
    for severity in corruptions.SEVERITIES:
        made = corrupt(picture, "elastic_transform", severity, np.random.default_rng(severity))
        expected = published_elastic_transform(picture, severity, np.random.default_rng(severity).uniform)
        assert np.abs(made - expected).max() <= 1.01  # grey levels are cut off to whole ones


def test_elastic_transforms_move_as_far_as_theirs_do(monkeypatch):
    """Gradients of displacements, read off ramps that the transforms move; the affine transform is left out."""
    monkeypatch.setattr(digital, "_affine", lambda picture, *_: picture)
    ramp = np.repeat((255 * np.arange(224) / 223)[None, :, None], 224, 0).repeat(3, 2)

    def gradient(move, severity):
        moved = [move(ramp, severity, np.random.default_rng(k))[..., 0] for k in range(3)]
        right = [(each - ramp[..., 0]) * 223 / 255 for each in moved]
        return np.mean([np.diff(each, axis=0)[:, 40:-40].std() for each in right])  # far from the borders

    found = [gradient(digital.elastic_transform, s) for s in corruptions.SEVERITIES]
    np.testing.assert_allclose(found, (0.001, 0.165, 0.232, 0.318, 0.546), rtol=0.2, atol=0.001)
    peer = [gradient(digital.elastic_imagecorruptions, s) for s in corruptions.SEVERITIES]
    assert not np.allclose(found, peer, rtol=0.2)


def test_motion_blur_is_a_mean_along_a_line_weighted_with_half_a_gaussian():
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    weights = np.exp(-(np.arange(21) ** 2) / (2 * 5.0**2))
    padded = np.pad(image, ((0, 0), (20, 20), (0, 0)), "edge").astype(float)
    expected = sum(w * padded[:, 20 - i : 70 - i] for i, w in enumerate(weights)) / weights.sum()
    other = sum(w * padded[:, 20 + i : 70 + i] for i, w in enumerate(weights)) / weights.sum()
    made = motion_blur.moved(image, 10, 5, 0).astype(float)
    assert min(np.abs(made - expected).max(), np.abs(made - other).max()) <= 1


@pytest.mark.parametrize("decay", [1.4, 2.0])
def test_fog_is_a_fractal_that_repeats_and_loses_power_with_frequency(decay):
    maps = [weather.plasma(64, decay, np.random.default_rng(k)) for k in range(20)]
    assert all(m.min() == 0 and m.max() == 1 for m in maps)
    power = np.mean([np.abs(np.fft.fft2(m)) ** 2 for m in maps], 0)
    cycles = 64 * np.hypot(np.fft.fftfreq(64)[:, None], np.fft.fftfreq(64))
    octaves = [power[(cycles >= low) & (cycles < 2 * low)].mean() for low in (1, 2, 4, 8)]
    # the random part of the heights, reach * uniform(-reach, reach), falls by decay ** 2 with each halving of the
    # scale; an octave's variance thus by decay ** 4, and it is spread over four times as many frequencies
    assert np.diff(np.log2(octaves)).mean() == pytest.approx(-4 * np.log2(decay) - 2, abs=0.8)
    steps = [np.abs(np.diff(m, axis=0, append=m[:1])).mean(1) for m in maps]  # from the last row to the first, too
    assert np.mean([s[-1] for s in steps]) < 2 * np.mean(steps)


@pytest.mark.parametrize("size", [(32, 45), (224, 224), (150, 401)])
def test_pictures_of_any_size_or_one_colour_keep_it_and_are_not_changed(size):
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    before = image.copy()
    for name in NAMES:
        assert all(corrupt(np.full_like(image, level), name, 5, rng()).shape == image.shape for level in (0, 255))
        made = corrupt(image, name, 4, rng(name))
        assert made.shape == image.shape and made.dtype == np.uint8 and not np.array_equal(made, image), name
        assert made.flags.writeable
        assert np.array_equal(image, before)
        assert np.array_equal(made, corrupt(image, name, 4, rng(name))), name


def test_what_is_random_depends_on_seed_name_severity_and_file():
    one = (0, "fog", 1, "a/b.png")
    others = [(1, "fog", 1, "a/b.png"), (0, "snow", 1, "a/b.png"), (0, "fog", 2, "a/b.png"), (0, "fog", 1, "a/c.png")]
    assert generator_for(*one).random() == generator_for(*one).random()
    assert len({generator_for(*key).random() for key in (one, *others)}) == 5


def test_frost_can_be_cut_out_of_given_pictures(tmp_path):
    for k, level in enumerate((40, 200)):
        Image.fromarray(np.full((50, 70, 3), level, np.uint8)).save(tmp_path / f"frost{k}.png")
    picture = np.full((60, 60, 3), 100, np.uint8)
    means = {corrupt(picture, "frost", 3, rng("frost", 3, str(k)), tmp_path).mean() for k in range(12)}
    assert sorted(means) == pytest.approx([70 + 0.7 * 40, 210], abs=1)
    with pytest.raises(FileNotFoundError, match="no folder"):
        corrupt(picture, "frost", 3, rng(), tmp_path / "gone")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no pictures of frost"):
        corrupt(picture, "frost", 3, rng(), tmp_path / "empty")


@pytest.mark.parametrize(
    ("picture", "name", "severity", "told"),
    [
        (np.zeros((64, 64, 3), np.uint8), "rain", 1, "no corruption 'rain'; expected of gaussian_noise"),
        (np.zeros((64, 64, 3), np.uint8), "fog", 0, "severity must be one of 1, 2, 3, 4, 5, got 0"),
        (np.zeros((64, 64), np.uint8), "fog", 1, r"must be \(y, x, 3\) uint8"),
        (np.zeros((64, 64, 3)), "fog", 1, "float64"),
        (np.zeros((31, 64, 3), np.uint8), "fog", 1, "at least 32 x 32"),
    ],
)
def test_what_cannot_be_corrupted_is_refused(picture, name, severity, told):
    with pytest.raises(ValueError, match=told):
        corrupt(picture, name, severity, rng())


def test_opencv_may_work_in_any_number_of_threads():
    threads = cv2.getNumThreads()
    made = []
    for count in (1, 2):
        cv2.setNumThreads(count)
        made.append([corrupt(photograph(), name, 3, rng(name)) for name in ("defocus_blur", "glass_blur", "spatter")])
    cv2.setNumThreads(threads)
    assert all(np.array_equal(a, b) for a, b in zip(*made, strict=True))


def posterised(image, severity, generator):
    return image // (16 * severity) * (16 * severity)


def test_every_corruption_is_declared_and_one_of_ones_own_is_applied_like_ours():
    assert set(corruptions.CORRUPTIONS) == set(corruptions.NAMES)
    own = corruptions.Corruption("posterise", "fewer grey levels", posterised)
    image = np.arange(32 * 32 * 3, dtype=np.uint8).reshape(32, 32, 3)
    made = corruptions.corrupt(image, own, 2, np.random.default_rng(0))
    assert set(np.unique(made).tolist()) <= set(range(0, 256, 32))
