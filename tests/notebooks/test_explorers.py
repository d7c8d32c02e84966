"""Explorers without a browser: what they show is what their code makes, and every mistake is one readable line."""

import io
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import torch
from PIL import Image
from synthetic_records import bistable_record

import absvit
from absvit.models.zoo import VARIANTS
from experiments import measures
from experiments.figures import INCH
from experiments.figures.screen import png
from experiments.live import pictures
from experiments.live.look import Cue, look
from notebooks import explorers
from notebooks.explorers import AttentionExplorer, BistableExplorer, RecordExplorer

MODES = ("RGB", "RGBA", "L", "I;16", "CMYK")  # of uploads
ABSENT = "mps" if torch.cuda.is_available() else "cuda"  # no machine has both


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("explorers")


@pytest.fixture(scope="module")
def attention(folder):
    return AttentionExplorer(folder=folder)


@pytest.fixture(scope="module")
def store(folder):
    path = folder / "record.zarr"
    bistable_record(n=8).assign(done=("stimulus", np.ones(8, np.int8))).to_zarr(path, consolidated=False)
    return path


def made_by(source):
    """The picture that the lines under a figure make on their own."""
    names = {}
    exec(source, names)
    return png(names["figure"])


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


@pytest.mark.seconds
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"prior": "class and place", "category": "ring", "x": 0.25, "y": 0.75, "width": 0.2, "gain": 3.5},
        {"prior": "none", "kind": "class_attention", "layer": 2, "head": 1, "iterations": 0, "opacity": 0.3},
        {"checkpoint": "seed1", "source": "overlay", "number": 5, "kind": "rollout", "iterations": 3},
        {"model": "vit_micro", "prior": "none", "kind": "token_norm"},
        {"prior": "place", "source": "photographs", "number": 1, "shape": "box", "across": (0.1, 0.6)},
    ],
)
def test_the_code_of_attention_makes_the_picture_that_is_shown(attention, change):
    attention.selection = wanted = replace(plain(attention), **change)
    assert attention.message == ""
    assert attention.selection == wanted
    np.testing.assert_array_equal(pixels(made_by(attention.source)), pixels(attention.picture.value))


def test_the_record_of_attention_is_what_looking_gives(attention):
    attention.selection = replace(
        attention.selection, model="absvit_micro", checkpoint="", source="halves", number=4, prior="class",
        category="star", gain=4.0, iterations=2,
    )  # fmt: skip
    model = absvit.load_model("absvit_micro")
    picture = pictures.picture("halves", 4, model)
    expected = look(model, picture, {"cue": Cue("class", "star", gain=4.0)}, 2)
    np.testing.assert_array_equal(attention.record["logits"], expected["logits"])


def test_controls_move_the_picture_and_a_view_is_remembered(folder):
    explorer = AttentionExplorer(folder=folder)
    assert explorer.message == "" and explorer.selection.gain == 2.0  # the model's default for a class
    first = explorer.picture.value
    explorer.controls["gain"].value = 5.0
    second, figure = explorer.picture.value, explorer.figure
    assert second != first
    explorer.controls["gain"].value = 2.0
    assert explorer.picture.value == first
    explorer.controls["gain"].value = 5.0
    assert explorer.figure is figure


def said(*corners):
    """What the picture's handlers write: where the pointer went down and up, and when."""
    return " ".join(map(str, (*corners, 12345.6)))


def test_a_click_on_the_picture_moves_the_spotlight(folder):
    explorer = AttentionExplorer(folder=folder)
    explorer.controls["prior"].value = "place"
    assert explorer.selection.gain == 1.0  # the model's default for a place
    explorer.place.said.value = said(0.931, 0.942, 0.94, 0.94)
    assert (explorer.selection.shape, explorer.selection.x, explorer.selection.y) == ("spotlight", 0.94, 0.94)
    weights = explorer.record["prior_weights"].isel(iteration=1, prior=0, stimulus=0).values
    assert np.unravel_index(weights.argmax(), weights.shape) == (13, 13)
    assert "data:image/png" in explorer.place.children[1].value


