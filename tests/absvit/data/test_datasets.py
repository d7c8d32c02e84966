"""Labelled pictures: whatever holds them, the same pictures come out; what is wrong is named."""

import io
import json
import multiprocessing
import pickle
import shutil
import tarfile
import unicodedata

import numpy as np
import pytest
import torchvision
from PIL import Image

from absvit.data.datasets import PictureArray, check_same_classes, open_dataset, open_folder
from absvit.data.picture_identity import identity
from stimuli.__main__ import main as make_stimuli
from stimuli.sets import class_folder, format

CLASSES = ("ant", "bee", "cat")


def grey(c, k):
    """The level of picture k of class c: what every store of pictures must give back."""
    return 50 * c + 10 * k + 5


def encoded(level):
    buffer = io.BytesIO()
    Image.new("RGB", (5, 4), (level, 0, 255 - level)).save(buffer, "PNG")
    return buffer.getvalue()


def fill(folder, n=3):
    for c, name in enumerate(CLASSES):
        (folder / name).mkdir(parents=True)
        for k in range(n):
            (folder / name / f"{k}.png").write_bytes(encoded(grey(c, k)))


def tar_of(path, contents):
    """A tar of names and bytes; None makes a folder."""
    with tarfile.open(path, "w") as tar:
        for name, data in contents:
            entry = tarfile.TarInfo(name)
            if data is None:
                entry.type = tarfile.DIRTYPE
            else:
                entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data or b""))
    return path


def in_folders(prefix=""):
    """Members of a tar, in an order that is not the sorted one."""
    return [(f"{prefix}{name}/{k}.png", encoded(grey(c, k))) for k in (2, 0, 1) for c, name in enumerate(CLASSES)]


def nested():
    """Members of a tar of one tar a class, as ImageNet's training archive is."""
    members = []
    for c in (2, 0, 1):
        buffer = io.BytesIO()
        tar_of_one = [(f"{k}.png", encoded(grey(c, k))) for k in range(3)]
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for name, data in tar_of_one:
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
        members.append((f"{CLASSES[c]}.tar", buffer.getvalue()))
    return members


