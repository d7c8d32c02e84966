"""Cards beside weights: nothing in them is trusted, and every spoilt one ends in one clear line."""

import json
import pickle

import pytest
import timm
import torch
from timm.models.vision_transformer import VisionTransformer

import absvit
from absvit.models import checkpoints, zoo
from absvit.models.checkpoints import cards, formats
from absvit.models.zoo import locations

NAME = "vit_tiny_patch16_224"
MADE = {"num_classes": 3, "img_size": 32, "depth": 1, "embed_dim": 48, "num_heads": 3}
DEEP = "[" * 100_000 + "]" * 100_000
# a field of made_with and what is written there
ARCHITECTURES = {
    "unknown keyword": ("colour", 3), "a list": ("depth", [1]), "text for a number": ("depth", "one"),
    "patch_size 0": ("patch_size", 0), "negative": ("depth", -1), "a fraction": ("depth", 1.5),
    "a number as float": ("num_classes", 3.0), "true for a number": ("depth", True), "null": ("img_size", None),
    "three sides": ("img_size", [32, 32, 32]), "an object": ("img_size", {"y": 32}), "huge": ("embed_dim", 10**400),
    "infinite": ("mlp_ratio", float("inf")), "not a number": ("mlp_ratio", float("nan")),
    "more memory than there is": ("img_size", 16384), "a wide network": ("embed_dim", 16383 * 1),
    "heads that do not part": ("num_heads", 5), "another size": ("embed_dim", 96),
    "a pooling that is none": ("global_pool", "sum"), "a list for a pooling": ("global_pool", ["avg"]),
    "text for a flag": ("qkv_bias", "yes"), "code": ("norm_layer", "torch.nn.Identity"),
}  # fmt: skip
FORBIDDEN = (
    "checkpoint_path", "pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "cache_dir", "scriptable",
    "exportable", "no_jit", "stem", "file", "features_only", "pretrained_strict", "device", "dtype",
)  # fmt: skip
# the content of the whole card
SPOILT = {
    "null": None, "a list": [], "text": "card", "a number": 3, "categories a number": {"categories": 3},
    "categories null": {"categories": None}, "a category null": {"categories": ["a", None, "c"]},
    "categories nested": {"categories": [["a"], ["b"], ["c"]]}, "no categories": {"categories": []},
    "too few categories": {"categories": ["a"]}, "too many categories": {"categories": list("abcd")},
    "lifted text": {"lifted": "no"}, "made_with a list": {"made_with": [1]}, "made_with null": {"made_with": None},
    "gains a list": {"prior_gains": [1.0]}, "a gain of text": {"prior_gains": {"class": "high"}},
    "a gain beyond floats": {"prior_gains": {"class": 10**400}}, "a gain NaN": {"prior_gains": {"class": float("nan")}},
    "a kind of prior that is none": {"prior_gains": {"clas": 2.0}}, "seed text": {"seed": "1"},
    "seed NaN": {"seed": float("nan")}, "epoch a list": {"epoch": [1]}, "hash a number": {"weights_sha256": 3},
    "hash short": {"weights_sha256": "00"}, "stem a list": {"stem_sha256": ["0" * 64]}, "grid flat": {"grid": 4},
    "grid of nothing": {"grid": [0, 4]}, "another grid": {"grid": [1, 9]}, "measured a list": {"measured": [1]},
    "an interval of one": {"measured": {"accuracy": {"value": 1, "interval": [1]}}},
    "an interval of text": {"measured": {"accuracy": {"value": 1, "interval": ["a", "b"]}}},
    "a fact that is not finite": {"validation": {"epochs": [{"loss": float("inf")}]}},
}  # fmt: skip


@pytest.fixture(scope="module")
def weights():
    torch.manual_seed(0)
    return timm.create_model(NAME, **MADE).state_dict()


def spoil(folder, weights, text):
    """A checkpoint whose card is this text."""
    checkpoints.write(folder / "a.safetensors", weights, {"made_with": MADE})
    (folder / "a.json").write_text(text)
    return folder / "a.safetensors"


def refusal(path, name=NAME, **kwargs):
    """The one line by which a checkpoint is refused."""
    with pytest.raises(ValueError) as error:
        zoo.load_model(name, path, **kwargs)
    message = str(error.value)
    assert "\n" not in message and len(message) < 900 and "card" in message, message
    return message