def test_a_box_that_is_dragged_is_where_the_model_looks(folder):
    explorer = AttentionExplorer(folder=folder)
    explorer.controls["prior"].value = "class and place"
    before = explorer.picture.value
    explorer.place.said.value = said(1.2, 0.5, 0.5, -0.1)  # from right to left and up, beyond the edges
    assert explorer.message == "" and explorer.picture.value != before
    assert explorer.selection.cue.box == (0.5, 0, 1, 0.5)
    weights = explorer.record["prior_weights"].isel(iteration=1, prior=0, stimulus=0).values
    inside = np.zeros((14, 14), bool)
    inside[:7, 7:] = True
    assert (weights[~inside] == 0).all() and abs(weights[inside]).max() > 0
    np.testing.assert_array_equal(pixels(made_by(explorer.source)), pixels(explorer.picture.value))


def picture_file(mode):
    generator = np.random.default_rng(0)
    shape = {"RGB": (40, 90, 3), "RGBA": (90, 40, 4), "L": (50, 50), "I;16": (64, 32), "CMYK": (48, 64, 4)}[mode]
    values = generator.integers(0, 65536 if mode == "I;16" else 256, shape)
    picture = Image.fromarray(
        values.astype(np.uint16 if mode == "I;16" else np.uint8), None if mode != "CMYK" else mode
    )
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    file = io.BytesIO()
    picture.save(file, "TIFF" if mode == "CMYK" else "PNG", **({"exif": exif} if mode == "RGB" else {}))
    return file.getvalue()


def upload(name, content):
    when = datetime(2026, 1, 1, tzinfo=UTC)
    told = {"name": name, "type": "", "size": len(content), "content": memoryview(content), "last_modified": when}
    return (told,)


def plain(explorer):
    """A selection that can be shown, whatever was tried before."""
    return replace(
        explorer.selection,
        model="absvit_micro",
        checkpoint="",
        prior="class",
        head=-1,
        source="halves",
        shape="spotlight",
    )


@pytest.mark.seconds
@pytest.mark.parametrize("mode", MODES)
def test_uploads_of_odd_modes_are_shown_and_their_code_reads_them(attention, folder, mode):
    attention.selection = plain(attention)
    attention.chooser.upload.set_trait("value", upload(f"../{mode[0]}picture.png", picture_file(mode)))
    assert attention.message == "" and attention.record["image"].shape == (1, 112, 112, 3)
    assert attention.selection.path.startswith(str(folder))
    np.testing.assert_array_equal(pixels(made_by(attention.source)), pixels(attention.picture.value))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"path": "nowhere.jpg", "source": "a file"}, "no photograph at nowhere.jpg"),
        ({"path": "", "source": "a file"}, "no picture is chosen"),
        ({"category": "strar"}, "no class 'strar'; the nearest are star"),
        ({"checkpoint": "seed9"}, "neither a file nor among the bundled tags"),
        ({"checkpoint": "nowhere/weights.safetensors"}, "nowhere/weights.safetensors"),
        ({"model": "vit_micro"}, "no feedback path"),
        ({"prior": "place", "shape": "box", "across": (0.4, 0.4)}, "a box has"),
        ({"device": ABSENT}, f"there is no device {ABSENT} here: choose cpu"),
    ],
)
def test_what_attention_cannot_show_is_one_line_and_the_next_thing_works(attention, change, message):
    attention.selection = plain(attention)
    good, before = attention.selection, attention.picture.value
    attention.selection = replace(good, **change)
    assert message in attention.message and "\n" not in attention.message
    assert attention.picture.value == before
    attention.selection = good
    assert attention.message == ""