def hold_the_pictures(pictures):
    assert pictures.classes == CLASSES and len(pictures) == 9
    assert pictures.targets.dtype == np.int64 and pictures.targets.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    for index in (8, 0, 4, *range(9)):
        pixels = np.asarray(pictures.read(index))
        assert pixels.shape == (4, 5, 3)
        assert (pixels[..., 0] == grey(index // 3, index % 3)).all()
        assert pictures.name(index).endswith(f"{index % 3}.png")
    return True


@pytest.mark.parametrize("name", ["train", "val", "validation", "test"])
def test_class_folders(tmp_path, name):
    fill(tmp_path / name)
    for data_set in ("IMNET", "FOLDER"):  # the other split need not be there
        assert hold_the_pictures(open_dataset(data_set, tmp_path, "train" if name == "train" else "val"))


@pytest.mark.parametrize("members", [in_folders(), in_folders("data/train/"), nested()], ids=["plain", "deep", "tars"])
def test_tars_give_what_folders_give(tmp_path, members):
    tar_of(tmp_path / "train.tar", members)
    pictures = open_dataset("IMNET", tmp_path, "train")
    assert hold_the_pictures(pictures)
    assert hold_the_pictures(pickle.loads(pickle.dumps(pictures)))
    assert hold_the_pictures(open_dataset("IMNET", tmp_path / "train.tar", "val"))


def test_forked_processes_may_read_the_same_tar_at_once(tmp_path):
    tar_of(tmp_path / "train.tar", [(f"{c}/{k:02}.png", encoded(k)) for c in "ab" for k in range(100)])
    pictures = open_dataset("IMNET", tmp_path, "train")
    pictures.read(0)  # a file position opened here would be shared
    with multiprocessing.get_context("fork").Pool(4) as pool:
        read = pool.map(pictures.read, list(range(200)) * 2, chunksize=1)
    assert [np.asarray(picture)[0, 0, 0] for picture in read] == [*range(100), *range(100)] * 2


def test_a_stimulus_set_keeps_the_numbers_of_its_categories(tmp_path):
    for split, seed in (("train", "1"), ("val", "2")):
        words = ["objects", "--n", "5", "--size", "32", "32", "--seed", seed, "--out", str(tmp_path / split)]
        assert make_stimuli(words) == 0
        pictures, drawn = open_dataset("FOLDER", tmp_path, split), format.read(tmp_path / split)
        assert list(pictures.classes) == drawn.attrs["categories"]
        assert np.array_equal(pictures.targets, drawn["object_class"].values[:, 0])
        assert all(np.array_equal(pictures.read(i), drawn["image"].values[i]) for i in range(5))
    check_same_classes(open_dataset("FOLDER", tmp_path, "train"), pictures)


def test_a_stimulus_set_is_learned_by_its_labels(tmp_path):
    for split, seed in (("train", "1"), ("val", "2")):
        assert make_stimuli(["search", "--n", "8", "--seed", seed, "--out", str(tmp_path / split)]) == 0
        pictures, drawn = open_dataset("FOLDER", tmp_path, split), format.read(tmp_path / split)
        assert pictures.classes == ("absent", "present")
        assert [pictures.classes[k] for k in pictures.targets] == drawn["target"].values.tolist()


def test_names_of_a_set_are_compared_in_composed_unicode(tmp_path):
    assert make_stimuli(["objects", "--n", "5", "--size", "32", "32", "--out", str(tmp_path / "train")]) == 0
    for name in ("stimuli.csv", "stimuli.json"):
        text = (tmp_path / "train" / name).read_text("utf8")
        (tmp_path / "train" / name).write_text(text.replace("star", "lo\u0308we").replace("disk", "lo\u0308ss"), "utf8")
    pictures = open_dataset("FOLDER", tmp_path, "train")
    assert {"l\u00f6we", "l\u00f6ss"} <= set(pictures.classes)
    assert all(unicodedata.is_normalized("NFC", name) for name in class_folder.sorted_set(tmp_path / "train"))


def test_a_stimulus_set_without_labels_is_refused(tmp_path):
    assert make_stimuli(["objects", "--n", "2", "--size", "32", "32", "--out", str(tmp_path / "train")]) == 0
    table = tmp_path / "train" / "stimuli.csv"
    table.write_text(table.read_text().replace("label", "something"))
    with pytest.raises(ValueError, match="no labels"):
        open_dataset("FOLDER", tmp_path, "train")
    table.unlink()
    with pytest.raises(FileNotFoundError, match=r"stimuli\.csv"):
        open_dataset("FOLDER", tmp_path, "train")


@pytest.mark.parametrize(("data_set", "folder"), [("CIFAR", "cifar-100-python"), ("CIFAR10", "cifar-10-batches-py")])
def test_cifar_is_read_through_torchvision(tmp_path, monkeypatch, data_set, folder):
    with pytest.raises(FileNotFoundError, match=f"no intact {folder}"):
        open_dataset(data_set, tmp_path, "val")
    pixels, labels = np.random.default_rng(0).integers(0, 256, (4, 3, 32, 32), np.uint8), [3, 0, 9, 3]
    (tmp_path / folder).mkdir()
    for name in ("test", "test_batch"):
        key = "fine_labels" if data_set == "CIFAR" else "labels"
        (tmp_path / folder / name).write_bytes(pickle.dumps({"data": pixels.reshape(4, -1), key: labels}))
    names = [f"thing {i}" for i in range(10)]
    for name, key in (("meta", "fine_label_names"), ("batches.meta", "label_names")):
        (tmp_path / folder / name).write_bytes(pickle.dumps({key: names}))
    monkeypatch.setattr(torchvision.datasets.cifar, "check_integrity", lambda *_: True)
    pictures = open_dataset(data_set, tmp_path, "val")
    assert pictures.classes == tuple(names) and pictures.targets.tolist() == labels
    assert all(np.array_equal(pictures.read(i), pixels[i].transpose(1, 2, 0)) for i in range(4))
    assert pictures.name(2) == "val/00002"


TAXA = [
    {"id": i, "name": name, "supercategory": name[0], "kingdom": kingdom}
    for i, (name, kingdom) in enumerate([("zebra", "Animalia"), ("aster", "Plantae"), ("bee", "Animalia")])
]


def inaturalist(folder, year, pictures):
    """The tables and pictures of an iNaturalist; pictures: name, category id and level of grey, by split."""
    (folder / "categories.json").write_text(json.dumps(TAXA))
    for split, entries in pictures.items():
        images = [{"id": 7 * i + 3, "file_name": name} for i, (name, _, _) in enumerate(entries)]
        annotations = [{"image_id": 7 * i + 3, "category_id": c} for i, (_, c, _) in enumerate(entries)]
        (folder / f"{split}{year}.json").write_text(json.dumps({"images": images, "annotations": annotations}))
        for name, _, level in entries:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(encoded(level))


@pytest.mark.parametrize(("data_set", "year"), [("INAT", 2018), ("INAT19", 2019)])
def test_inaturalist_numbers_classes_as_the_training_table_names_them(tmp_path, data_set, year):
    train = [("t/Insecta/2/a.png", 2, 10), ("t/Mammalia/0/b.png", 0, 20), ("t/Plantae/1/c.png", 1, 30)]
    val = [("t/Plantae/1/d.png", 1, 40), ("t/Insecta/2/e.png", 2, 50)]
    inaturalist(tmp_path, year, {"train": train, "val": val})
    shutil.rmtree(tmp_path / "t" / "Mammalia")  # to validate, the training pictures are not needed
    pictures = open_dataset(data_set, tmp_path, "val")
    assert pictures.classes == ("bee", "zebra", "aster") and pictures.targets.tolist() == [2, 0]
    assert [np.asarray(pictures.read(i))[0, 0, 0] for i in (0, 1)] == [40, 50]
    kingdoms = open_dataset(data_set, tmp_path, "val", inat_category="kingdom")
    assert kingdoms.classes == ("Animalia", "Plantae") and kingdoms.targets.tolist() == [1, 0]
    with pytest.raises(ValueError, match="genus"):
        open_dataset(data_set, tmp_path, "val", inat_category="genus")  # these tables have none
    with pytest.raises(ValueError, match="inat_category must be one of"):
        open_dataset(data_set, tmp_path, "val", inat_category="tribe")
    (tmp_path / "t/1").mkdir()
    shutil.move(tmp_path / "t/Plantae/1/d.png", tmp_path / "t/1/d.png")  # the layout that DeiT reads
    assert np.asarray(open_dataset(data_set, tmp_path, "val").read(0))[0, 0, 0] == 40
    shutil.rmtree(tmp_path / "t")
    with pytest.raises(FileNotFoundError, match="unpack the pictures"):
        open_dataset(data_set, tmp_path, "val")
    for name, told in ((f"train{year}.json", "train"), ("categories.json", "categories")):
        (tmp_path / name).unlink()
        with pytest.raises(FileNotFoundError, match=told):
            open_dataset(data_set, tmp_path, "val")
        (tmp_path / name).write_text("{")
        with pytest.raises(ValueError, match="JSON"):
            open_dataset(data_set, tmp_path, "val")
        (tmp_path / name).write_text(json.dumps({"annotations": [], "images": []}))


def test_the_fingerprint_stays_with_the_data_set_and_changes_with_it(tmp_path):
    fill(tmp_path / "a" / "train")
    known = open_dataset("FOLDER", tmp_path / "a", "train").fingerprint()
    shutil.move(tmp_path / "a", tmp_path / "elsewhere")
    assert open_dataset("FOLDER", tmp_path / "elsewhere", "train").fingerprint() == known
    relabelled = open_dataset("FOLDER", tmp_path / "elsewhere", "train")
    relabelled.targets[0] = 2
    cat = tmp_path / "elsewhere" / "train" / "cat"
    cat.rename(cat.with_name("cow"))
    renamed = open_dataset("FOLDER", tmp_path / "elsewhere", "train")
    (cat.with_name("cow") / "0.png").unlink()
    fewer = open_dataset("FOLDER", tmp_path / "elsewhere", "train")
    assert len({known, *(pictures.fingerprint() for pictures in (relabelled, renamed, fewer))}) == 4


def test_a_missing_split_is_told_with_what_there_is(tmp_path):
    fill(tmp_path / "training")
    with pytest.raises(FileNotFoundError, match=r"looked for train, train\.tar; there is training"):
        open_dataset("IMNET", tmp_path, "train")
    with pytest.raises(FileNotFoundError, match=r"validation\.tar, test, test\.tar"):
        open_dataset("IMNET", tmp_path, "val")
    with pytest.raises(FileNotFoundError, match="--data-path"):
        open_dataset("IMNET", tmp_path / "mistyped", "val")
    with pytest.raises(ValueError, match="not trained on"):
        open_dataset("IMNET", tar_of(tmp_path / "x.tar", in_folders()), "train")


@pytest.mark.parametrize(("data_set", "split"), [("imagenet", "val"), ("IMNET", "test")])
def test_unknown_names_are_refused(tmp_path, data_set, split):
    with pytest.raises(ValueError, match="must be"):
        open_dataset(data_set, tmp_path, split)


def test_an_empty_class_is_refused(tmp_path):
    fill(tmp_path / "train")
    (tmp_path / "train" / "dog").mkdir()
    with pytest.raises(ValueError, match="dog holds no picture"):
        open_dataset("IMNET", tmp_path, "train")
    tar_of(tmp_path / "val.tar", [("v/", None), ("v/dog/", None), *in_folders("v/")])
    with pytest.raises(ValueError, match="v/dog holds no picture"):
        open_dataset("IMNET", tmp_path, "val")
    tar_of(tmp_path / "val.tar", [*nested(), ("dog.tar", bytes(10240))])
    with pytest.raises(ValueError, match=r"dog\.tar holds no picture"):
        open_dataset("IMNET", tmp_path, "val")
    tar_of(tmp_path / "val.tar", [("v/readme.txt", b"hello")])
    with pytest.raises(ValueError, match="holds no picture"):
        open_dataset("IMNET", tmp_path, "val")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_link_in_a_tar_is_no_picture(tmp_path, kind):
    with tarfile.open(tmp_path / "val.tar", "w") as tar:
        entry = tarfile.TarInfo("a/b.png")
        entry.type, entry.linkname = kind, "elsewhere/b.png"
        tar.addfile(entry)
    with pytest.raises(ValueError, match=r"a/b\.png is a link to elsewhere/b\.png.*--dereference"):
        open_dataset("IMNET", tmp_path, "val")


def test_a_tar_without_classes_is_refused(tmp_path):
    tar_of(tmp_path / "val.tar", [*in_folders(), ("0001.png", encoded(3))])
    with pytest.raises(ValueError, match=r"0001\.png lies in no folder"):
        open_dataset("IMNET", tmp_path, "val")


@pytest.mark.parametrize("members", [in_folders(), nested()], ids=["plain", "tars"])
def test_a_truncated_tar_is_refused_wherever_it_was_cut(tmp_path, members):
    whole = tar_of(tmp_path / "whole.tar", members).read_bytes()
    end = len(whole.rstrip(b"\0"))
    for size in (100, 512, *range(700, end, 331), *range(1024, end + 1, 512)):
        (tmp_path / "val.tar").write_bytes(whole[:size])
        with pytest.raises(ValueError, match=r"val\.tar.*(truncated|end mark)"):
            open_dataset("IMNET", tmp_path, "val")


def test_an_inner_tar_that_was_cut_is_refused(tmp_path):
    (name, data), *others = nested()
    for size in (1024, 1536, 1700):
        tar_of(tmp_path / "val.tar", [(name, data[:size]), *others])
        with pytest.raises(ValueError, match=r"cat\.tar.*(truncated|end mark)"):
            open_dataset("IMNET", tmp_path, "val")


def test_a_compressed_tar_is_refused(tmp_path):
    with tarfile.open(tmp_path / "val.tar", "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("a/b.png"))
    with pytest.raises(ValueError, match="decompress"):
        open_dataset("IMNET", tmp_path, "val")


def test_a_picture_that_cannot_be_read_is_named(tmp_path):
    fill(tmp_path / "train")
    (tmp_path / "train" / "bee" / "1.png").write_bytes(encoded(3)[:40])
    pictures = open_dataset("IMNET", tmp_path, "train")
    with pytest.raises(ValueError, match=r"train/bee/1\.png"):
        pictures.read(4)
    (tmp_path / "train" / "ant" / "0.png").unlink()
    with pytest.raises(ValueError, match=r"ant/0\.png.*was there"):
        pictures.read(0)
    members = dict(in_folders()) | {"bee/1.png": encoded(3)[:40]}
    tar_of(tmp_path / "val.tar", members.items())
    pictures = open_dataset("IMNET", tmp_path, "val")
    with pytest.raises(ValueError, match=r"val\.tar::bee/1\.png"):
        pictures.read(4)
    (tmp_path / "val.tar").unlink()
    with pytest.raises(ValueError, match=r"val\.tar::ant/0\.png"):
        pictures.read(0)


@pytest.mark.parametrize(
    ("train", "val", "told"),
    [
        ("abc", "ab", "lacks c"),
        ("ab", "abd", "has d, which the training split lacks"),
        ("abcdefghijklmn", "ax", "lacks b, c, d, e, f, g, h, i and 5 more and has x"),
    ],
)
def test_splits_with_other_classes_are_refused(tmp_path, train, val, told):
    for split, names in (("train", train), ("val", val)):
        for name in names:
            (tmp_path / split / name).mkdir(parents=True)
            (tmp_path / split / name / "0.png").write_bytes(encoded(1))
    splits = [open_dataset("FOLDER", tmp_path, split) for split in ("train", "val")]
    with pytest.raises(ValueError, match=told):
        check_same_classes(*splits)
    check_same_classes(splits[0], splits[0])
    splits[1].classes = splits[0].classes[::-1]
    with pytest.raises(ValueError, match="another order"):
        check_same_classes(*splits)


def test_other_pictures_under_the_same_names_are_told(tmp_path):
    for name in ("a", "b"):
        for split, colour in (("red", "red"), ("blue", "blue")):
            (tmp_path / name / split).mkdir(parents=True)
            Image.new("RGB", (8, 8), colour).save(tmp_path / name / split / "1.png")
    Image.new("RGB", (8, 8), "green").save(tmp_path / "b" / "red" / "1.png")
    for name in ("a", "b"):
        with tarfile.open(tmp_path / f"{name}.tar", "w") as archive:
            archive.add(tmp_path / name, ".")
    for suffix in ("", ".tar"):
        one, other = (identity(open_folder(tmp_path / f"{name}{suffix}")) for name in ("a", "b"))
        assert one == identity(open_folder(tmp_path / f"a{suffix}"))
        assert (one["n"], one["names"]) == (other["n"], other["names"]) and one["contents"] != other["contents"]
    pixels = np.zeros((2, 8, 8, 3), np.uint8)
    told = [identity(PictureArray(pixels + value, ["x"], [0, 0], "train"))["contents"] for value in (0, 1)]
    assert told[0] != told[1]
