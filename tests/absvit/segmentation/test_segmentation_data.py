"""Segmentation data: the published layouts, what their labels mean, drawn scenes, and files that cannot be used."""

import warnings

import numpy as np
import pytest
from PIL import Image
from segmentation_trees import TREES, folders, pair, save

from absvit.segmentation.classes import ADE20K, IGNORED, VOC, ClassTable, colour_map, coloured
from absvit.segmentation.datasets import open_pictures
from absvit.segmentation.drawn_scenes import DrawnScenes, ObjectScenes, label_map
from absvit.segmentation.views import Stream
from stimuli.families.objects import CATEGORIES

# raw value -> class, by hand: VOC counts; Cityscapes' road is 0, building 2, car 13; ADE20K is shifted by one
MEANING = {
    "VOC": ({0: 0, 1: 1, 15: 15, 20: 20, 255: IGNORED}, 21, "aeroplane"),
    "CITYSCAPES": ({7: 0, 11: 2, 26: 13, 0: IGNORED, 255: IGNORED}, 19, "sidewalk"),
    "ADE20K": ({0: IGNORED, 1: 0, 3: 2, 150: 149}, 150, "building"),
    "FOLDERS": ({0: 0, 1: 1, 2: 2, 255: IGNORED}, 3, "wall"),
}


@pytest.mark.parametrize("data_set", TREES)
@pytest.mark.parametrize("split", ["train", "val"])
def test_the_layouts_are_read_and_labels_mean_what_they_should(data_set, split, tmp_path):
    pictures = open_pictures(data_set, TREES[data_set](tmp_path), split)
    meaning, n_classes, second = MEANING[data_set]
    assert len(pictures) == 3 and len(pictures.table.names) == n_classes and pictures.table.names[1] == second
    for k in range(3):
        picture, labels = pictures.read(k)
        expected, values = pair(k + 100 * (split == "val"), list(meaning))
        expected_labels = np.vectorize(meaning.get)(np.asarray(values))
        np.testing.assert_array_equal(labels, expected_labels)
        assert labels.dtype == np.uint8 and picture.mode == "RGB"
        assert np.abs(np.asarray(picture, int) - np.asarray(expected, int)).mean() < 12  # JPEG at most
        assert split[:3] in pictures.name(k) or data_set == "VOC"


def test_the_inner_folder_is_taken_as_well(tmp_path):
    outer = open_pictures("VOC", TREES["VOC"](tmp_path / "v"), "train")
    inner = open_pictures("VOC", tmp_path / "v" / "VOCdevkit" / "VOC2012", "train")
    assert [outer.pictures, outer.fingerprint()] == [inner.pictures, inner.fingerprint()]
    TREES["ADE20K"](tmp_path / "a")
    assert len(open_pictures("ADE20K", tmp_path / "a" / "ADEChallengeData2016", "val")) == 3


def test_other_files_beside_the_labels_are_left_alone(tmp_path):
    TREES["FOLDERS"](tmp_path)
    (tmp_path / "labels" / "val" / "p0.xml").write_text("<annotation/>")  # sorted behind p0.png
    assert open_pictures("FOLDERS", tmp_path, "val").labels[0].name == "p0.png"


def test_colours_are_those_of_the_data_sets(tmp_path):
    assert VOC.colours[:4] == ((0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0))
    assert VOC.colours[20] == (0, 64, 128) and VOC.names[20] == "tvmonitor"
    cityscapes = open_pictures("CITYSCAPES", TREES["CITYSCAPES"](tmp_path), "val").table
    assert cityscapes.colours[0] == (128, 64, 128) and cityscapes.names[18] == "bicycle"
    assert ADE20K.colours[0] == (120, 120, 120) and ADE20K.colours[149] == (92, 0, 255)
    assert ADE20K.names[149] == "flag" and len(ADE20K.names) == len(ADE20K.colours) == 150
    assert len(set(colour_map(256))) == 256


