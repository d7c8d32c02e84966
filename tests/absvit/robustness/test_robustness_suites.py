"""Suites of robustness: folders decide the labels, and whatever does not fit is told."""

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import timm
from PIL import Image
from synthetic_pictures import CLASSES, SIZE, model, paint

from absvit.data.datasets import open_folder
from absvit.images import IMAGENET_MEAN, IMAGENET_STD, eval_transform
from absvit.robustness.classes import check_names, imagenet_subset, labels_of, model_classes, wnids
from absvit.robustness.evaluation import Preprocessing
from absvit.robustness.imagenet_c import Corrupted, corrupted_when_shown
from absvit.robustness.options import SuiteOptions
from absvit.robustness.suites import conditions, open_pictures
from stimuli import corruptions
from stimuli.corruptions.folder_job import Corrupting, corrupt_folder

PHOTOGRAPHS = Path(__file__).parents[4] / "shared" / "data" / "imagenet_samples"
TWO = ("contrast", "shot_noise")


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Clean pictures and their corrupted copy."""
    root = tmp_path_factory.mktemp("pictures")
    paint(root / "clean")
    corrupt_folder(Corrupting(root / "clean", root / "c", corruptions=TWO, severities=(1, 4), seed=3))
    return root


@pytest.fixture
def own(tree, tmp_path):
    """A copy of the corrupted pictures, to be spoilt."""
    shutil.copytree(tree / "c", tmp_path / "c")
    return tmp_path / "c"


def shown(suites, names=CLASSES, size=SIZE, **options):
    return conditions(suites.split(), SuiteOptions(**options), names, size)


def corrupted(root, **options):
    return shown("imagenet_c", inc_path=root, corruptions=TWO, severities=(1, 4), **options)


def test_names_decide_the_labels(tree):
    names = ("fox", "dog", "ant", "bee", "elk", "cat")  # a model may count its classes in any order
    (clean,) = shown("clean", names, data=tree / "clean")
    assert [names[label] for label in clean.labels] == [name for name in CLASSES for _ in range(2)]
    assert clean.resize and clean.severity == 0


def test_corrupted_pictures_are_read_by_corruption_and_severity(tree):
    found = corrupted(tree / "c")
    assert [(c.suite, c.severity) for c in found] == [(f"imagenet_c/{name}", s) for name in TWO for s in (1, 4)]
    for condition in found:
        name = condition.suite.partition("/")[2]
        picture = tree / "c" / name / str(condition.severity) / "bee" / "1.png"
        assert not condition.resize
        assert np.array_equal(condition.pictures.read(3), Image.open(picture))


def test_corruption_on_the_fly_gives_the_pixels_on_disk(tree):
    on_disk = corrupted(tree / "c")
    made = shown("imagenet_c", data=tree / "clean", on_the_fly=True, corruptions=TWO, severities=(1, 4), seed=3)
    for one, other in zip(on_disk, made, strict=True):
        assert (one.suite, one.severity) == (other.suite, other.severity)
        for index in range(len(one.labels)):
            assert np.array_equal(one.pictures.read(index), other.pictures.read(index))


def test_larger_pictures_are_resized_before_they_are_corrupted_on_the_fly(tmp_path):
    pictures = open_folder(paint(tmp_path / "large", size=64, each=1))
    assert Corrupted(pictures, "fog", 2, SIZE).read(0).size == (SIZE, SIZE)


def test_the_subsets_are_the_published_ones():
    a, r = imagenet_subset("a"), imagenet_subset("r")
    assert len(wnids()) == 1000 and len({*a}) == len({*r}) == 200 and len({*a} & {*r}) == 86
    assert {*a, *r} <= {*wnids()}


@pytest.mark.parametrize("letter", ["a", "r"])
def test_a_subset_must_be_whole_and_is_cut_out_of_the_classes(tmp_path, letter):
    wanted, suite, names = imagenet_subset(letter), f"imagenet_{letter}", wnids()
    place = paint(tmp_path / "subset", wanted, each=1, size=4)
    sources = {f"in{letter}_path": place}
    (condition,) = shown(suite, names, 224, **sources)
    assert sorted(names[k] for k in condition.among) == sorted(wanted)
    assert [names[label] for label in condition.labels] == sorted(wanted)
    (place / wanted[7]).rename(place / "n99999999")
    with pytest.raises(ValueError, match=f"lacks {wanted[7]} and holds n99999999"):
        shown(suite, names, 224, **sources)
    shutil.rmtree(place / "n99999999")
    with pytest.raises(ValueError, match=f"lacks {wanted[7]}: .*--partial"):
        shown(suite, names, 224, **sources)
    with pytest.raises(ValueError, match="the model's 6 classes lack 200 of its 200: take a model .*on them$"):
        shown(suite, CLASSES, 224, **sources)
    with pytest.raises(ValueError, match="the model's 1000 classes lack 200 .*with --classes FILE$"):
        shown(suite, [str(k) for k in range(1000)], 224, **sources)


def test_imagenet_v2_may_number_its_folders(tmp_path):
    place = paint(tmp_path / "v2", [str(k) for k in range(1000)], each=1, size=1)
    (condition,) = shown("imagenet_v2", wnids(), 224, inv2_path=place)
    for index in (0, 1, 2, 500, 999):
        assert condition.pictures.name(index).startswith(f"{condition.labels[index]}/")


def test_a_folder_of_ones_own_may_lack_classes_but_have_no_others(tmp_path):
    place = paint(tmp_path / "own", ("fox", "bee"))
    (condition,) = shown("folder", folder=place)
    assert condition.labels.tolist() == [1, 1, 5, 5]
    paint(place, ("wolf",))
    with pytest.raises(ValueError, match="holds wolf"):
        shown("folder", folder=place)


def test_attacks_are_of_every_size_at_every_pass(tree):
    sources = {"data": tree / "clean", "eps": (0.5, 2), "steps": 7, "restarts": 3, "attack_iterations": (0, 1)}
    found = shown("fgsm pgd", **sources, seed=8)
    assert [c.suite for c in found] == [
        f"{name}/eps={eps}{how}/pass={k}"
        for name, how in (("fgsm", ""), ("pgd", "/steps=7/restarts=3"))
        for eps in ("0.5", "2")
        for k in (0, 1)
    ]
    for c in found[:4]:
        assert (c.attack.step, c.attack.steps, c.attack.random_start) == (c.attack.eps, 1, False)
    for c in found[4:]:
        assert (c.attack.step, c.attack.steps, c.attack.restarts) == (c.attack.eps / 2, 7, 3) and c.attack.seed == 8


def test_targeted_attacks_have_names_and_aims_of_their_own(tree):
    for targeted, names in (
        (False, ["fgsm/eps=1", "pgd/eps=1"]),
        (True, ["fgsm/eps=1/targeted", "pgd/eps=1/targeted"]),
    ):
        found = shown("fgsm pgd", data=tree / "clean", targeted=targeted)
        assert [c.suite for c in found] == names and all((c.aim is not None) == targeted for c in found)


def test_frost_on_the_fly_may_be_given_pictures(tree, tmp_path):
    (tmp_path / "frost").mkdir()
    Image.fromarray(np.full((50, 70, 3), 200, np.uint8)).save(tmp_path / "frost" / "1.png")
    options = {"data": tree / "clean", "corruptions": ("frost",), "severities": (4,), "seed": 3}
    options["frost_folder"] = tmp_path / "frost"
    corrupt_folder(Corrupting(tree / "clean", tmp_path / "c", ("frost",), (4,), 3, frost_folder=tmp_path / "frost"))
    (frosted,) = shown("imagenet_c", on_the_fly=True, **options)
    written = open_folder(tmp_path / "c" / "frost" / "4")
    assert all(np.array_equal(frosted.pictures.read(k), written.read(k)) for k in range(len(written)))
    with pytest.raises(ValueError, match="add --on-the-fly"):
        SuiteOptions(**options)
    with pytest.raises(FileNotFoundError, match="no folder"):
        shown("imagenet_c", on_the_fly=True, **options | {"frost_folder": tmp_path / "gone"})


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"eps": (1, 2, 1.0)}, "each of the eps once, got 1 repeatedly"),
        ({"attack_iterations": (0, 0)}, "each of the attack iterations once, got 0"),
        ({"corruptions": ("fog", "fog")}, "corruptions once, got fog"),
        ({"severities": (2, 3, 2)}, "severities once, got 2"),
    ],
)
def test_what_is_given_twice_is_refused(options, told):
    with pytest.raises(ValueError, match=told):
        SuiteOptions(**options)


def test_a_split_is_found_within_its_data_set(tree, tmp_path):
    shutil.copytree(tree / "clean", tmp_path / "set" / "val")
    assert len(open_pictures(tmp_path / "set")) == len(open_pictures(tree / "clean")) == 12


# ---- what does not fit ---------------------------------------------------------------------------------------------


def spoil(root, how):
    if how == "corruption":
        shutil.rmtree(root / "shot_noise")
    elif how == "renamed":
        (root / "shot_noise").rename(root / "shots")
    elif how == "severity":
        shutil.rmtree(root / "contrast" / "4")
    elif how == "strange severity":
        (root / "contrast" / "9").mkdir()
    elif how == "flat":
        for place in (root / "contrast" / "4").glob("*/*.png"):
            place.rename(root / "contrast" / "4" / f"{place.parent.name}{place.name}")
        for folder in list((root / "contrast" / "4").iterdir()):
            if folder.is_dir():
                folder.rmdir()
    elif how == "empty":
        for place in (root / "contrast" / "4" / "cat").iterdir():
            place.unlink()
    elif how == "extra":
        shutil.copytree(root / "contrast" / "1" / "cat", root / "contrast" / "1" / "lion")
    elif how == "missing":
        shutil.rmtree(root / "contrast" / "1" / "cat")


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("corruption", "lacks the folders of corruption shot_noise"),
        ("renamed", "shot_noise and holds shots, which is no corruption"),
        ("severity", "contrast lacks the folders of severity 4"),
        ("strange severity", "contrast holds 9, which is no severity"),
        ("flat", "4 holds no class folders"),
        ("empty", "class folder .*cat holds no picture"),
        ("extra", "1 holds lion"),
        ("missing", "1 lacks cat"),
    ],
)
def test_layouts_that_do_not_fit_are_told(own, how, told):
    spoil(own, how)
    with pytest.raises(ValueError, match=told):
        corrupted(own)


def lose(root, *files):
    for file in files:
        (root / file).unlink()


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (
            ["contrast/4/cat/1.png"],
            r"hold the same 12 pictures, but contrast/4 lacks 1 \(cat/1.png\): complete them",
        ),
        (
            [f"{place}/{name}/0.png" for place in ("contrast/1", "shot_noise/4") for name in ("ant", "bee", "cat")],
            r"contrast/1 lacks 3 \(ant/0.png, bee/0.png ...\), shot_noise/4 lacks 3 \(ant/0.png, bee/0.png ...\): ",
        ),
    ],
)
def test_corruptions_and_severities_that_hold_other_pictures_are_refused(own, files, told):
    lose(own, *files)
    with pytest.raises(ValueError, match=told):
        corrupted(own)


def test_fewer_pictures_are_fine_where_all_lack_the_same(own):
    lose(own, *(f"{name}/{severity}/cat/1.png" for name in TWO for severity in (1, 4)))
    assert {len(condition.labels) for condition in corrupted(own)} == {11}


def test_a_copy_with_another_elastic_transform_than_the_benchmark_s_is_told(own):
    (own / "contrast").rename(own / "elastic_transform")
    record = json.loads((own / "corruptions.json").read_text())
    sources = {"inc_path": own, "corruptions": ("elastic_transform",), "severities": (1,)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shown("imagenet_c", **sources)
    del record["elastic_transform"]  # as before there were two
    (own / "corruptions.json").write_text(json.dumps(record))
    with pytest.warns(UserWarning, match="elastic_transform was that of the package imagecorruptions"):
        shown("imagenet_c", **sources)


@pytest.mark.parametrize(
    ("suites", "options", "told"),
    [
        (["clear"], {}, "got clear"),
        (["clean", "clean"], {}, "each once"),
        ([], {}, "at least one suite"),
        (["clean"], {}, "give --data"),
        (["imagenet_c"], {}, "give --inc-path, or --on-the-fly"),
        (["imagenet_a"], {}, "give --ina-path"),
        (["folder"], {}, "give --folder"),
        (["imagenet_c"], {"inc_path": ".", "on_the_fly": True, "data": "{clean}"}, "not both"),
        (["imagenet_sketch"], {"insk_path": "{clean}"}, "ImageNet classes"),
    ],
)
def test_requests_that_cannot_be_met_are_told(tree, suites, options, told):
    options = {k: Path(str(v).format(clean=tree / "clean")) if isinstance(v, str) else v for k, v in options.items()}
    with pytest.raises(ValueError, match=told):
        conditions(suites, SuiteOptions(**options), CLASSES, SIZE)
    with pytest.raises(FileNotFoundError, match="no folder of corrupted pictures"):
        shown("imagenet_c", inc_path=tree / "nowhere")


def test_pictures_of_another_size_are_not_resized(tree):
    larger, smaller = (corrupted(tree / "c", size=size) for size in (24, 40))
    with pytest.raises(ValueError, match="32 x 32 pixels, and the model takes 24 x 24.*--centre-crop"):
        larger[0].pictures.read(0)
    with pytest.raises(ValueError, match="takes 40 x 40.*make them larger"):
        smaller[0].pictures.read(0)
    cropped = corrupted(tree / "c", size=24, centre_crop=True)[0].pictures.read(0)
    pixels = eval_transform(24, resize=False)(cropped).numpy().transpose(1, 2, 0) * IMAGENET_STD + IMAGENET_MEAN
    assert np.allclose(pixels, np.asarray(cropped)[4:28, 4:28] / 255, atol=1e-6)
    with pytest.raises(ValueError, match="make them larger"):
        corrupted(tree / "c", size=40, centre_crop=True)[0].pictures.read(0)


def test_without_imagemagick_only_two_corruptions_fail(tree, monkeypatch):
    monkeypatch.setattr(
        "stimuli.corruptions.motion_blur.missing",
        lambda: "motion_blur and snow need ImageMagick: install libmagickwand",
    )
    pictures = open_folder(tree / "clean")
    for name in ("motion_blur", "snow"):
        with pytest.raises(FileNotFoundError, match="libmagickwand"):
            list(corrupted_when_shown(pictures, ("fog", name), (1,), SIZE))
    others = [name for name in corruptions.BENCHMARK if name not in ("motion_blur", "snow")]
    assert len(list(corrupted_when_shown(pictures, others, (1,), SIZE))) == 13


def test_names_of_a_models_classes(tmp_path):
    made = model()
    assert model_classes(made) == CLASSES
    file = tmp_path / "classes.txt"
    file.write_text("a\nb\n\nc\nd\ne\nf\n")
    assert model_classes(made, file) == tuple("abcdef")
    file.write_text("a\nb\na\nd\ne\nf\n")
    with pytest.raises(ValueError, match="5 of them different"):
        model_classes(made, file)
    with pytest.raises(FileNotFoundError, match="one name a line"):
        model_classes(made, tmp_path / "none.txt")
    with pytest.raises(ValueError, match="not known.*--classes FILE"):
        model_classes(timm.create_model("vit_tiny_patch16_224", depth=1, num_classes=7))
    assert model_classes(timm.create_model("vit_tiny_patch16_224", depth=1)) == wnids()


def test_preprocessing_is_the_models_own():
    assert Preprocessing.of(model()).size == SIZE
    lite = Preprocessing.of(timm.create_model("tf_efficientnet_lite0"))
    assert (lite.size, lite.crop_pct, lite.interpolation, lite.mean) == (224, 0.875, "bicubic", (0.5, 0.5, 0.5))


if PHOTOGRAPHS.exists():  # the photographs are no part of this repository

    def test_real_wnid_folders_go_through_every_suite(tmp_path):
        known = wnids()
        found = sorted(folder.name for folder in PHOTOGRAPHS.iterdir())
        for suite in ("clean", "imagenet_a", "imagenet_r", "imagenet_sketch", "imagenet_v2", "folder", "fgsm"):
            place, names = tmp_path / suite, found
            if suite[-2:] in ("_a", "_r"):
                names = sorted({*found} & {*imagenet_subset(suite[-1])})
            place.mkdir()
            for name in names:
                (place / name).symlink_to(PHOTOGRAPHS / name)
            options = dict.fromkeys(("data", "ina_path", "inr_path", "insk_path", "inv2_path", "folder"), place)
            (condition,) = conditions([suite], SuiteOptions(**options, partial=True), known, 224)
            for label, index in zip(condition.labels, range(len(names)), strict=True):
                assert condition.pictures.name(index).split("/")[0] == known[label]
            if suite != "folder":
                with pytest.raises(ValueError, match=r"lacks n\d+, .*--partial"):
                    conditions([suite], SuiteOptions(**options), known, 224)
        with pytest.raises(ValueError, match="holds"):
            conditions(["imagenet_a"], SuiteOptions(ina_path=PHOTOGRAPHS, partial=True), known, 224)


def test_labels_need_names_that_were_checked(tree):
    pictures = open_folder(tree / "clean")
    with pytest.raises(ValueError, match="lacks gnu and holds ant"):
        check_names(pictures.classes, ("gnu", *CLASSES[1:]), "here")
    with pytest.raises(KeyError):
        labels_of(pictures, CLASSES[1:])
