"""CIFAR-10's classes among ImageNet's: the map against ImageNet's own names, and the folders written from it."""

import io
import tarfile

import numpy as np
import pytest
from PIL import Image
from timm.data import ImageNetInfo

from absvit.models.zoo.variants import HYBRID_CATEGORIES
from stimuli.__main__ import main
from stimuli.pictures import cifar10_in_imagenet

# what WordNet 3.0 counts below each synset among ImageNet-1k's classes, and members that anyone can check by name
COUNTS = {
    "airplane": 2, "automobile": 10, "bird": 59, "cat": 5, "deer": 3, "dog": 118, "frog": 3, "horse": 1, "ship": 5,
    "truck": 5,
}  # fmt: skip
MEMBERS = {
    "airplane": {"airliner", "warplane"},
    "automobile": {"ambulance", "cab", "convertible", "jeep", "limousine", "minivan", "Model T", "sports car"},
    "bird": {"cock", "ostrich", "bald eagle", "great grey owl", "macaw", "toucan", "king penguin", "albatross"},
    "cat": {"tabby", "tiger cat", "Persian cat", "Siamese cat", "Egyptian cat"},
    "deer": {"hartebeest", "impala", "gazelle"},
    "dog": {"Chihuahua", "golden retriever", "German shepherd", "pug", "toy poodle", "Mexican hairless"},
    "frog": {"bullfrog", "tree frog", "tailed frog"},
    "horse": {"sorrel"},
    "ship": {"aircraft carrier", "container ship", "liner", "pirate", "schooner"},
    "truck": {"fire engine", "garbage truck", "moving van", "tow truck", "trailer truck"},
}
OUTSIDE = {
    "timber wolf", "dingo", "dhole", "African hunting dog", "hyena", "red fox", "cougar", "lion", "zebra", "airship",
    "pickup", "school bus", "minibus", "trolleybus", "go-kart", "submarine", "wreck", "speedboat", "canoe", "yawl",
    "common newt", "axolotl", "leatherback turtle", "bison", "bat", "platypus", "king crab",
}  # fmt: skip


def first_names():
    info = ImageNetInfo()
    return {wnid: info.label_descriptions()[k].split(",")[0] for k, wnid in enumerate(info.label_names())}


@pytest.mark.seconds
def test_the_map_holds_what_its_reasons_say():
    found = {
        name: {first for wnid, first in first_names().items() if cifar10_in_imagenet.class_of(wnid) == name}
        for name in COUNTS
    }
    assert {name: len(them) for name, them in found.items()} == {**COUNTS, "bird": len(found["bird"])}
    assert sum(cifar10_in_imagenet.class_of(wnid) == "bird" for wnid in first_names()) == COUNTS["bird"]
    for name, members in MEMBERS.items():
        assert members <= found[name]
    assert not OUTSIDE & set().union(*found.values())
    assert OUTSIDE - {"hyena", "bat"} <= set(first_names().values())


@pytest.mark.seconds
def test_its_classes_are_the_models_and_no_wnid_stands_twice():
    assert tuple(sorted({*cifar10_in_imagenet.LISTED, *cifar10_in_imagenet.RANGES})) == HYBRID_CATEGORIES
    listed = [wnid for wnids in cifar10_in_imagenet.LISTED.values() for wnid in wnids]
    assert len(set(listed)) == len(listed) and set(listed) <= set(first_names())
    for ranges in cifar10_in_imagenet.RANGES.values():
        assert all(low in first_names() and high in first_names() and low < high for low, high in ranges)
        assert not any(low <= wnid <= high for low, high in ranges for wnid in listed)


PICTURES = {
    "n02099601": ["golden_1.JPEG", "golden_2.jpg"], "n02110958": ["pug.JPEG"], "n02389026": ["sorrel.png"],
    "n02391049": ["zebra.JPEG"],
}  # fmt: skip


def encoded(mode="RGB"):
    file = io.BytesIO()
    Image.fromarray(np.full((20, 30), 7, np.uint8)).convert(mode).save(file, "PNG")
    return file.getvalue()


def folder(root):
    for wnid, names in PICTURES.items():
        (root / wnid).mkdir(parents=True)
        for name in names:
            (root / wnid / name).write_bytes(encoded("L"))
        (root / wnid / "notes.txt").write_text("no picture")
    return root


def tar(root):
    source = folder(root / "pictures")
    with tarfile.open(root / "pictures.tar", "w") as archive:
        archive.add(source, "imagenet")
    return root / "pictures.tar"


@pytest.mark.parametrize("make", [folder, tar])
def test_photographs_are_collected_by_class(make, tmp_path):
    out = tmp_path / "out"
    assert cifar10_in_imagenet.collect(make(tmp_path / "in"), out) == {"dog": 3, "horse": 1}
    written = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.*"))
    assert written == [
        "dog/n02099601_golden_1.JPEG", "dog/n02099601_golden_2.jpg", "dog/n02110958_pug.JPEG",
        "horse/n02389026_sorrel.png",
    ]  # fmt: skip
    assert (out / written[0]).read_bytes() == encoded("L")


def cut(root):
    """A gzipped tar that ends too early, as after an interrupted copy; noise, which gzip cannot make shorter."""
    source = folder(root / "pictures")
    noise = np.random.default_rng(0).integers(0, 256, 300_000, np.uint8).tobytes()
    (source / "n02389026" / "last.png").write_bytes(noise)
    with tarfile.open(root / "cut.tar.gz", "w:gz") as archive:
        archive.add(source, "imagenet")
    (root / "cut.tar.gz").write_bytes((root / "cut.tar.gz").read_bytes()[:-200_000])
    return root / "cut.tar.gz"


def test_a_collection_that_does_not_end_leaves_no_folder_that_looks_whole(tmp_path, monkeypatch):
    out = tmp_path / "out"
    with pytest.raises(ValueError, match="cannot be read as a tar"):
        cifar10_in_imagenet.collect(cut(tmp_path / "in"), out)
    whole, link = folder(tmp_path / "whole"), cifar10_in_imagenet.class_folder.link_classes

    def killed(*words):
        link(*words)
        raise KeyboardInterrupt

    monkeypatch.setattr(cifar10_in_imagenet.class_folder, "link_classes", killed)
    with pytest.raises(KeyboardInterrupt):
        cifar10_in_imagenet.collect(whole, out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "whole"]
    monkeypatch.undo()
    (tmp_path / ".out.part" / "dog").mkdir(parents=True)  # of one that had no time to clear up
    out.mkdir()
    assert cifar10_in_imagenet.collect(whole, out) == {"dog": 3, "horse": 1}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out", "whole"]


def test_the_command_and_what_it_refuses(tmp_path, capsys, refused):
    source = folder(tmp_path / "in")
    assert main(["photographs", str(source), str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "4 photographs of 2 classes" in said and "dog 3, horse 1" in said
    broken = tmp_path / "broken.tar"
    broken.write_bytes(b"not a tar" * 100)
    (tmp_path / "others" / "n02391049").mkdir(parents=True)
    for words, told in (
        ((source, tmp_path / "out"), "expected a new or empty folder"),
        ((tmp_path / "nowhere", tmp_path / "new"), "no pictures at"),
        ((broken, tmp_path / "new"), "cannot be read as a tar"),
        ((tmp_path / "others", tmp_path / "new"), "holds no photographs of the ten classes"),
    ):
        assert told in refused("photographs", *words)
