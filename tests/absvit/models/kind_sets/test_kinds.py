"""Words for kinds, sets of kinds, and priors of several kinds, against ten-line loops and the published sixteen."""

import csv
from pathlib import Path
from types import SimpleNamespace

import formula
import plain
import pytest
import timm
import torch

import absvit
from absvit import priors
from absvit.models.kind_sets import KIND_SETS, CategoryReadout, KindSet, kind_set_of
from absvit.models.kind_words import completions, kinds_of

TABLE = Path(__file__).parents[5] / "shared" / "data" / "sixteen_categories.csv"
IMAGENET = SimpleNamespace(num_classes=1000, categories=None)
FEW = SimpleNamespace(num_classes=4, categories=("tench", "English springer", "dog", "golf ball"))
CHANNELS, CLASSES = 24, 6
TOKENS = torch.randn(3, 17, CHANNELS, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def model():
    made = timm.create_model(
        "absvit_tiny_patch16_224", img_size=64, depth=2, embed_dim=CHANNELS, num_heads=2, num_classes=CLASSES
    )
    made.categories = ("pug", "red wolf, maned wolf", "timber wolf", "tabby, tabby cat", "wok", "beach wagon")
    return formula.fill(made).requires_grad_(False)


# ---- words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "n", "read"),
    [
        ("tench, Tinca tinca", "tench, Tinca tinca", 1, "class"),
        ("Tench", "tench, Tinca tinca", 1, "class, from 'Tench'"),
        ("welsh_springer", "Welsh springer spaniel", 1, "class, from 'welsh_springer'"),
        ("n02085620", "Chihuahua", 1, "class, from 'n02085620'"),
        (151, "Chihuahua", 1, "class, from '151'"),
        ("DOG", "dog", 109, "category of sixteen"),
        ("springer spaniel*", "springer spaniel*", 2, "names with 'springer spaniel'"),
        ("dog, timber wolf", "dog; timber wolf, grey wolf, gray wolf, Canis lupus", 110,
         "category of sixteen; class, from 'timber wolf'"),
        ("goldfish; tench, Tinca tinca", "goldfish, Carassius auratus; tench, Tinca tinca", 2,
         "class, from 'goldfish'; class"),
        ("cat, tabby", "cat; tabby, tabby cat", 6, "category of sixteen; class, from 'tabby'"),
    ],
)  # fmt: skip
def test_what_is_understood(text, name, n, read):
    found = kinds_of(text, IMAGENET)
    assert (found.name, len(found.indices), len(set(found.indices)), found.read) == (name, n, n, read)
    assert str(found) == (f"{name} ({read})" if n == 1 else f"{name} ({read}, {n} kinds)")


def test_a_model_s_own_class_comes_before_a_category():
    assert kinds_of("dog", FEW).indices == (2,)
    assert kinds_of("dog", SimpleNamespace(num_classes=2, categories=FEW.categories[:2])).indices == (1,)
    assert kinds_of("n01440764", FEW).indices == (0,) and kinds_of(3, FEW).name == "golf ball"
    mine = KindSet("mine", "", {"dog": ("tench",), "round": ("golf ball", "0")})
    assert kinds_of("round", FEW, [mine]).indices == (3, 0)
    assert kinds_of("dog", IMAGENET, [KindSet("mine", "", {"Dog": ("wok",)})]).read == "category of mine"


@pytest.mark.parametrize(
    ("text", "model", "said"),
    [
        ("beegle", IMAGENET, "no class 'beegle'; the nearest are beagle; "),
        ("dgo", IMAGENET, "the nearest are .*; dog; "),
        ("dog, xyzzy", IMAGENET, r"no class 'xyzzy'; it knows tench, .* \(1000 classes\)$"),
        ("1000", IMAGENET, "no class '1000'"),
        ("", IMAGENET, "no class ''"),
        (" , ", IMAGENET, "names nothing to look for"),
        ("crane", IMAGENET, r"'crane' may be crane \(n02012849\); crane \(n03126707\): .* or crane\* for all of them"),
        ("bear", FEW, "none of the kinds of 'bear', a category of sixteen; it knows tench; English springer; dog"),
        ("n02085620", FEW, "no class 'n02085620'"),
        ("zebra*", FEW, "no class 'zebra\\*'"),
    ],
)  # fmt: skip
def test_what_is_not_understood(text, model, said):
    with pytest.raises(ValueError, match=said):
        kinds_of(text, model)


def test_completions_are_understood_and_the_best_come_first():
    assert completions("do", IMAGENET, 3) == ["dog", "dowitcher", "Doberman, Doberman pinscher"]
    assert completions("springer", IMAGENET)[:2] == [
        "English springer, English springer spaniel", "Welsh springer spaniel",
    ]  # fmt: skip
    assert completions("tinca", IMAGENET, 1) == ["tench, Tinca tinca"]
    assert completions("xylphone", IMAGENET)[0] == "marimba, xylophone"
    assert completions("", FEW, 3) == ["dog", "tench", "English springer"] and completions("be", FEW) == []
    for text in ("dog, wo", "cat; doberman", "te", ""):
        for found in completions(text, IMAGENET):
            assert len(kinds_of(found, IMAGENET).indices) > text.count("dog")


