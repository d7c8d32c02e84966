"""Figures: nothing clipped or overlapping, captions and provenance in the files, the same bytes each time."""

import matplotlib
import numpy as np
import pytest
from matplotlib.text import Text
from scipy import special
from synthetic_records import CLASSES, MAPS, bistable_record, several

from experiments import figures, measures
from experiments.figures import page
from experiments.figures.check import faults_of_text
from experiments.probes.bistable import signature_layout
from experiments.probes.bistable import summary as summaries
from experiments.statistics import intervals


@pytest.fixture(scope="module")
def record():
    generator = np.random.default_rng(0)
    record = bistable_record(n=8)
    record["logits"] = record["logits"] + generator.normal(0, 0.5, record["logits"].shape).astype(np.float32)
    record["logits"][0] = record["logits"][0, 0]  # bottom-up, all priors are the same
    return record


def long_names(record):
    names = [f"{name} of an extraordinary length, synonym" for name in CLASSES]
    return record.assign_coords({"class": np.array(names, object)})


def unknown_classes(record):
    record = record.sel(prior=["none", "place 1", "place 2"])
    return record.assign_coords({name: ("stimulus", np.full(8, -1)) for name in ("class_1", "class_2")})


def plain_vit(record):
    record = record.copy(deep=True)
    for name in ("prior_weights", "feedback_norm"):
        record[name][:] = np.nan
    return record


DRAWINGS = {
    "class cues": figures.signature,
    "place cues too": lambda record: figures.signature(record, place=True),
    "one stimulus": lambda record: figures.signature(record, n=1),
    "one map for all": lambda record: figures.signature(record, kind="class_attention"),
    "wide pictures": lambda record: figures.signature(record.isel(y=slice(0, 24))),
    "long names": lambda record: figures.signature(long_names(record), place=True),
    "unknown classes": lambda record: figures.signature(unknown_classes(record)),
    "no map": lambda record: figures.signature(plain_vit(record)),
    "many models": lambda record: figures.signature(several()),
    "steering": figures.steering,
    "steering of a model with a long name": lambda record: figures.steering(
        several(models=("a model whose name does not fit into its column", "b", "c"), seeds=(0, 1, 2))
    ),
}


@pytest.mark.seconds
@pytest.mark.parametrize("drawing", DRAWINGS)
def test_text_is_whole_and_overlaps_nothing(record, drawing):
    figure = DRAWINGS[drawing](record)
    width, height = figure.get_size_inches() * 25.4
    assert width == pytest.approx(180) and height < 247  # two columns, one page
    assert not [*faults_of_text(figure, 7)]
    texts = figure.findobj(Text)
    assert sum(bool(text.get_visible() and text.get_text().strip()) for text in texts) > 10


@pytest.mark.seconds
def test_each_row_shows_a_stimulus_and_its_maps(record):
    figure = figures.signature(record)
    assert len(figure.axes[0].images) == 4 * 4 + 2
    headings = [text.get_text() for text in figure.axes[0].texts[:4]]
    assert headings == ["stimulus", "bottom-up", "cue: class 1", "cue: class 2"]
    first = signature_layout.balanced(record)[0]
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), record["image"][first])


def test_bars_have_the_length_and_the_text_of_the_probabilities(record):
    figure = figures.signature(record, stimuli=[5])
    p = special.softmax(record["logits"].sel(stimulus=5).values.astype(float), axis=-1)
    expected = []
    for prior, iteration in (("none", 0), ("class 1", 1), ("class 2", 1)):
        row = p[iteration, list(record["prior"].values).index(prior)]
        expected += [row[int(record[name].sel(stimulus=5))] for name in ("class_1", "class_2")]
    colours = figures.STYLE.colours(2)
    bars = [patch for patch in figure.axes[0].patches if patch.get_height() == 2.2]
    track = max(bar.get_width() for bar in bars)
    filled = [bar for bar in bars if matplotlib.colors.to_hex(bar.get_facecolor()) in colours]
    np.testing.assert_allclose([bar.get_width() / track for bar in filled], expected, rtol=1e-5)
    texts = [text.get_text() for text in figure.axes[0].texts]
    for value in expected:
        assert f"{value:.2f}".removeprefix("0") in texts
    table = figures.numbers_of(figure)
    np.testing.assert_allclose(table["probability"].dropna(), expected, rtol=1e-5)
    assert {"stimulus", "cue", "pass", "class"} <= set(table)
    bold = [text.get_text() for text in figure.axes[0].texts if text.get_weight() == "bold"]
    assert CLASSES[5] in bold and CLASSES[0] in bold


