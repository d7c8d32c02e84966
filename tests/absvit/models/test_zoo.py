"""The zoo: published numbers, where weights come from, and both command lines."""

import json
from dataclasses import replace

import pytest
import timm
import torch
from programs import PROGRAMS

from absvit import convert
from absvit.models import __main__ as listing
from absvit.models import checkpoints, zoo
from absvit.models.zoo import locations
from stimuli.foundation import fetching
from stimuli.foundation.files import file_sha256


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """An empty folder of bundled weights and an empty cache."""
    (tmp_path / "weights").mkdir()
    monkeypatch.setattr(locations, "WEIGHTS_FOLDER", tmp_path / "weights")
    monkeypatch.setenv("ABSVIT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    return tmp_path


def state(name, seed=0, **kwargs):
    torch.manual_seed(seed)
    return {key: torch.randn_like(value) for key, value in zoo.create_model(name, **kwargs).state_dict().items()}


def holds(model, expected):
    return all(torch.equal(value, expected[key]) for key, value in model.state_dict().items())


def test_published_numbers_are_exact():
    table = {variant.name: variant for variant in zoo.VARIANTS}
    assert table["absvit_base_patch16_224"] == zoo.Variant(
        "absvit_base_patch16_224", 100_724_200, 81.0, 48.3, 81.3, 76.8, 47.2
    )
    for variant in zoo.VARIANTS:
        assert timm.is_model(variant.name)
        counted = zoo.parameter_count(variant.name)
        assert variant.parameters in (None, counted)
        ours = any(word in variant.name for word in ("micro", "hybrid", "lite"))
        if not variant.name.startswith("absvit") and not ours:
            width = {"tiny": 192, "small": 384, "base": 768}[variant.name.split("_")[1]]
            assert zoo.parameter_count(f"abs{variant.name}") == counted + 24 * width**2 + width
        assert (variant.url is None) == ours


def test_unknown_names_get_the_nearest():
    for make in (zoo.create_model, zoo.load_model, zoo.parameter_count):
        with pytest.raises(ValueError, match="absvit_small_patch16_224"):
            make("absvit_smal_patch16_224")
    with pytest.raises(ValueError, match="vit_large_patch16_224"):
        zoo.create_model("vit_large_patch16_223")
    with pytest.raises(ValueError, match="absvit_micro"):
        zoo.create_model("")


def test_bundled_weights_with_card_and_tags(places):
    first, second = state("absvit_micro"), state("absvit_micro", seed=1)
    card = {"prior_gains": {"class": 3}, "categories": [f"thing {index}" for index in range(12)]}
    sha256 = checkpoints.write(locations.bundled("absvit_micro"), first, card)
    checkpoints.write(locations.bundled("absvit_micro", "seed1"), second, {})
    model = zoo.load_model("absvit_micro")
    assert not model.training and holds(model, first)
    assert model.checkpoint_sha256 == sha256
    assert model.checkpoint.endswith("absvit_micro.safetensors")
    assert model.prior_gains == {**zoo.create_model("absvit_micro").prior_gains, "class": 3.0}
    assert model.categories == tuple(card["categories"])
    assert holds(zoo.load_model("absvit_micro", "seed1"), second)
    assert holds(zoo.load_model("absvit_micro", "default"), first)
    assert zoo.status("absvit_micro") == "bundled"
    with pytest.raises(FileNotFoundError, match=r"bundled tags \(seed1\)"):
        zoo.load_model("absvit_micro", "seed7")


def test_paths_and_official_files(places):
    weights = state("vit_micro")
    torch.save({"model": weights, "model_ema": {key: value + 1 for key, value in weights.items()}}, places / "a.pth")
    assert holds(zoo.load_model("vit_micro", places / "a.pth"), weights)
    ema = zoo.load_model("vit_micro", str(places / "a.pth"), which="ema")
    assert torch.equal(ema.head.bias, weights["head.bias"] + 1)
    with pytest.raises(FileNotFoundError, match=r"the folder holds a\.pth"):
        zoo.load_model("vit_micro", places / "aa.pth")
    with pytest.raises(ValueError, match="decoders"):
        zoo.load_model("absvit_micro", places / "a.pth")


def test_released_weights_come_from_the_cache_or_not_at_all(places, monkeypatch):
    name = "vit_tiny_patch16_224"
    url = f"http://127.0.0.1:1/{name}.pth"
    monkeypatch.setitem(zoo.RELEASES, name, url)
    assert zoo.status(name) == "to be fetched"
    with pytest.raises(FileNotFoundError, match=str(fetching.cached_path(url))):
        zoo.load_model(name)
    weights = state(name)
    torch.save({"model": weights}, fetching.cached_path(url))
    assert zoo.status(name) == "cached"
    model = zoo.load_model(name)
    assert holds(model, weights)
    assert model.pretrained_cfg["mean"] == (0.485, 0.456, 0.406)
    assert model.pretrained_cfg["crop_pct"] == 0.875
    model = zoo.load_model(name, pretrained_cfg_overlay={"crop_pct": 0.9})
    assert model.pretrained_cfg["crop_pct"] == 0.9


def test_nothing_to_load_is_an_error():
    assert zoo.status("vit_micro") == "none"
    for name in ("vit_micro", "vit_tiny_patch16_384"):
        with pytest.raises(ValueError, match="no weights of"):
            zoo.load_model(name)
    with pytest.raises(ValueError, match="leave pretrained"):
        zoo.load_model("absvit_micro", pretrained=True)


def test_adaptation_warns_and_drops_the_categories(places):
    checkpoints.write(places / "a.safetensors", state("absvit_micro"), {"categories": ["thing"] * 12})
    with pytest.raises(ValueError, match="head.weight"):
        zoo.load_model("absvit_micro", places / "a.safetensors", num_classes=3)
    with pytest.warns(UserWarning, match="newly initialised"):
        model = zoo.load_model("absvit_micro", places / "a.safetensors", adapt=True, num_classes=3)
    assert model.categories is None


@pytest.mark.parametrize("gains", [{"class": "high"}, {"class": float("inf")}, [1.0]])
def test_gains_of_a_card_are_finite_numbers(places, gains):
    checkpoints.write(places / "a.safetensors", state("absvit_micro"), {})
    card = json.loads((places / "a.json").read_text())
    (places / "a.json").write_text(json.dumps({**card, "prior_gains": gains}))
    with pytest.raises(ValueError, match="prior_gains"):
        zoo.load_model("absvit_micro", places / "a.safetensors")


def test_pretrained_overlay_gives_timm_the_weights(places):
    weights = state("vit_micro")
    checkpoints.write(locations.bundled("vit_micro"), weights, {})
    overlay = locations.pretrained_overlay("vit_micro")
    assert holds(timm.create_model("vit_micro", pretrained=True, pretrained_cfg_overlay=overlay), weights)
    with pytest.raises(ValueError, match="no weights of"):
        locations.pretrained_overlay("absvit_micro")


@pytest.mark.parametrize("size", [(56, 224), (112, 112), (224, 56), (64, 48)], ids=str)
def test_pretrained_weights_go_to_the_grid_of_the_model(places, size):
    weights = state("vit_micro")
    checkpoints.write(locations.bundled("vit_micro"), weights, {})
    expected = timm.create_model("vit_micro", img_size=size)
    checkpoints.load_into(expected, weights, adapt=True, grid=(14, 14))
    assert holds(timm.create_model("vit_micro", pretrained=True, img_size=size), expected.state_dict())


def test_a_grid_that_is_no_square_is_kept_with_the_weights(places):
    weights = timm.create_model("vit_micro", img_size=(56, 224)).state_dict()
    torch.save(weights, places / "wide.pt")
    with pytest.raises(ValueError, match="give grid="):
        zoo.load_model("vit_micro", places / "wide.pt", img_size=(56, 224))
    assert holds(zoo.load_model("vit_micro", places / "wide.pt", img_size=(56, 224), grid=(7, 28)), weights)
    checkpoints.write(places / "wide.safetensors", weights, {"grid": [7, 28], "made_with": {"img_size": [56, 224]}})
    assert holds(zoo.load_model("vit_micro", places / "wide.safetensors"), weights)
    with pytest.raises(ValueError, match="resampled from 7 x 28 to 14 x 14"):
        zoo.load_model("vit_micro", places / "wide.safetensors", img_size=112)
    with pytest.warns(UserWarning, match="resampled from 7 x 28 to 14 x 14"):
        zoo.load_model("vit_micro", places / "wide.safetensors", img_size=112, adapt=True)


def test_table_lists_every_variant_and_what_was_measured():
    measured = {"accuracy": {"value": 0.951, "interval": [0.94, 0.96]}, "absent class": 0.0421, "images": 12}
    checkpoints.write(locations.bundled("absvit_micro"), state("absvit_micro"), {"measured": measured})
    checkpoints.write(locations.bundled("absvit_micro", "seed2"), state("absvit_micro"), {"measured": measured})
    lines = listing.table().splitlines()
    assert sum(line.split()[0] in {variant.name for variant in zoo.VARIANTS} for line in lines if line) == 18
    row = next(line for line in lines if line.startswith("absvit_small"))
    assert row.split() == ["absvit_small_patch16_224", "25,589,992", "80.7", "51.6", "to", "be", "fetched"]
    assert next(line for line in lines if line.startswith("absvit_micro")).endswith("bundled (also: seed2)")
    assert "  accuracy: 0.951 [0.940, 0.960]" in lines
    assert "  absent class: 0.042" in lines and "  images: 12" in lines and "absvit_micro seed2" in lines


def test_convert(places):
    weights = state("absvit_micro")
    torch.save({"model": weights, "epoch": 7}, places / "official.pth")
    conversion = convert.Conversion(str(places / "official.pth"), places / "out.safetensors", "absvit_micro")
    card = convert.convert(conversion)
    assert card["source_sha256"] == file_sha256(places / "official.pth")
    assert card["epoch"] == 7 and card["parameters"] == zoo.parameter_count("absvit_micro")
    assert json.loads((places / "out.json").read_text()) == card
    assert holds(zoo.load_model("absvit_micro", places / "out.safetensors"), weights)
    with pytest.raises(ValueError, match="--overwrite"):
        convert.convert(conversion)
    assert convert.convert(replace(conversion, overwrite=True)) == card


def test_weights_of_another_library_are_named_by_their_places(places):
    weights = state("absvit_micro")
    torch.save({f"theirs.{key}": value for key, value in weights.items()}, places / "theirs.pth")
    conversion = convert.Conversion(str(places / "theirs.pth"), places / "out.safetensors", "absvit_micro")
    with pytest.raises(ValueError, match="missing"):
        convert.convert(conversion)
    convert.convert(replace(conversion, by_position=True))
    assert holds(zoo.load_model("absvit_micro", places / "out.safetensors"), weights)
    swapped = {f"theirs.{key}": weights[key] for key in reversed(weights)}
    torch.save(swapped, places / "theirs.pth")
    with pytest.raises(
        ValueError, match=r"theirs\.decoders\.3\.linear2\.weight \(64, 64\) stands where the model has cls_token"
    ):
        convert.convert(replace(conversion, by_position=True, overwrite=True))
    torch.save(dict(list(swapped.items())[1:]), places / "theirs.pth")
    with pytest.raises(ValueError, match=f"{len(weights) - 1} tensors cannot be named by position"):
        convert.convert(replace(conversion, by_position=True, overwrite=True))


def test_command_lines(places, capsys):
    torch.save({"model": state("absvit_micro")}, places / "official.pth")
    arguments = [str(places / "official.pth"), str(places / "out.safetensors"), "--model"]
    assert PROGRAMS["convert"]([*arguments, "vit_micro"]) == 2
    refused = capsys.readouterr().err
    assert refused.count("\n") == 1 and "prompt" in refused
    assert not (places / "out.safetensors").exists()
    assert PROGRAMS["convert"]([*arguments, "absvit_micro"]) == 0
    assert "parameters, from" in capsys.readouterr().out
    assert PROGRAMS["models"]([]) == 0
    assert "absvit_base_patch16_224     100,724,200   81.0  48.3" in capsys.readouterr().out
