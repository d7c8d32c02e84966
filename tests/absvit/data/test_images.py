"""The pixel contract against Pillow, numpy and the original evaluation pipeline."""

from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import timm
import torch
from PIL import Image

from absvit import images
from stimuli.drawing.backgrounds import read_picture

SHARED = Path(__file__).parents[4] / "shared"
RGB = (200, 100, 50)


def textured(height, width, seed=0):
    """A smooth colour picture of any size."""
    noise = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)


def saved(tmp_path, picture, name, **kwargs):
    path = tmp_path / name
    picture.save(path, **kwargs)
    return path


def test_eval_transform_equals_the_original_pipeline_on_photographs():
    """Where the photographs are; Pillow and numpy stand in for them in the next test."""
    vectors = (SHARED / "conformance").glob("eval_transform__imagenet_samples.npz")
    transform = images.eval_transform()
    for file, expected in [pair for v in map(np.load, vectors) for pair in zip(v["files"], v["pixels"], strict=True)]:
        path = next((SHARED / "data" / "imagenet_samples").rglob(str(file)))
        pixels = transform(images.read_photograph(path, upright=False))[:, ::16, ::16]
        np.testing.assert_allclose(pixels.numpy(), expected, atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(300, 421), (500, 260), (256, 256), (100, 131)])