def test_unknown_classes_show_the_two_most_probable_under_place_cues(record):
    unknown = unknown_classes(record)
    shown = signature_layout.shown_classes(unknown)
    p = special.softmax(record["logits"].values[0, 0], axis=-1)
    np.testing.assert_array_equal(np.sort(shown, axis=1), np.sort(np.argsort(p, axis=1)[:, -2:], axis=1))
    figure = figures.signature(unknown)
    assert "cue: place 2" in [text.get_text() for text in figure.axes[0].texts]
    assert "most probable bottom-up" in figure.get_label()


def test_balanced_is_the_largest_smaller_probability_at_iteration_0(record):
    p = special.softmax(record["logits"].values[0, 0], axis=-1)
    weaker = [min(row[int(a)], row[int(b)]) for row, a, b in zip(p, record.class_1, record.class_2, strict=True)]
    assert signature_layout.balanced(record, 3) == sorted(np.argsort(weaker)[-3:])
    steered = record.copy(deep=True)
    steered["logits"][1] = -steered["logits"][1]
    assert signature_layout.balanced(steered, 3) == signature_layout.balanced(record, 3)
    assert signature_layout.balanced(record, 99) == list(range(8))


def test_a_map_keeps_its_values_at_the_centres_of_its_tokens(record):
    run = signature_layout.first_run(record.isel(stimulus=[2]))
    run = run.assign_coords(y=np.arange(64.0), x=np.arange(64.0))  # pixels fall on the centres 4, 12, ...
    column = signature_layout.columns_of(run, "value_norm", False)[1]
    pixels = signature_layout.map_in_pixels(run, column)
    tokens = run["value_norm"].sel(prior="class 1", iteration=1).values[0].astype(float)
    np.testing.assert_allclose(pixels[4::8, 4::8], tokens, rtol=1e-4)
    assert tokens.min() - 1e-6 <= pixels.min() and pixels.max() <= tokens.max() + 1e-6


def test_bottom_up_shows_a_map_that_exists_there(record):
    run = signature_layout.first_run(record)
    assert signature_layout.columns_of(run, "prior_weights", False)[0].kind == "token_norm"
    assert signature_layout.columns_of(run, "value_norm", False)[0].kind == "value_norm"
    bare = run.drop_vars("token_norm")
    assert signature_layout.columns_of(bare, "feedback_norm", False)[0].kind == "class_attention"
    assert set(signature_layout.MAP_NAMES) == set(MAPS) == set(measures.MAPS)


def test_extents_follow_the_masks(record):
    run = signature_layout.first_run(record)
    assert signature_layout.object_extents(run.isel(stimulus=[0])) == [(0, 0.5), (0.5, 1)]
    assert signature_layout.object_extents(run.isel(stimulus=[1])) == [(0.5, 1), (0, 0.5)]


def test_caption_names_model_stimuli_maps_and_the_interval(record):
    text = figures.caption(several(), n=2)
    index = measures.bootstrap(measures.selection_index(bistable_record()).sel(prior="class", iteration=1))
    assert "intact (seed 0)" in text and "of 6 (the largest min(p1, p2)" in text
    assert intervals.interval_text(*(float(index[end]) for end in ("estimate", "low", "high"))) in text
    assert "token norm bottom-up, prior weight in pass 2" in text
    assert figures.signature(record, stimuli=[3, 1]).get_label() == figures.caption(record, stimuli=[3, 1])
    assert "3, 1 of 8 (chosen by number)" in figures.caption(record, stimuli=[3, 1])