# ---- sets ----------------------------------------------------------------------------------------------------------


def test_the_sixteen_are_the_published_ones():
    sixteen = kind_set_of("sixteen")
    assert len(sixteen.kinds) == 16 and KIND_SETS["sixteen"] is sixteen is kind_set_of(sixteen)
    found = [index for category in sixteen.kinds for index in sixteen.members(category, IMAGENET)]
    assert len(found) == len(set(found)) == 207
    assert {name: len(of) for name, of in sixteen.kinds.items() if len(of) > 5} == {
        "bird": 49, "bottle": 7, "cat": 6, "dog": 109, "truck": 8,
    }  # fmt: skip


@pytest.mark.skipif(not TABLE.exists(), reason="the published table is no part of this repository")
def test_the_sixteen_are_those_of_the_table():
    with TABLE.open() as lines:
        rows = [(row["category"], int(row["imagenet_index"])) for row in csv.DictReader(lines)]
    sixteen = kind_set_of("sixteen")
    ours = [(category, index) for category in sixteen.kinds for index in sixteen.members(category, IMAGENET)]
    assert sorted(rows) == sorted(ours)


def test_a_user_s_own_set(tmp_path):
    file = tmp_path / "pets.csv"
    file.write_text('category,kind\npet,tench\npet,"English springer"\n\ntoy,3\n', encoding="utf-8-sig")
    pets = kind_set_of(file)
    assert pets.name == "pets.csv" and {name: pets.members(name, FEW) for name in pets.kinds} == {
        "pet": (0, 1), "toy": (3,),
    }  # fmt: skip
    file.write_text("category,imagenet_index\npet,0\npet,207\n")
    assert kind_set_of(str(file)).members("pet", IMAGENET) == (0, 207)
    assert kind_set_of(file).members("pet", FEW) == (0,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "begins with 'nothing': expected a CSV file with the columns category and kind"),
        ("kind,category\npug,pet\n", "begins with 'kind,category'"),
        ("category,kind\n", "has no categories"),
        ("category,kind\npet,\n", "line 2, has the category 'pet' without a kind"),
        ("category,kind\n,pug\n", "line 2, has the kind 'pug' of no category"),
        ("category,kind\npet,tench, Tinca tinca\n", "line 2, has 3 columns: .* in double quotation marks"),
        ("category,kind\npet,pug\ntoy,dog\npet,pug\n", "has pet,pug twice, in lines 2 and 4"),
        ("category,imagenet_index\npet,281\nx,1000\n", "line 3, has the number '1000': expected one of 0 to 999"),
        ("category,imagenet_index\npet,-5\n", "line 2, has the number '-5'"),
        ("category,imagenet_index\npet,1.5\n", "line 2, has the number '1.5'"),
        ("category,imagenet_index\npet,281\npet,0281\n", "has pet,281 twice, in lines 2 and 3"),
        ("category,kind\nPet,pug\npet,tench\n", "has the categories 'Pet' and 'pet'"),
        ('category,kind\npet,"pug\n', "is no CSV file in UTF-8"),
        ("category,kind\npet,tench\npet,0\n", "'pet' of set.csv holds 'tench' twice, as 'tench' and '0'"),
        ("category,kind\npet,tensh\n", "'pet' of set.csv: the model has no class 'tensh'; the nearest are tench"),
    ],
)  # fmt: skip
def test_a_set_that_cannot_be_read(tmp_path, text, said):
    file = tmp_path / "set.csv"
    file.write_text(text)
    with pytest.raises(ValueError, match=said):
        kind_set_of(file).members("pet", FEW)


def test_there_is_no_such_set(tmp_path):
    with pytest.raises(FileNotFoundError, match="no set of kinds 'sixten': expected one of sixteen, or a CSV file"):
        kind_set_of("sixten")
    (tmp_path / "set.csv").write_bytes(b"category,kind\npet,\xff\n")
    with pytest.raises(ValueError, match="no CSV file in UTF-8"):
        kind_set_of(tmp_path / "set.csv")