def test_label_pictures_hold_the_numbers_under_the_palette(tmp_path):
    labels = np.array([[0, 1, 20], [15, 2, IGNORED]], np.uint8)
    coloured(labels, VOC).save(tmp_path / "l.png")
    with Image.open(tmp_path / "l.png") as read:
        assert read.mode == "P"
        np.testing.assert_array_equal(np.asarray(read), labels)
        seen = np.asarray(read.convert("RGB"))
    np.testing.assert_array_equal(seen[0], [VOC.colours[k] for k in (0, 1, 20)])
    assert seen[1, 2].tolist() == [255, 255, 255]


@pytest.mark.parametrize("mode", ["P", "RGBA", "L", "I;16", "CMYK"])
def test_pictures_of_any_mode_become_rgb(mode, tmp_path):
    root = folders(tmp_path)
    path, picture = root / "images" / "train" / "p0.png", Image.open(root / "images" / "train" / "p0.png")
    grey = np.asarray(picture.convert("L"))
    if mode == "I;16":
        Image.fromarray(grey.astype(np.uint16) * 257).save(path)
    else:
        path.unlink()
        picture.convert(mode).save(path.with_suffix(".tif") if mode == "CMYK" else path)
    read, _ = open_pictures("FOLDERS", root, "train").read(0)
    assert read.mode == "RGB" and read.size == (64, 48)
    assert np.abs(np.asarray(read.convert("L"), int) - grey).mean() < 20


@pytest.mark.parametrize("mode", ["P", "L", "I;16"])
def test_labels_may_be_palette_or_numbers_of_8_or_16_bits(mode, tmp_path):
    root = folders(tmp_path)
    path = root / "labels" / "train" / "p1.png"
    with Image.open(path) as stored:
        values = np.asarray(stored)
    picture = Image.fromarray(values.astype(np.uint16 if mode == "I;16" else np.uint8))
    if mode == "P":
        picture = picture.convert("P")
        picture.putpalette([7] * 768)  # the palette means nothing, the numbers count
    picture.save(path)
    np.testing.assert_array_equal(open_pictures("FOLDERS", root, "train").read(1)[1], values)


def in_16_bits(path):
    Image.fromarray(np.full((48, 64), 26001, np.uint16)).save(path)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda path: path.unlink(), "no label file .*p0.png for .*images.train.p0.png"),
        (
            lambda path: Image.new("L", (10, 20)).save(path),
            r"p0.png has \(y, x\) = \(20, 10\) pixels, but .*\(48, 64\)",
        ),
        (lambda path: Image.new("L", (64, 48), 7).save(path), "p0.png holds the values 7, .* expected 0 to 2, or 255"),
        (in_16_bits, "p0.png holds the values 26001, which stand for no class"),
        (lambda path: Image.new("RGB", (64, 48)).save(path), r"p0.png holds colours \(mode RGB\)"),
        (lambda path: Image.new("RGBA", (64, 48)).save(path), r"p0.png holds colours \(mode RGBA\)"),
        (lambda path: path.write_bytes(b"\x89PNG no picture"), "cannot read the labels .*p0.png"),
    ],
)
def test_label_files_that_cannot_be_used_are_named(spoil, told, tmp_path):
    root = folders(tmp_path)
    spoil(root / "labels" / "train" / "p0.png")
    with pytest.raises(ValueError, match=told):
        open_pictures("FOLDERS", root, "train").read(0)


def test_a_picture_that_is_gone_or_broken_is_named(tmp_path):
    pictures = open_pictures("VOC", TREES["VOC"](tmp_path), "train")
    pictures.pictures[0].unlink()
    pictures.pictures[1].write_bytes(b"nothing")
    for k in (0, 1):
        with pytest.raises(ValueError, match=pictures.pictures[k].name):
            pictures.read(k)