def test_an_unreadable_upload_is_one_line(folder):
    explorer = AttentionExplorer(folder=folder)
    explorer.chooser.upload.set_trait("value", upload("broken.jpg", b"no picture at all <script>"))
    assert "broken.jpg as a photograph" in explorer.message


@pytest.mark.seconds
def test_the_code_of_a_bistable_picture_makes_what_is_shown(store):
    explorer = BistableExplorer()
    assert explorer.message == ""
    explorer.selection = wanted = replace(explorer.selection, mix=0.3, gain=1.5, kind="rollout")
    assert explorer.selection == wanted and explorer.message == ""
    np.testing.assert_array_equal(pixels(made_by(explorer.source)), pixels(explorer.picture.value))
    assert measures.object_1_share(explorer.record).sizes["stimulus"] == 11
    explorer.controls["family"].value = "halves"
    assert explorer.message == "" and explorer.controls["mix"].disabled
    explorer.controls["stored"].value = str(store)
    assert "this one has none" in explorer.message
    explorer.controls["stored"].value = "nowhere.zarr"
    assert "no record at nowhere.zarr; make one with python -m experiments" in explorer.message


@pytest.fixture(scope="module")
def class_folder(folder):
    """Pictures of two classes that the bundled model knows, as anybody's photographs would lie in folders."""
    for name in ("star", "ring"):
        (folder / "photographs" / name).mkdir(parents=True)
        for number in range(2):
            generator = np.random.default_rng(number)
            Image.fromarray(generator.integers(0, 256, (90, 120, 3)).astype(np.uint8)).save(
                folder / "photographs" / name / f"{number}.png"
            )
    return str(folder / "photographs")


@pytest.mark.seconds
def test_two_readings_can_be_photographs_of_a_class_folder(class_folder, folder):
    explorer = BistableExplorer(folder=folder)
    for family in ("halves", "overlay"):
        explorer.selection = replace(explorer.selection, photographs=class_folder, family=family, number=1)
        assert explorer.message == "", family
        names = [explorer.record["class"].values[int(explorer.record[name][0])] for name in ("class_1", "class_2")]
        assert sorted(names) == ["ring", "star"]
        np.testing.assert_array_equal(pixels(made_by(explorer.source)), pixels(explorer.picture.value))
    explorer.controls["photographs"].value = "nowhere"
    assert "nowhere" in explorer.message and "\n" not in explorer.message


def test_every_model_of_the_zoo_can_be_chosen(attention):
    names = [variant.name for variant in VARIANTS]
    assert list(attention.controls["model"].options) == names
    steered = BistableExplorer().controls["model"].options
    assert set(steered) == {name for name in names if name.startswith("absvit")}


@pytest.mark.seconds
def test_any_variable_of_a_record_is_shown_with_its_code(store, folder):
    explorer = RecordExplorer(store, folder)
    for variable in ("logits", "prior_weights", "image", "mask_1"):
        explorer.controls["variable"].value = variable
        assert explorer.message == "", variable
        before = explorer.picture.value
        explorer.sliders["stimulus"].value = 5
        assert explorer.message == "" and explorer.picture.value != before, variable
        np.testing.assert_array_equal(pixels(made_by(explorer.source)), pixels(explorer.picture.value))
    wanted = replace(explorer.selection, view=replace(explorer.selection.view, variable="logits", across="class",
                     colour="", facet="iteration", average="stimulus", at=(("prior", 2),)))  # fmt: skip
    explorer.selection = wanted
    assert explorer.message == "" and explorer.selection == wanted