def test_probability_of_a_category_is_the_mean_of_its_kinds():
    logits = torch.randn(2, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    readout = CategoryReadout.of(KindSet("pets", "", {"pet": ("tench", "dog"), "toy": ("golf ball",)}), FEW)
    assert readout.categories == ("pet", "toy") and readout.members.tolist() == [[0, 2], [3, -1]]
    p = logits.softmax(-1)
    means = torch.stack([(p[..., 0] + p[..., 2]) / 2, p[..., 3]], -1)
    torch.testing.assert_close(readout.logits(logits), means.log())
    torch.testing.assert_close(readout.logits(logits).softmax(-1), means / means.sum(-1, keepdim=True))


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ({"pet": ("tench", "dog"), "animal": ("2",)}, "'dog' is of two categories of mine, 'pet' and 'animal'"),
        ({"pet": ("tench",)}, "mine has one category alone, 'pet'"),
        (KIND_SETS["sixteen"].kinds, "none of the kinds of airplane, bear, .* truck, categories of mine: .* it knows"),
    ],
)
def test_sets_that_a_model_cannot_answer_in(kinds, said):
    of_imagenet = len(kinds) > 2
    with pytest.raises(ValueError, match=said):
        CategoryReadout.of(KindSet("mine", "", kinds, of_imagenet), FEW)


# ---- priors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sharpness", [None, 4])
def test_the_best_evidence_of_several_kinds(model, sharpness):
    match = priors.KindsPrior([1, 4, 3], sharpness=sharpness).match(TOKENS, model)
    for image in range(3):
        cosines = [plain.cosine(TOKENS[image], model.head.weight[index].double()) for index in (1, 4, 3)]
        best = torch.stack(cosines).amax(0)
        torch.testing.assert_close(match[image], best.max() * (best / best.max()) ** (sharpness or 1))
    torch.testing.assert_close(priors.KindsPrior("4").weigh(TOKENS, model), priors.ClassPrior(4).weigh(TOKENS, model))


def test_each_image_may_have_its_own_kinds(model):
    each = priors.KindsPrior(torch.tensor([[0, 1], [3, -1], [-1, -1]]), gain=2.0)
    assert each.n_images == 3 and each.members(model).nonzero().tolist() == [[0, 0], [0, 1], [1, 3]]
    whole = each.weigh(TOKENS, model)
    torch.testing.assert_close(whole[0], priors.KindsPrior([1, 0], gain=2.0).weigh(TOKENS, model)[0])
    torch.testing.assert_close(whole[1], priors.ClassPrior(3, gain=2.0).weigh(TOKENS, model)[1])
    assert not whole[2].any()
    part = each.for_images(slice(1, 2)).weigh(TOKENS[1:2], model)
    torch.testing.assert_close(part, whole[1:2], rtol=0, atol=0)


def test_kinds_are_named(model):
    assert priors.KindsPrior("cat, wok").known(model).tolist() == [3, 4]
    named = priors.KindsPrior(["wolf*", "pug"])
    assert named.known(model).tolist() == [1, 2, 0] and named.label == "wolf*; pug"
    assert named.members(model).tolist() == [True] * 3 + [False] * 3
    assert priors.KindsPrior([1, 2]).label == "classes 1, 2" and priors.KindsPrior(range(5)).label == "5 classes"
    mine = KindSet("mine", "", {"kitchen": ("wok", "tabby")})
    assert priors.KindsPrior("kitchen", sets=(mine,)).known(model).tolist() == [4, 3]
    alone, several = (priors.class_prior(text, model, 3.0) for text in ("wok", "dog, wok"))
    assert isinstance(alone, priors.ClassPrior) and alone.class_index == 4 and alone.gain == 3
    assert isinstance(several, priors.KindsPrior) and several.known(model).tolist() == [0, 4] and several.gain == 3


def test_several_kinds_are_fed_back_as_one_prior(model):
    images = formula.images(2, 0, 64)
    alone = [priors.ClassPrior(0, gain=5.0), priors.ClassPrior(4, gain=5.0)]
    told = [priors.KindsPrior([0, 4], gain=5.0), *alone]
    seen = absvit.perceive(model, images, told, 2, ["class_activation"])
    torch.testing.assert_close(seen.prior_weights[0, 0], seen.prior_weights[0, 1:].amax(0))
    best = (0, 4)[int(seen.logits[1, 0, 0, [0, 4]].argmax())]
    rows = absvit.perceive(model, images, [told[0]], 1, ["tokens"]).tokens[1, 0, 0] @ model.head.weight[best]
    torch.testing.assert_close(seen.class_activation[1, 0, 0], rows / 16, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "at least one"),
        ([0.5], "at least one; got torch.float32"),
        ([True], "got torch.bool"),
        (torch.zeros(1, 1, 1, dtype=torch.int64), r"\(image, kind\)"),
        (["dog", 3], "classes must be words or places"),
        (torch.empty(2, 0, dtype=torch.int64), "at least one"),
    ],
)
def test_kinds_that_are_none(given, said):
    with pytest.raises(ValueError, match=said):
        priors.KindsPrior(given)


def test_kinds_that_the_model_has_not(model):
    for wrong, said in (
        ([0, 6], r"must be in 0\.\.5, got 6"),
        ([-1], "got -1"),
        ("bear", "none of the kinds of 'bear'"),
    ):
        with pytest.raises(ValueError, match=said):
            priors.KindsPrior(wrong).weigh(TOKENS, model)
