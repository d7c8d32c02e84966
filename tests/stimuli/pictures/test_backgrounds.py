"""Backgrounds: noise with the declared statistics, grey, textures, pictures; each a function of its seed and number."""

import numpy as np
import pytest
from PIL import Image
from scipy import stats
from skimage import data

from stimuli.drawing import backgrounds
from stimuli.families import objects

SIZE = (64, 96)


@pytest.fixture
def pictures(tmp_path):
    """Pictures whose pixels tell their place: red is the row, green the column, blue the picture."""
    (tmp_path / "below").mkdir()
    for k, (name, height, width) in enumerate([("a.png", 64, 96), ("below/b.png", 100, 120)]):
        rows, columns = np.mgrid[:height, :width]
        Image.fromarray(np.stack([rows, columns, 0 * rows + k], -1).astype(np.uint8)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def of_scenes_alone():
    """Backgrounds of scenes whose object is too small to be seen."""
    return objects.render(objects.Objects((128, 128), radius=(1e-4, 1e-4), contrast=0.05), 0, range(16))["image"] / 255


@pytest.mark.parametrize("of_scenes", [False, True])
def test_noise_has_a_falling_spectrum_and_the_declared_contrast(of_scenes):
    fills = [backgrounds.fill("noise", (128, 128), 0, i, contrast=0.05) for i in range(16)]
    luminance = (of_scenes_alone() if of_scenes else np.stack(fills))[..., :2].mean(-1)
    np.testing.assert_allclose(luminance.std((1, 2)), 0.05, rtol=0.03)
    power = np.abs(np.fft.rfft2(luminance - luminance.mean((1, 2), keepdims=True))) ** 2
    frequency = np.hypot(np.fft.fftfreq(128)[:, None], np.fft.rfftfreq(128))
    band = (frequency > 0.02) & (frequency < 0.3)
    slopes = [stats.linregress(np.log(frequency[band]), np.log(p[band])).slope / 2 for p in power]
    assert -1.4 < min(slopes) < max(slopes) < -0.7
    assert max(slopes) - min(slopes) > 0.2  # and not all the same


def test_grey_is_grey():
    assert (backgrounds.fill("grey:0.25", SIZE, 0, 0) == 0.25).all()


@pytest.mark.parametrize("name", backgrounds.TEXTURES)
def test_textures_are_crops_of_scikit_image_s(name):
    texture = getattr(data, name)()
    crop = backgrounds.fill(f"texture:{name}", SIZE, 1, 2)
    assert (crop[..., :1] == crop).all()
    levels = np.round(crop[..., 0] * 255).astype(np.uint8)
    windows = np.lib.stride_tricks.sliding_window_view(texture, (1, 96))[:, :, 0]
    row, column = next(zip(*np.nonzero((windows == levels[0]).all(-1)), strict=True))
    assert np.array_equal(texture[row : row + 64, column : column + 96], levels)
    assert backgrounds.fill(f"texture:{name}", (700, 600), 0, 0).shape == (700, 600, 3)


def test_pictures_are_cropped_not_scaled(pictures):
    word = f"folder:{pictures}"
    seen = set()
    for index in range(30):
        crop = np.round(backgrounds.fill(word, SIZE, 0, index) * 255).astype(int)
        top, left, k = crop[0, 0]
        rows, columns = np.mgrid[top : top + 64, left : left + 96]
        assert np.array_equal(crop, np.stack([rows, columns, 0 * rows + k], -1))
        seen.add((int(top), int(left), int(k)))
    assert {k for *_, k in seen} == {0, 1} and len(seen) > 10


@pytest.mark.parametrize("word", ["noise", "texture:grass", "folder"])
def test_a_background_is_a_function_of_seed_and_number(word, pictures):
    word = f"folder:{pictures}" if word == "folder" else word
    first = [backgrounds.fill(word, SIZE, 5, index) for index in range(6)]
    again = [backgrounds.fill(word, SIZE, 5, index) for index in reversed(range(6))][::-1]
    assert np.array_equal(first, again)
    assert all(fill.dtype == np.float32 and 0 <= fill.min() <= fill.max() <= 1 for fill in first)
    assert len({fill.tobytes() for fill in first}) > 2
    assert not np.array_equal(first, [backgrounds.fill(word, SIZE, 6, index) for index in range(6)])


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("", "unknown background"), ("paper", "unknown background"), ("noise:2", "unknown background"),
        ("grey", "unknown background"), ("grey:1.5", "grey level"), ("grey:dark", "grey level"),
        ("texture:sand", "brick, grass, gravel"), ("folder:/not/there", "no folder"),
    ],
)  # fmt: skip
def test_unknown_backgrounds_are_refused(word, told):
    for refused in (lambda: backgrounds.check(word), lambda: backgrounds.fill(word, SIZE, 0, 0)):
        with pytest.raises((ValueError, FileNotFoundError), match=told):
            refused()


def test_pictures_that_cannot_serve_are_refused(pictures, tmp_path):
    backgrounds.check(f"folder:{pictures}")
    with pytest.raises(ValueError, match="a.png has 64 x 96 pixels .* too few for stimuli of 65 x 96"):
        [backgrounds.fill(f"folder:{pictures}", (65, 96), 0, i) for i in range(20)]
    (pictures / "a.png").write_bytes((pictures / "a.png").read_bytes()[:100])
    with pytest.raises(ValueError, match="cannot read .*a.png"):
        [backgrounds.fill(f"folder:{pictures}", SIZE, 0, i) for i in range(20)]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no pictures in"):
        backgrounds.check(f"folder:{tmp_path / 'empty'}")
    with pytest.raises(FileNotFoundError, match="no picture at"):
        backgrounds.read_picture(tmp_path / "gone.png")


def test_pictures_of_every_kind_are_read_as_rgb(tmp_path):
    levels = np.random.default_rng(0).integers(0, 256, (6, 8), np.uint8)
    Image.fromarray(levels).save(tmp_path / "grey.png")
    assert np.array_equal(backgrounds.read_picture(tmp_path / "grey.png"), np.repeat(levels[..., None], 3, 2))
    seen = np.zeros((6, 8, 4), np.uint8)
    seen[:3, :, 3] = 255  # black, the lower half transparent
    Image.fromarray(seen).save(tmp_path / "half.png")
    assert (backgrounds.read_picture(tmp_path / "half.png")[:, 0, 0] == [0, 0, 0, 255, 255, 255]).all()
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(levels).save(tmp_path / "turned.png", exif=turned)
    assert np.array_equal(backgrounds.read_picture(tmp_path / "turned.png")[..., 0], np.rot90(levels, -1))
    Image.fromarray(levels.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    assert np.array_equal(backgrounds.read_picture(tmp_path / "deep.png")[..., 0], levels)