@pytest.mark.parametrize(
    ("data_set", "gone", "told"),
    [
        ("VOC", "VOCdevkit/VOC2012/ImageSets/Segmentation/train.txt", "no list of the train split at .*train.txt"),
        ("VOC", "VOCdevkit", "no VOC 2012 at"),
        ("CITYSCAPES", "gtFine/train", "no gtFine of the train split"),
        ("CITYSCAPES", "leftImg8bit", "no leftImg8bit of the train split"),
        ("ADE20K", "ADEChallengeData2016/annotations", "no training annotations of ADE20K"),
        ("FOLDERS", "classes.txt", "no list of classes"),
        ("FOLDERS", "labels", "no folder of labels"),
    ],
)
def test_what_a_data_set_lacks_is_told(data_set, gone, told, tmp_path):
    root = TREES[data_set](tmp_path / "d")
    (root / gone).rename(tmp_path / "elsewhere")
    with pytest.raises(FileNotFoundError, match=told):
        open_pictures(data_set, root, "train")


def test_no_data_set_and_an_empty_split_are_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="no data set at"):
        open_pictures("VOC", tmp_path / "nowhere", "train")
    root = folders(tmp_path)
    for file in (root / "images" / "val").iterdir():
        file.unlink()
    with pytest.raises(ValueError, match="val split of .* holds no picture"):
        open_pictures("FOLDERS", root, "val")
    with pytest.raises(ValueError, match="expected one of VOC"):
        open_pictures("COCO", root, "val")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("one\n", "2 to 255 classes"),
        ("a\t#12\nb\n", "'#12' of a is not like"),
        ("a\nb\na\n", "'a' is named twice"),
    ],
)
def test_bad_lists_of_classes_are_told(text, told, tmp_path):
    root = folders(tmp_path)
    (root / "classes.txt").write_text(text)
    with pytest.raises(ValueError, match=told):
        open_pictures("FOLDERS", root, "val")


def test_a_table_of_classes_reads_names_and_colours(tmp_path):
    table = open_pictures("FOLDERS", folders(tmp_path), "val").table
    assert table == ClassTable(
        ("ground", "wall", "sky"), ((0, 0, 0), (255, 128, 0), (0, 128, 0)), {255: 255, 0: 0, 1: 1, 2: 2}
    )


def masks_of(root, names, *values):
    """Folders whose label files hold these values, one file each."""
    for split in ("train", "val"):
        for k, held in enumerate(values):
            picture, labels = pair(k, held)
            save(root, picture, labels, f"images/{split}/p{k}.png", f"labels/{split}/p{k}.png")
    (root / "classes.txt").write_text("\n".join(names))
    return root


def test_masks_of_0_and_255_with_two_classes_are_refused(tmp_path):
    root = masks_of(tmp_path, ("ground", "thing"), (0, 255), (0, 255))
    told = "train labels in .* never show 'thing' of classes.txt; they hold 255, which is not counted: store a class by"
    with pytest.raises(ValueError, match=told):
        open_pictures("FOLDERS", root, "train")


@pytest.mark.parametrize(("values", "ignored"), [(((0, 1), (1, 0)), False), (((0, 1), (0, 1, 255)), True)])
def test_a_listed_class_that_never_occurs_is_told(values, ignored, tmp_path):
    root = masks_of(tmp_path, ("ground", "wall", "thing"), *values)
    with pytest.warns(UserWarning, match="never show 'thing'") as caught:
        assert len(open_pictures("FOLDERS", root, "val")) == 2
    (told,) = (str(warning.message) for warning in caught)
    assert ("255" in told) == ignored and told.endswith("scores are means over the others")


def test_labels_are_read_no_further_than_until_all_classes_were_seen(tmp_path):
    root = masks_of(tmp_path, ("ground", "thing"), (0,), (0, 1, 255), (0, 255))
    (root / "labels" / "val" / "p2.png").write_bytes(b"not looked at")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(open_pictures("FOLDERS", root, "val")) == 3