def test_eval_transform_equals_pillow_and_numpy(height, width):
    picture = textured(height, width)
    shorter = min(height, width)
    resized = picture.resize((256 * width // shorter, 256 * height // shorter), Image.Resampling.BICUBIC)
    left, top = round((resized.width - 224) / 2), round((resized.height - 224) / 2)
    crop = np.asarray(resized, np.float64)[top : top + 224, left : left + 224] / 255
    expected = ((crop - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).transpose(2, 0, 1)
    result = images.eval_transform()(picture)
    assert result.dtype == torch.float32
    np.testing.assert_allclose(result.numpy(), expected, atol=1e-5)


def test_eval_transform_without_resize_crops_the_stored_pixels():
    picture = textured(240, 230)
    result = images.eval_transform(resize=False)(picture)
    expected = images.normalise(np.asarray(picture)[8:232, 3:227])[0]
    torch.testing.assert_close(result, expected)


def test_transform_for_follows_the_cfg():
    cfg = {"input_size": (3, 112, 112), "mean": images.MICRO_MEAN, "std": images.MICRO_STD, "crop_pct": 1.0}
    picture = textured(112, 112)
    expected = images.normalise(np.asarray(picture), images.MICRO_MEAN, images.MICRO_STD)[0]
    torch.testing.assert_close(images.transform_for(cfg)(picture), expected)
    timm_cfg = timm.create_model("test_vit").pretrained_cfg
    assert images.transform_for(timm_cfg)(textured(300, 200)).shape == tuple(timm_cfg["input_size"])
    with pytest.raises(ValueError, match="lacks mean, std"):
        images.transform_for({"input_size": (3, 224, 224)})
    with pytest.raises(ValueError, match="square RGB"):
        images.transform_for({**cfg, "input_size": (1, 224, 224)})


def test_constants_are_those_of_timm_and_the_micro_models():
    assert images.IMAGENET_MEAN == timm.data.IMAGENET_DEFAULT_MEAN
    assert images.IMAGENET_STD == timm.data.IMAGENET_DEFAULT_STD
    assert images.MICRO_MEAN == images.MICRO_STD == (0.5, 0.5, 0.5)


def test_normalise_and_back():
    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 7, 3), np.uint8)
    batch = images.normalise(pixels)
    assert batch.shape == (2, 3, 5, 7)
    expected = (pixels[1, 4, 2] / 255 - images.IMAGENET_MEAN) / images.IMAGENET_STD
    np.testing.assert_allclose(batch[1, :, 4, 2].numpy(), expected, atol=1e-6)
    np.testing.assert_allclose(images.denormalise(batch), pixels / 255, atol=1e-6)
    torch.testing.assert_close(images.normalise(pixels / 255.0), batch)
    assert images.normalise(pixels[0]).shape == (1, 3, 5, 7)


def test_check_images_takes_normalised_batches():
    images.check_images(torch.randn(2, 3, 8, 8))
    images.check_images(torch.randn(2, 3, 8, 6, dtype=torch.float16, requires_grad=True), size=(8, 6))
    images.check_images(torch.randn(1, 1, 8, 8), size=8, channels=1)


REFUSED = {
    images.eval_transform: [
        ({"size": 0}, "size"),
        ({"crop_fraction": 0}, "crop_fraction"),
        ({"crop_fraction": 1.5}, "crop_fraction"),
        ({"interpolation": "sinc"}, "interpolation"),
    ],
    images.normalise: [
        ({"pixels": np.zeros((3, 8, 8), np.uint8)}, "image, y, x"),
        ({"pixels": np.zeros((0, 8, 8, 3), np.uint8)}, "image, y, x"),
        ({"pixels": np.zeros((8, 8), np.uint8)}, "image, y, x"),
        ({"pixels": np.full((8, 8, 3), 200.0)}, "divide 0..255"),
        ({"pixels": np.full((8, 8, 3), -0.1)}, "within"),
        ({"pixels": np.full((8, 8, 3), np.nan)}, "nan"),
        ({"pixels": np.zeros((8, 8, 3), np.int64)}, "int64"),
    ],
    partial(images.check_images, size=8): [
        ({"images": np.zeros((1, 3, 8, 8))}, "float64"),
        ({"images": [1, 2]}, "tensor, got list"),
        ({"images": torch.zeros(3, 8, 8)}, r"image, channel, y, x.*shape \(3, 8, 8\)"),
        ({"images": torch.zeros(1, 1, 3, 8, 8)}, "image, channel, y, x"),
        ({"images": torch.zeros(1, 8, 8, 3)}, "3 channels"),
        ({"images": torch.zeros(1, 1, 8, 8)}, "3 channels"),
        ({"images": torch.zeros(0, 3, 8, 8)}, "shape"),
        ({"images": torch.zeros(1, 3, 8, 8, dtype=torch.uint8)}, "floating-point.*uint8"),
        ({"images": torch.zeros(1, 3, 8, 9)}, r"\(8, 8\)"),
        ({"images": torch.full((1, 3, 8, 8), torch.nan)}, "NaN"),
        ({"images": torch.full((1, 3, 8, 8), torch.inf)}, "infinity"),
        ({"images": torch.full((1, 3, 8, 8), 255.0)}, "raw 0..255 pixels"),
    ],
}


@pytest.mark.parametrize(
    ("function", "arguments", "message"), [(function, *row) for function, rows in REFUSED.items() for row in rows]
)
def test_what_is_no_picture_of_a_model_is_refused(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(**arguments)


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tiff", "a.webp", "a.gif"])
def test_read_photograph_reads_formats(tmp_path, name):
    kwargs = {"lossless": True} if name.endswith("webp") else {}
    path = saved(tmp_path, Image.new("RGB", (8, 6), RGB), name, **kwargs)
    picture = images.read_photograph(path)
    assert (picture.mode, picture.size) == ("RGB", (8, 6))
    np.testing.assert_array_equal(np.asarray(picture), np.broadcast_to(RGB, (6, 8, 3)))


def test_read_photograph_cmyk(tmp_path):
    picture = Image.new("RGB", (16, 16), RGB).convert("CMYK")
    result = np.asarray(images.read_photograph(saved(tmp_path, picture, "a.jpg", quality=100)), int)
    assert np.abs(result - RGB).max() <= 3


def test_read_photograph_sixteen_bits(tmp_path):
    values = np.linspace(0, 65535, 64).reshape(8, 8).astype(np.uint16)
    grey = saved(tmp_path, Image.fromarray(values), "grey.png")
    expected = np.rint(values / 257.0)
    np.testing.assert_array_equal(np.asarray(images.read_photograph(grey))[..., 1], expected)
    tiff = saved(tmp_path, Image.fromarray(values), "grey.tif")
    np.testing.assert_array_equal(np.asarray(images.read_photograph(tiff))[..., 2], expected)
    colour = tmp_path / "colour.png"
    cv2.imwrite(str(colour), np.stack([values // 4, values // 2, values], -1))  # blue, green, red
    result = np.asarray(images.read_photograph(colour), float)
    for channel, share in enumerate((1, 2, 4)):
        assert np.abs(result[..., channel] - values / 257.0 / share).max() <= 1


def test_a_picture_that_is_too_large_is_refused_with_advice(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    path = saved(tmp_path, Image.new("L", (11, 10)), "large.png")
    for read in (images.read_photograph, read_picture):
        with pytest.raises(ValueError, match="large.png .*it has more than 100 pixels, save it smaller"):
            read(path)


def test_read_photograph_composites_transparency_on_white(tmp_path):
    half = saved(tmp_path, Image.new("RGBA", (4, 4), (0, 0, 0, 128)), "rgba.png")
    assert np.abs(np.asarray(images.read_photograph(half), int) - 127).max() <= 1
    clear = saved(tmp_path, Image.new("LA", (4, 4), (10, 0)), "la.png")
    assert images.read_photograph(clear).getpixel((0, 0)) == (255, 255, 255)
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([0, 0, 0, *RGB])
    assert images.read_photograph(saved(tmp_path, palette, "p.png")).getpixel((0, 0)) == RGB
    path = saved(tmp_path, palette, "clear.png", transparency=1)
    assert images.read_photograph(path).getpixel((0, 0)) == (255, 255, 255)


def test_read_photograph_grey_and_binary(tmp_path):
    assert images.read_photograph(saved(tmp_path, Image.new("L", (4, 4), 77), "l.png")).getpixel((0, 0)) == (77,) * 3
    assert images.read_photograph(saved(tmp_path, Image.new("1", (4, 4), 1), "1.png")).getpixel((0, 0)) == (255,) * 3


def test_read_photograph_turns_as_exif_says(tmp_path):
    picture = textured(40, 20)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned clockwise by 90 degrees
    path = saved(tmp_path, picture, "a.png", exif=exif)
    turned = np.asarray(picture.transpose(Image.Transpose.ROTATE_270))
    np.testing.assert_array_equal(np.asarray(images.read_photograph(path)), turned)
    np.testing.assert_array_equal(np.asarray(images.read_photograph(path, upright=False)), np.asarray(picture))


def test_read_photograph_refuses(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.jpg"):
        images.read_photograph(tmp_path / "nowhere.jpg")
    text = tmp_path / "text.jpg"
    text.write_text("not a picture")
    whole = saved(tmp_path, textured(64, 64), "whole.jpg")
    truncated = tmp_path / "truncated.jpg"
    truncated.write_bytes(whole.read_bytes()[:-300])
    empty = tmp_path / "empty.png"
    empty.touch()
    floating = saved(tmp_path, Image.fromarray(np.ones((4, 4), np.float32)), "float.tif")
    wide = saved(tmp_path, Image.fromarray(np.full((4, 4), 100_000, np.int32)), "wide.tif")
    for path in (text, truncated, empty, floating, wide, tmp_path):
        with pytest.raises(ValueError, match=path.name):
            images.read_photograph(path)


def test_class_folder(tmp_path):
    for name in ("n02", "n01"):
        (tmp_path / name).mkdir()
        saved(tmp_path / name, Image.new("RGB", (2, 2)), "b.JPEG")
    (tmp_path / "n01" / "deeper").mkdir()
    saved(tmp_path / "n01" / "deeper", Image.new("RGB", (2, 2)), "a.png")
    (tmp_path / "n01" / "notes.txt").touch()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "README").touch()
    samples, classes = images.class_folder(tmp_path)
    assert classes == ["n01", "n02"]
    assert [(path.name, index) for path, index in samples] == [("b.JPEG", 0), ("a.png", 0), ("b.JPEG", 1)]


def test_class_folder_refuses(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder"):
        images.class_folder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="no class folders"):
        images.class_folder(tmp_path)
    (tmp_path / "dog").mkdir()
    with pytest.raises(ValueError, match="dog holds no picture"):
        images.class_folder(tmp_path)


def test_posterising_to_no_bits_gives_black_whatever_pillow_says():
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 8, 3), np.uint8))
    transform = images.train_transform(64)
    found = [op for step in transform.transforms for op in getattr(step, "ops", ()) if "Posterize" in op.name]
    assert [op.name for op in found] == ["PosterizeIncreasing"]
    for bits in range(9):
        kept = np.asarray(picture) & np.uint8(0xFF << (8 - bits) & 0xFF)
        np.testing.assert_array_equal(np.asarray(found[0].aug_fn(picture, bits)), kept)
    for name in ("v0", "original", "augmix-m9-w3"):  # timm's other policies keep their operations elsewhere
        assert images.train_transform(64, auto_augment=name)(picture).shape == (3, 64, 64)