def test_a_good_card_makes_its_model(tmp_path, weights):
    facts = {"made_with": MADE, "categories": list("abc"), "grid": [2, 2], "seed": 1, "mine": [{"free": None}]}
    model = zoo.load_model(NAME, spoil(tmp_path, weights, json.dumps(facts)))
    assert model.categories == ("a", "b", "c") and model.patch_embed.img_size == (32, 32) and model.card == facts


def test_every_bundled_card_is_as_cards_are():
    for path in locations.WEIGHTS_FOLDER.glob("*.safetensors"):
        assert formats.read_card(path)["model"]


@pytest.mark.parametrize(("field", "value"), ARCHITECTURES.values(), ids=ARCHITECTURES)
def test_spoilt_architectures_end_in_one_line(tmp_path, weights, field, value):
    path = spoil(tmp_path, weights, json.dumps({"made_with": {**MADE, field: value}}))
    if field == "embed_dim" and value == 96:  # a good card, of other weights
        with pytest.raises(ValueError, match="do not fit"):
            zoo.load_model(NAME, path)
    else:
        assert "made_with" in refusal(path)


@pytest.mark.parametrize("facts", SPOILT.values(), ids=SPOILT)
def test_spoilt_cards_end_in_one_line(tmp_path, weights, facts):
    facts = {"made_with": MADE, **facts} if isinstance(facts, dict) else facts
    path = spoil(tmp_path, weights, json.dumps(facts))
    if isinstance(facts, dict) and facts.get("grid") == [1, 9]:
        with pytest.raises(ValueError, match="1 x 9 tokens are expected to be as many, got 4"):
            zoo.load_model(NAME, path)
    else:
        refusal(path)


@pytest.mark.parametrize("text", ["", "{", '{"a": 1', "nonsense", "\x00", '{"a": 1e999}', DEEP, '{"a": 1' + "0" * 5000])
def test_what_is_no_json_ends_in_one_line(tmp_path, weights, text):
    refusal(spoil(tmp_path, weights, text))


@pytest.mark.parametrize("field", FORBIDDEN)
def test_no_card_reaches_a_file_or_an_address(tmp_path, weights, field, monkeypatch):
    class Touch:
        def __reduce__(self):
            return open, (str(tmp_path / "ran"), "w")

    (tmp_path / "evil.pth").write_bytes(pickle.dumps(Touch()))

    def never(*args, **kwargs):
        raise AssertionError("timm was asked to make a model")

    path = spoil(tmp_path, weights, json.dumps({"made_with": {**MADE, field: str(tmp_path / "evil.pth")}}))
    monkeypatch.setattr(timm, "create_model", never)
    assert f"{field!r} may not stand there" in refusal(path)
    assert not (tmp_path / "ran").exists()


def test_only_arguments_of_a_vision_transformer_are_in_the_list():
    import inspect

    named = set(inspect.signature(VisionTransformer.__init__).parameters) | {"second_value_bias"}
    named |= set(inspect.signature(absvit.steerable_from).parameters)  # and of one in closed form
    listed = cards.MADE_WITH({"?": 0}).partition("only ")[2].split(", ")
    assert len(listed) > 10 and set(listed) <= named and not set(listed) & set(FORBIDDEN)


@pytest.mark.parametrize(
    ("facts", "place"),
    [({"epoch": -2}, "epoch"), ({"epoch": True}, "epoch"), ({"facts": {"categories": 7}}, "categories"),
     ({"facts": {"categories": ["a"]}}, "1 categories")],
)  # fmt: skip
def test_what_a_pytorch_file_says_of_itself_is_a_card_too(tmp_path, weights, facts, place):
    torch.save({"model": weights, **facts}, tmp_path / "last.pt")
    with pytest.raises(ValueError, match=place):
        checkpoints.read(tmp_path / "last.pt")


def test_a_card_that_nobody_could_read_is_not_written(tmp_path, weights):
    with pytest.raises(ValueError, match="prior_gains: class"):
        checkpoints.write(tmp_path / "a.safetensors", weights, {"prior_gains": {"class": "high"}})
    assert not list(tmp_path.iterdir())
