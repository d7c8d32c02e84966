"""One rule of what is a picture, for all programs that take a folder: trees as Macs, notebooks and links leave them."""

import errno
import io
import os
import tarfile
import unicodedata
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import ExifTags, Image
from segmentation_trees import folders, pair

from absvit.data.archives import index_tar
from absvit.data.datasets import check_same_classes, open_dataset, open_folder
from absvit.images import class_folder
from absvit.models.class_names import class_indices
from absvit.robustness.imagenet_c import Corrupted
from absvit.segmentation.datasets import open_pictures
from absvit.segmentation.prediction import picture_files as pictures_to_segment
from stimuli.__main__ import main
from stimuli.corruptions import frost_textures
from stimuli.corruptions.folder_job import Corrupting, corrupt_folder
from stimuli.drawing import backgrounds
from stimuli.foundation import picture_files
from stimuli.pictures import cifar10_in_imagenet, class_folders, cutouts

COMPOSED, APART = (unicodedata.normalize(form, "Löwe") for form in ("NFC", "NFD"))
SEEN = ("a.png", "b.gif", "c.jfif", "d.JPE", "e.webp", "f.tif", "g.avif", "inner/h.png", "linked/i.png")


def painted(path, seed=0, size=(40, 40), **options):
    """A picture of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    Image.fromarray(pixels).save(path, **options)
    return path


def littered(folder, elsewhere):
    """Pictures of every kind and level, beside what is none."""
    for k, name in enumerate(SEEN[:-1]):
        painted(folder / name, k, format={".jfif": "JPEG", ".JPE": "JPEG"}.get((folder / name).suffix))
    painted(elsewhere / folder.name / "i.png")
    (folder / "linked").symlink_to(elsewhere / folder.name)
    (folder / "inner" / "again").symlink_to(folder)  # a cycle
    (folder / "itself").symlink_to(folder / "itself")
    for hidden in ("._a.png", ".ipynb_checkpoints/a-checkpoint.png", "inner/._h.png"):
        (folder / hidden).parent.mkdir(exist_ok=True)
        (folder / hidden).write_bytes(b"\0\5\x16\7")
    (folder / "Thumbs.db").touch()
    return folder


@pytest.fixture
def tree(tmp_path):
    """Class folders, one of them named as a Mac writes it."""
    for name in ("cat", APART):
        littered(tmp_path / "set" / name, tmp_path / "elsewhere")
    painted(tmp_path / "set" / ".ipynb_checkpoints" / "x.png")
    return tmp_path / "set"


def below(paths, folder):
    return sorted(path.relative_to(folder).as_posix() for path in paths)


@pytest.mark.filterwarnings("ignore:.*left out")
@pytest.mark.parametrize(
    "listed",
    [
        lambda tree: {name: list(files) for name, files in picture_files.by_class(tree).items()},
        lambda tree: {
            name: [path for path, index in class_folder(tree)[0] if index == k]
            for k, name in enumerate(class_folder(tree)[1])
        },
        lambda tree: {
            name: [tree / opened.name(k) for k in np.flatnonzero(opened.targets == index)]
            for opened in [open_folder(tree)]
            for index, name in enumerate(opened.classes)
        },
        class_folders.listed,
    ],
    ids=["the rule", "evaluation", "training", "stimuli"],
)
def test_class_folders_are_read_alike(listed, tree):
    found = listed(tree)
    assert list(found) == [COMPOSED, "cat"]
    assert below(found["cat"], tree / "cat") == sorted(SEEN)
    assert below(found[COMPOSED], tree / APART) == sorted(SEEN)


@pytest.mark.filterwarnings("ignore:.*left out")
@pytest.mark.parametrize(
    "listed",
    [
        picture_files.in_folder,
        frost_textures.check_folder,
        backgrounds._pictures,
        lambda folder: pictures_to_segment([folder]),
    ],
    ids=["the rule", "frost", "backgrounds", "prediction"],
)
def test_folders_are_read_alike(listed, tree):
    assert below(listed(tree / "cat"), tree / "cat") == sorted(SEEN)


@pytest.mark.filterwarnings("ignore:.*left out")
def test_segmented_pictures_and_their_labels_are_read_alike(tmp_path):
    root = folders(tmp_path / "own")
    for kind in ("images", "labels"):
        littered(root / kind / "val", tmp_path / kind)
        for name in SEEN:  # all in the same place, whatever its suffix
            picture, labels = pair(0, [0, 1, 2])
            (root / kind / "val" / name).unlink()
            (picture if kind == "images" else labels).save((root / kind / "val" / name).with_suffix(".png"))
    opened = open_pictures("FOLDERS", root, "val")
    names = below(opened.pictures, root / "images" / "val")
    assert names == sorted([f"{name.rpartition('.')[0]}.png" for name in SEEN] + ["p0.png", "p1.png", "p2.png"])
    assert below(opened.labels, root / "labels" / "val") == names


@pytest.mark.filterwarnings("ignore:.*left out")
def test_cutouts_and_ten_classes_are_read_alike(tmp_path):
    littered(tmp_path / "set" / "images" / "n02099601", tmp_path / "elsewhere")
    for name in SEEN:
        painted((tmp_path / "set" / "masks" / "n02099601" / name).with_suffix(".png"))
    found = cutouts.listed(str(tmp_path / "set"))
    assert below((image for image, _ in found["n02099601"]), tmp_path / "set" / "images" / "n02099601") == sorted(SEEN)
    assert cifar10_in_imagenet.collect(tmp_path / "set" / "images", tmp_path / "out") == {"dog": len(SEEN)}


@pytest.mark.filterwarnings("ignore:.*left out")
def test_tars_skip_what_is_hidden_and_compose_names(tree):
    with tarfile.open(tree.parent / "set.tar", "w", dereference=False) as tar:
        for name in ("cat", APART):
            for path in sorted((tree / name).iterdir()):
                if not path.is_symlink() and path.name != "inner":
                    tar.add(path, f"{name}/{path.name}")
    found = [(member.folder, member.name.rpartition("/")[2]) for member in index_tar(tree.parent / "set.tar")]
    assert found == sorted((folder, name) for folder in (COMPOSED, "cat") for name in SEEN[:-2])


def test_what_is_left_out_is_said_in_one_line(tree):
    painted(tree / "loose.png")
    (tree / "classes.txt").touch()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        picture_files.by_class(tree)
    (said,) = (str(warning.message) for warning in caught)
    for told in ("loose.png (in no class folder)", "(hidden)", "cat/inner/again", "(linked to a folder above)",
                 ".ipynb_checkpoints", "classes.txt", "(no picture by its suffix)"):  # fmt: skip
        assert told in said
    assert "\n" not in said


def test_pictures_named_by_what_they_show_are_read_alike(tmp_path):
    for name in ("cat.avif", f"{APART}.jfif", "._cat.jpg", "dog.heic"):
        (tmp_path / name).touch()
    with pytest.warns(UserWarning, match=r"left out ._cat.jpg \(hidden\), dog.heic|left out dog.heic .*, ._cat.jpg"):
        found = class_folders.listed(tmp_path, or_named=True)
    assert {name: [path.suffix for path in paths] for name, paths in found.items()} == {
        COMPOSED: [".jfif"], "cat": [".avif"],
    }  # fmt: skip


def test_a_class_of_unknown_formats_says_what_it_holds(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "IMG_1.HEIC").touch()
    with pytest.raises(ValueError, match=r"cat holds no picture \(.jpg, .png ...\), only IMG_1.HEIC \(no picture by"):
        picture_files.by_class(tmp_path)


def test_a_folder_that_may_not_be_read_is_no_empty_one(tmp_path, monkeypatch):
    painted(tmp_path / "cat" / "a.png")
    (tmp_path / "cat" / "inner").mkdir()
    listed = os.scandir

    def refused(folder):  # root may read everything, so the system's answer is played
        if os.path.basename(folder) == "inner":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
        return listed(folder)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(PermissionError, match="inner"):
        picture_files.by_class(tmp_path)


def test_every_suffix_is_one_that_pillow_opens():
    Image.init()
    known = Image.registered_extensions()
    assert all(known[suffix] in Image.OPEN for suffix in picture_files.SUFFIXES)


def test_two_links_to_one_folder_count_both(tmp_path):
    painted(tmp_path / "shared" / "a.png")
    for name in ("cat", "dog"):
        (tmp_path / "set").mkdir(exist_ok=True)
        (tmp_path / "set" / name).symlink_to(tmp_path / "shared")
    assert {name: len(files) for name, files in picture_files.by_class(tmp_path / "set").items()} == {
        "cat": 1,
        "dog": 1,
    }


def test_names_in_two_forms_of_unicode_are_one(tmp_path):
    for split, name in (("train", COMPOSED), ("val", APART)):
        painted(tmp_path / split / name / "a.png")
        painted(tmp_path / split / "cat" / "a.png")
    check_same_classes(*(open_dataset("FOLDER", tmp_path, split) for split in ("train", "val")))
    painted(tmp_path / "val" / COMPOSED / "b.png")
    with pytest.raises(ValueError, match="two forms of Unicode"):
        open_dataset("FOLDER", tmp_path, "val")


def test_labels_find_their_pictures_in_two_forms_of_unicode(tmp_path):
    root = folders(tmp_path)
    (root / "images" / "val" / "p0.png").rename(root / "images" / "val" / f"{APART}.png")
    (root / "labels" / "val" / "p0.png").rename(root / "labels" / "val" / f"{COMPOSED}.png")
    opened = open_pictures("FOLDERS", root, "val")
    assert all(opened.read(k)[1].shape == (48, 64) for k in range(3))


@pytest.mark.filterwarnings("ignore:.*left out")
def test_a_corrupted_copy_holds_all_pictures_and_equals_those_on_the_fly(tree, tmp_path):
    for name in ("cat", APART):  # one picture of each name in the copy, whose files are all PNG
        painted(tree / name / "inner" / "a.png", 7)
    corrupt_folder(Corrupting(tree, tmp_path / "out", ("gaussian_noise",), (3,)))
    written, clean = open_folder(tmp_path / "out" / "gaussian_noise" / "3"), open_folder(tree)
    assert len(written) == len(clean) == 2 * (len(SEEN) + 1) and written.classes == clean.classes
    shown = Corrupted(clean, "gaussian_noise", 3, 40)
    files = {f"{name.rpartition('.')[0]}": k for k in range(len(clean)) for name in [shown.name(k)]}
    for k in range(len(written)):
        number = files[written.name(k).rpartition(".")[0]]
        np.testing.assert_array_equal(np.asarray(written.read(k)), np.asarray(shown.read(number)))
    assert main(["verify", str(tmp_path / "out")]) == 0


def test_classes_are_those_of_a_model_in_two_forms_of_unicode():
    model = SimpleNamespace(categories=(APART, "cat"), num_classes=2, pretrained_cfg=None)
    assert class_indices(model, [COMPOSED, APART, "cat", "dog"]).tolist() == [0, 0, 1, -1]


# ---- EXIF ------------------------------------------------------------------------------------------------------------


def turned(path, picture, orientation):
    """Save a picture so that it is shown as it is, but stored turned back, with the orientation beside it."""
    back = {
        3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
    }.get(orientation)  # fmt: skip
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    path.parent.mkdir(parents=True, exist_ok=True)
    (picture if back is None else picture.transpose(back)).save(path, exif=exif)


@pytest.mark.parametrize("orientation", [1, 2, 3, 6, 8])
@pytest.mark.parametrize("packed", [False, True])
def test_pictures_of_one_s_own_are_upright_and_imagenet_s_as_stored(orientation, packed, tmp_path):
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8))
    for name in ("cat", "n02099601"):
        turned(tmp_path / "val" / name / "a.png", picture, orientation)
    place = tmp_path / "val"
    if packed:
        with tarfile.open(tmp_path / "val.tar", "w") as tar:
            tar.add(place, "")
        place = tmp_path / "val.tar"
    opened = open_folder(place)
    own, published = (np.asarray(opened.read(k)) for k in range(2))
    np.testing.assert_array_equal(own, np.asarray(picture))
    with Image.open(tmp_path / "val" / "n02099601" / "a.png") as stored:
        np.testing.assert_array_equal(published, np.asarray(stored))
    assert np.array_equal(published, own) == (orientation == 1)


def test_a_corrupted_copy_turns_pictures_as_evaluation_does(tmp_path):
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8))
    for name in ("cat", "n02099601"):
        turned(tmp_path / "in" / name / "a.png", picture, 6)
    corrupt_folder(Corrupting(tmp_path / "in", tmp_path / "out", ("contrast",), (1,)))
    written, clean = open_folder(tmp_path / "out" / "contrast" / "1"), open_folder(tmp_path / "in")
    assert [written.read(k).size for k in range(2)] == [clean.read(k).size for k in range(2)] == [(50, 40), (40, 50)]


@pytest.mark.parametrize("orientation", [2, 3, 6, 8])
@pytest.mark.parametrize("labels_turned", [False, True])
def test_pictures_and_labels_agree_as_they_are_shown(orientation, labels_turned, tmp_path):
    root = folders(tmp_path)
    picture, labels = pair(0, [0, 1, 2])
    turned(root / "images" / "val" / "p0.png", picture, orientation)
    turned(root / "labels" / "val" / "p0.png", labels, orientation if labels_turned else 1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        seen, found = open_pictures("FOLDERS", root, "val").read(0)
    np.testing.assert_array_equal(np.asarray(seen), np.asarray(picture))
    np.testing.assert_array_equal(found, np.asarray(labels))
    # sizes tell that labels beside a picture turned by a quarter are meant upright; by half, they do not
    told = [str(warning.message) for warning in caught]
    assert any("taken to be upright" in text for text in told) == (not labels_turned and orientation < 6)


def test_labels_of_the_stored_pixels_are_refused_where_the_size_tells(tmp_path):
    root = folders(tmp_path)
    picture, labels = pair(0, [0, 1, 2])
    turned(root / "images" / "val" / "p0.png", picture, 6)
    labels.transpose(Image.Transpose.ROTATE_90).save(root / "labels" / "val" / "p0.png")
    with pytest.raises(ValueError, match="upright as its EXIF orientation says: a label file must be as large"):
        open_pictures("FOLDERS", root, "val").read(0)


def test_a_jpeg_of_a_camera_is_upright_in_every_program(tmp_path):
    picture = Image.new("RGB", (64, 48))
    picture.paste((250, 250, 250), (0, 0, 64, 16))  # the sky is bright
    for name in ("cat", "dog"):
        turned(tmp_path / "in" / name / "a.jpg", picture, 8)
    bytes_read = io.BytesIO((tmp_path / "in" / "cat" / "a.jpg").read_bytes())
    assert Image.open(bytes_read).size == (48, 64)
    shown = [
        np.asarray(open_folder(tmp_path / "in").read(0)),
        backgrounds.read_picture(class_folders.listed(tmp_path / "in")["cat"][0]),
    ]
    for pixels in shown:
        assert pixels.shape == (48, 64, 3) and pixels[:12].mean() > 240 and pixels[20:].mean() < 15