def test_labels_without_a_picture_and_two_labels_of_one_name_are_told(tmp_path):
    root = folders(tmp_path)
    (root / "images" / "val" / "p0.png").unlink()
    with pytest.warns(UserWarning, match="left out p0.png, labels without a picture"):
        open_pictures("FOLDERS", root, "val")
    Image.new("L", (64, 48)).save(root / "labels" / "val" / "p1.bmp")
    with pytest.raises(ValueError, match="p1.bmp and .*p1.png bear one name"):
        open_pictures("FOLDERS", root, "val")


# ---- drawn scenes ----------------------------------------------------------------------------------------------------


def test_a_label_tells_the_category_that_is_drawn_there():
    """A category has a hue of 30 degrees times its number, give or take 20: read off where the label says so."""
    drawn = DrawnScenes(ObjectScenes(set_sizes=(3,), size=64, hue_conflict=0.0), 5, 6)
    assert drawn.table.names == ("background", *CATEGORIES)
    for index in range(6):
        picture, labels = drawn.read(index)
        hue, saturation, _ = np.moveaxis(np.asarray(picture.convert("HSV"), float), -1, 0)
        shown = np.unique(labels)
        assert shown[0] == 0 and len(shown) == 4
        for label in shown[1:]:
            middle = np.angle(np.exp(2j * np.pi * hue[labels == label] / 256).mean(), deg=True)
            off = (middle - 30 * (int(label) - 1) + 180) % 360 - 180
            assert abs(off) < 70 and saturation[labels == label].mean() > saturation[labels == 0].mean()


def test_disjoint_masks_become_one_map():
    masks = np.zeros((2, 2, 2), bool)
    masks[0, 0, 0] = masks[1, 1, 1] = True
    np.testing.assert_array_equal(label_map(masks, np.array([11, 0])), [[12, 0], [0, 1]])


def test_scenes_are_functions_of_seed_and_number_and_trainings_have_their_own():
    scenes = ObjectScenes(size=48)
    one, other = DrawnScenes(scenes, 0, 8), DrawnScenes(scenes, 0, 4)
    for index in (0, 3):
        for a, b in zip(one.read(index), other.read(index), strict=True):
            np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
    training = DrawnScenes(scenes, 0)
    assert not np.array_equal(np.asarray(training.read(0)[0]), np.asarray(one.read(0)[0]))
    assert training.fingerprint() != one.fingerprint()
    sizes = [len(np.unique(one.read(index)[1])) - 1 for index in range(8)]
    assert sizes == [1, 2, 3, 4, 1, 2, 3, 4]


def test_scenes_that_cannot_be_drawn_are_refused():
    with pytest.raises(ValueError, match="at least one number"):
        ObjectScenes(set_sizes=())
    with pytest.raises(ValueError, match="n_objects must be 1 to 4"):
        ObjectScenes(set_sizes=(5,))


# ---- order -----------------------------------------------------------------------------------------------------------


def stream(n=5, total=4, rank=0, world=1, micro=2, first=0, last=10):
    return list(Stream(n, total, 1, rank, world, micro, first, last))


def test_the_stream_shows_every_picture_once_a_pass():
    keys = [key for batch in stream() for key in batch]
    assert len(keys) == 40
    for turn in range(8):
        seen = keys[5 * turn : 5 * turn + 5]
        assert sorted(key.index for key in seen) == list(range(5)) and {key.epoch for key in seen} == {turn}
    assert [k.index for k in keys[:5]] != [k.index for k in keys[5:10]]


def test_processes_share_the_stream_and_a_resumed_one_goes_on():
    alone = stream()
    shared = [stream(rank=rank, world=2) for rank in (0, 1)]
    assert [batch for pair in zip(*shared, strict=True) for batch in pair] == alone
    assert stream(first=7) == alone[14:]
    assert len(Stream(5, 4, 1, 0, 1, 2, 7, 10)) == 6


def test_data_without_end_are_never_shown_twice():
    keys = [key.index for batch in stream(n=2**62, last=3) for key in batch]
    assert keys == list(range(12))