def test_a_stimulus_on_the_axis_is_marked_and_its_picture_shown(store, folder):
    explorer = RecordExplorer(store, folder)
    explorer.controls["variable"].value = "logits"
    explorer.controls["across"].value = "stimulus"
    explorer.controls["colour"].value = ""
    explorer.sliders["stimulus"].value = 5
    assert explorer.message == ""
    line, *_ = (line for line in explorer.figure.axes[1].lines if line.get_linestyle() == "--")
    assert line.get_xdata()[0] == 5
    shown = [image.get_array() for image in explorer.figure.axes[0].images]
    np.testing.assert_array_equal(shown[0], explorer.record["image"][5])
    np.testing.assert_array_equal(pixels(made_by(explorer.source)), pixels(explorer.picture.value))
    explorer.controls["average"].value = "stimulus"
    assert "has the dimensions" in explorer.message


def test_records_that_are_none_are_one_line(store, folder):
    explorer = RecordExplorer(folder=folder)
    assert "no record is chosen" in explorer.message
    (folder / "text.zarr").write_text("no record")
    explorer.controls["path"].value = str(folder / "text.zarr")
    assert "is not a record" in explorer.message
    explorer.controls["path"].value = str(store)
    assert explorer.message == ""
    explorer.controls["facet"].value = "class"
    assert "got ['class'" in explorer.message
    explorer.controls["facet"].value = ""
    assert explorer.message == ""


@pytest.mark.parametrize("suffix", ["pdf", "svg", "png"])
def test_a_figure_is_saved_with_its_origin(attention, folder, suffix):
    attention.format.value = suffix
    attention.save()
    assert attention.message.startswith("written:")
    content = (folder / f"attention.{suffix}").read_bytes()
    sha = absvit.load_model(attention.selection.model).checkpoint_sha256.encode()
    assert len(content) > 5000
    assert sha in content or sha.decode().encode("utf-16-be") in content
    attention.file.value = ""
    attention.save()
    assert "no file name" in attention.message
    attention.file.value = "attention"


@pytest.mark.seconds
@pytest.mark.parametrize("name", explorers.__all__)
def test_figures_are_shown_saved_and_coded_in_a_style_and_a_width(name, store, folder):
    kind = getattr(explorers, name)
    explorer = kind(store, folder) if kind is RecordExplorer else kind(folder=folder)
    before = explorer.source
    explorer.style.value, explorer.width.value = "slides", "single"
    assert explorer.message == "" and "style=style_of('slides', 'single')" in explorer.source
    assert explorer.figure.get_size_inches()[0] * INCH == pytest.approx(89 * 1.85)
    np.testing.assert_array_equal(pixels(made_by(explorer.source)), pixels(explorer.picture.value))
    explorer.file.value, explorer.format.value = f"{name}-slide", "png"
    explorer.save()
    origin = str(explorer.record.attrs["checkpoint_sha256"]).encode()
    assert origin in (folder / f"{name}-slide.png").read_bytes()
    with Image.open(folder / f"{name}-slide.png") as saved:
        assert saved.size[0] == pytest.approx(89 * 1.85 / INCH * 300, abs=1)
    explorer.style.value, explorer.width.value = "paper", "double"
    assert explorer.source == before


@pytest.mark.seconds
@pytest.mark.parametrize("kind", [BistableExplorer, explorers.DynamicsExplorer])
def test_the_gain_follows_the_default_of_the_model(kind, folder):
    explorer = kind(folder=folder)
    assert explorer.selection.gain == 2.0
    explorer.models("absvit_micro", "official_seed0").module.prior_gains["class"] = 40.0  # as of the official models
    explorer.controls["checkpoint"].value = "official_seed0"
    assert explorer.message == "" and explorer.selection.gain == 40.0
    explorer.selection = wanted = replace(explorer.selection, checkpoint="seed1", gain=70.0)
    assert explorer.message == "" and explorer.selection == wanted


def test_a_figure_and_a_record_can_be_set(attention, store, folder):
    explorer = RecordExplorer(store, folder)
    explorer.figure, explorer.record = attention.figure, attention.record
    assert explorer.figure is attention.figure and explorer.record is attention.record
    explorer.file.value = "set"
    explorer.save()
    assert (folder / "set.pdf").exists()