def test_steering_dots_stand_at_the_means():
    many = several(seeds=(0, 1, 2))
    frame = summaries.summary(many)
    for given in (many, frame):
        panel = figures.steering(given).axes[1]
        dots = np.concatenate([line.get_xdata() for line in panel.lines if line.get_marker() == "o"])
        expected = frame[frame["cue_decides"].notna()]["selection_index"]
        np.testing.assert_allclose(np.sort(dots), np.sort(expected))
        assert any(list(line.get_xdata()) == [0.5, 0.5] for line in panel.lines)


def test_a_class_that_all_pictures_share_stands_above_its_column(record):
    same = record.sel(stimulus=[2]).isel(stimulus=[0, 0]).assign_coords(stimulus=[0, 1])
    headings = [text.get_text() for text in figures.signature(same, place=True).axes[0].texts[:6]]
    one, two = (CLASSES[int(same[name][0])] for name in ("class_1", "class_2"))
    assert headings == ["stimulus", "bottom-up", f"cue: {one}", f"cue: {two}", "cue: place 1", "cue: place 2"]


@pytest.mark.parametrize("grey", [0, 90, 128, 180, 255])
def test_an_overlay_at_full_weight_is_no_grey(grey):
    picture = np.full((2, 2, 3), grey, np.uint8)
    lit = page.overlay(picture, np.ones((2, 2)), (0.0, 1.0))
    assert np.ptp(lit[0, 0]) > 0.2  # of the channels: a grey has none
    lightness = [page.overlay(picture, np.full((1, 1), v), (0.0, 1.0)).mean() for v in np.linspace(0, 1, 9)]
    assert (np.diff(lightness) > 0).all()


def test_the_name_of_a_model_is_whole_over_the_panels_of_one_column():
    name = "absvit_small_patch16_gap_224.steered_v2"
    figure = figures.steering(several(models=(name, "b")), figures.style_of("paper", "single"))
    figure.canvas.draw()
    first, *panels = figure.axes
    assert name in [text.get_text() for text in first.texts]
    assert first.get_zorder() > max(axes.get_zorder() for axes in panels)
    assert not [*faults_of_text(figure)]


@pytest.mark.seconds
def test_the_same_record_gives_the_same_bytes_and_leaves_matplotlib_alone(record, tmp_path):
    before = dict(matplotlib.rcParams)
    written = []
    for name in ("a", "b"):
        paths = figures.save(figures.signature(record, n=1), tmp_path / name, record, ("pdf", "png", "svg"))
        written.append([path.read_bytes() for path in paths])
    assert written[0] == written[1]
    assert dict(matplotlib.rcParams) == before


@pytest.mark.seconds
def test_formats_follow_the_path(record, tmp_path):
    figure = figures.steering(record)
    assert figures.save(figure, tmp_path / "steering", record) == [
        tmp_path / "steering.pdf",
        tmp_path / "steering.png",
    ]
    assert figures.save(figure, str(tmp_path / "dots.svg"), record) == [tmp_path / "dots.svg"]
    assert figures.save(figure, tmp_path / "dots.svg", record, ["png"]) == [tmp_path / "dots.png"]


def test_an_unwritable_path_keeps_what_is_there(record, tmp_path):
    (tmp_path / "file").write_text("kept")
    with pytest.raises(ValueError, match="cannot write"):
        figures.save(figures.steering(record), tmp_path / "file" / "figure.png", record)
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: figures.signature(r, stimuli=[99]), "stimuli 0 to 7.*99"),
        (lambda r: figures.signature(r, stimuli=[]), "1 to 26"),
        (lambda r: figures.signature(r, n=0), "n >= 1"),
        (lambda r: figures.signature(r, kind="saliency"), "prior_weights.*saliency"),
        (lambda r: figures.signature(r.sel(prior=["none"])), "cue a class or a place"),
        (lambda r: figures.signature(r.drop_vars(["token_norm", "class_attention", "value_norm"])), "bottom-up pass"),
        (lambda r: figures.steering(unknown_classes(r)), "whose classes the model knows"),
        (lambda r: figures.save(figures.steering(r), "figure.gif", r), "pdf, png, svg or jpg"),
    ],
)
def test_errors_say_what_was_expected(record, call, message):
    with pytest.raises(ValueError, match=message):
        call(record)
