"""Telling: what each observer makes of a cue is what it sees alone, and the figure shows it of all."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from experiments import measures
from experiments.__main__ import main
from experiments.figures import Figure, check_figure
from experiments.figures.page import plain
from experiments.figures.style import style_of
from experiments.live import rivalry
from experiments.live.look import Cue, look, painted, written
from experiments.live.pictures import photographed, picture
from experiments.live.tell import MAPS, tell
from experiments.live.tell_figure import rivals
from experiments.observers import load_observers
from stimuli.sets.resizing import resized

WORDS = ["vit_micro", "vit_micro+decision_bias", "vit_micro+attention_bias:strength=2"]
STAR, LEFT = Cue("class", "star"), Cue("place", place=(0.25, 0.5))
DISK = Cue("class and place", "disk", cells=((0, 0), (1, 1)), painted=(2, 2))


@pytest.fixture(scope="module")
def observers():
    return load_observers(WORDS)


@pytest.fixture(scope="module")
def shown(observers):
    return picture("halves", 3, observers[0])


@pytest.mark.parametrize("cue", [STAR, LEFT])
def test_each_sees_what_it_sees_alone_and_says_whether_it_is_told(observers, shown, cue):
    record = tell(observers, shown, cue, 2)
    assert record["taken"].values.tolist() == [[False], [cue is STAR], [True]]
    for observer, (taken,) in zip(observers, record["taken"].values, strict=True):
        alone = look(observer, shown, {"cue": cue if taken else Cue("none")}, 2, MAPS)
        seen = record["logits"].sel(model=observer.name).values
        np.testing.assert_array_equal(seen, np.broadcast_to(alone["logits"], seen.shape))
        for name in MAPS:
            here = record[name].sel(model=observer.name).values
            np.testing.assert_array_equal(here, np.broadcast_to(alone[name], here.shape))
    assert json.loads(record.attrs["mechanisms"])[WORDS[2]]["parameters"]["strength"] == 2.0
    p = measures.probabilities(record).isel(iteration=[0, -1]).sel(model=WORDS[0])
    assert (p.isel(iteration=0) == p.isel(iteration=1)).all()


@pytest.fixture(scope="module")
def both(observers, shown):
    """Two cues, the second of which a bias of decisions does not take."""
    return tell(observers, shown, ["star", DISK])


def test_every_cue_is_told_as_it_is_alone(observers, shown, both):
    assert both["prior"].values.tolist() == both["category"].values.tolist() == ["star", "disk"]
    assert both["taken"].values.tolist() == [[False, False], [True, False], [True, True]]
    assert both["kinds"].values.tolist() == [str(observers[0].categories.index(name)) for name in ("star", "disk")]
    for number, cue in enumerate((STAR, DISK)):
        alone = tell(observers, shown, cue)
        for name in ("logits", *MAPS):
            np.testing.assert_array_equal(alone[name].values, both[name].isel(prior=[number]).values)


def test_tables_hold_what_softmax_gives(observers, both):
    p = measures.probabilities(both).isel(stimulus=0).transpose("model", "iteration", "prior", "class").values
    star, disk = (observers[0].categories.index(name) for name in ("star", "disk"))
    told = rivalry.answers(both).set_index(["model", "prior", "kind"])
    one = told.loc[(WORDS[2], "disk", "star")]
    np.testing.assert_allclose([one["without"], one["with"]], [p[2, 0, 1, star], p[2, 1, 1, star]])
    for _, rows in told.groupby(["model", "prior"]):
        assert len(rows) == 4 and rows.index.get_level_values("kind")[:2].tolist() == ["star", "disk"]
    top = observers[0].categories[p[2, 1, 1].argmax()]
    assert top in told.sort_index().loc[(WORDS[2], "disk")].index
    shares = rivalry.competition(both).set_index(["model", "prior", "kind"])["share"]
    np.testing.assert_allclose(shares[WORDS[1], "star", "disk"], p[1, 1, 0, disk] / p[1, 1, 0, [star, disk]].sum())
    np.testing.assert_allclose(shares.groupby(["model", "prior"]).sum(), 1)
    assert shares[WORDS[0]].index.get_level_values("prior").unique().tolist() == [rivalry.NO_CUE]
    kept = both.isel(prior=[0])
    assert list(rivalry.competitors(kept)) == ["star", observers[0].categories[_likeliest(p[:, 0, 0].mean(0), star)]]


def _likeliest(p, but):
    return max((n for n in range(len(p)) if n != but), key=lambda n: p[n])


def test_a_prior_without_evidence_is_told(both):
    empty = both.copy(deep=True)
    empty["prior_weights"][2, 1, 1] = 0.0
    assert rivalry.weights(empty).query("weighs_nothing")[["model", "prior"]].values.tolist() == [[WORDS[2], "disk"]]
    figure = rivals(empty)
    assert sum(text.get_text().startswith("no evidence") for text in figure.axes[0].texts) == 1
    assert f"weighs nothing: {WORDS[2]} (disk)." in figure.get_label()
    assert "weighs nothing" not in rivals(both).get_label()


@pytest.mark.seconds
def test_the_figure_keeps_what_figures_promise_and_fits_long_names(both):
    figure = Figure("rivals", "", lambda record, style: rivals(record, style=style), ("telling",), ("taken",))
    names = [f"{name} of a length, which no column holds" for name in both["class"].values]
    long = both.assign_coords({"class": names, "category": ("prior", [names[3], names[0]])})
    check_figure(replace(figure, several=False), long)


def test_the_figure_has_a_picture_and_a_map_of_each_observer_and_cue_that_it_takes(both):
    for style in (style_of("paper", "double"), style_of("paper", "single")):
        (page,) = rivals(both, "prior_weights", style).axes
        assert len(page.images) == 1 + 1 + 1 + 2  # who takes no cue stands with one map alone
        assert not any(np.ptp(image.get_array(), axis=2).max() < 1e-6 for image in page.images)  # none is grey
    assert (
        "take no such cue: vit_micro (star), vit_micro (disk), vit_micro+decision_bias (disk)."
        in rivals(both).get_label()
    )


def test_words_name_observers_and_files_make_the_picture(tmp_path):
    rng = np.random.default_rng(0)
    for name, size in (("a", (90, 200)), ("b", (300, 120))):
        Image.fromarray(rng.integers(0, 256, (*size, 3), np.uint8)).save(tmp_path / f"{name}.png")
    paths = [tmp_path / "a.png", str(tmp_path / "b.png")]
    record = tell(["cnn_micro", "cnn_micro+decision_bias"], paths, ("star", "ring"))
    image = record["image"].values[0]
    first, second = (np.asarray(Image.open(path)) for path in paths)
    np.testing.assert_array_equal(image[:, :56], resized(first[:, 77:122], (112, 56)))
    squeezed = photographed(paths, load_observers("cnn_micro")[0], squeeze=True)
    np.testing.assert_array_equal(squeezed[:, 56:], resized(second, (112, 56)))
    whole = photographed(paths[0], load_observers("cnn_micro")[0])
    assert whole.shape == (112, 112, 3)
    mixed = photographed(paths, load_observers("cnn_micro")[0], "overlay", 0.25, squeeze=True)
    np.testing.assert_allclose(mixed, 0.75 * resized(first, (112, 112)) + 0.25 * resized(second, (112, 112)), atol=0.51)
    with pytest.raises(ValueError, match="one photograph or two, got 3"):
        photographed([*paths, paths[0]], load_observers("cnn_micro")[0])


@pytest.mark.seconds
def test_the_command_goes_from_photographs_to_a_figure_with_its_table(tmp_path, capsys):
    for name, grey in (("a", 90), ("b", 200)):
        Image.fromarray(np.full((120, 130, 3), grey, np.uint8)).save(tmp_path / f"{name}.png")
    files = [str(tmp_path / f"{name}.png") for name in "ab"]
    words = ["tell", *files, "--model", "cnn_micro", "cnn_micro+decision_bias"]
    out = tmp_path / "figure.png"
    assert main([*words, "--cue", "star", "ring", "--out", str(out), "--table", "--dpi", "50"]) == 0
    said, table = capsys.readouterr().out, pd.read_csv(out.with_suffix(".csv"))
    record = tell(words[4:], photographed(files, load_observers("cnn_micro")[0]), ["star", "ring"])
    expected = rivalry.answers(record)
    told = table[table["panel"] == "answers"]
    np.testing.assert_allclose(told[["without", "with"]], expected[["without", "with"]], rtol=1e-5)
    assert out.exists() and f"cnn_micro, {rivalry.NO_CUE}: star" in said and "One picture (n = 1)" in said
    for wrong, line in (
        ([*words, "--out", str(out)], "say what to look for: --cue WORD, --place X Y, or both"),
        ([*words, "--cue", "strar", "--out", str(out)], "no class 'strar'; the nearest are star"),
        ([*words, "--cue", "star"], "--out FILE"),
        (["tell", str(tmp_path / "c.png"), "--cue", "star", "--out", str(out)], "no photograph at"),
    ):
        assert main(wrong) == 2
        error = capsys.readouterr().err
        assert line in error and error.count("\n") == 1


def test_painted_cells_are_the_place_whatever_the_grid(observers):
    cue = Cue("place", cells=((0, 1), (1, 1)), painted=(2, 2))  # the right half
    for observer in observers:
        weights = cue.prior(observer).weights
        rows, columns = observer.locations
        np.testing.assert_array_equal(weights, np.tile(np.arange(columns) >= columns / 2, (rows, 1)))
    assert written(cue.cells, cue.painted) == "2x2: 0,1 1,1"
    np.testing.assert_array_equal(painted("2x2: 0,1 1,1"), [[0, 1], [0, 1]])
    for wrong in ("2x2: 0,2", "2x2: 0", "2: 0,1", "ab", "2x2: -1,0"):
        with pytest.raises(ValueError, match="cannot read the cells"):
            painted(wrong)
    with pytest.raises(ValueError, match="2 x 2 cells has no cell"):
        Cue("place", cells=((0, 2),), painted=(2, 2))


def test_what_cannot_be_told_is_refused(observers, shown):
    with pytest.raises(ValueError, match="expected one of the maps class_activation, prior_weights, got 'rollout'"):
        rivals(tell(observers[:1], shown, STAR), "rollout")
    with pytest.raises(ValueError, match="with a name each, got vit_micro, vit_micro"):
        tell([observers[0], observers[0]], shown, STAR)
    with pytest.raises(ValueError, match="cues with a name each, got star, star"):
        tell(observers, shown, ["star", "star"])
    with pytest.raises(ValueError, match="no class 'strar'; the nearest are star"):
        tell(observers, shown, Cue("class", "strar"))
    with pytest.raises(ValueError, match="same size and categories, and vit_micro, other differ"):
        tell([observers[0], replace(observers[1], name="other", size=(64, 64))], shown, STAR)


def test_several_kinds_are_labelled_by_all_of_them():
    assert plain("tabby, tabby cat; crane (n02012849)") == "tabby or crane" and plain("tench, Tinca tinca") == "tench"
