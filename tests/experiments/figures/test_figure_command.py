"""``python -m experiments figure``: what it writes, and one line for what cannot be drawn."""

import json

import numpy as np
import pandas as pd
import pytest
import synthetic_probe_records as made
from PIL import Image
from synthetic_records import bistable_record

from experiments.__main__ import main
from experiments.exchange.human_trials import trials_of
from experiments.figures import FIGURES
from stimuli.families import overlay
from stimuli.sets import format


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Records of some probes on disk, tables of trials and a stimulus set."""
    folder = tmp_path_factory.mktemp("records")
    other = bistable_record(6, size=16, tokens=4, model="another")
    records = {
        "bistable": bistable_record(6, size=16, tokens=4),
        "other": other,
        "graded": made.graded_record(),
        "search": made.search_record(),
        "settling": made.dynamics_record("settling"),
        "hysteresis": made.dynamics_record("hysteresis").isel(model=[1]),
        "robust": made.robustness_record(),
        "unfinished": made.robustness_record().assign(done=("stimulus", np.zeros(4, np.int8))),
    }
    for name, record in records.items():
        record.to_zarr(folder / f"{name}.zarr", consolidated=False)
    for k, name in enumerate(("subject-01", "vit")):
        trials = trials_of(bistable_record(12, model=name))
        trials.loc[trials.index % (3 + k) == 0, "object_response"] = "disk"  # mistakes, some of them common
        trials.to_csv(folder / f"{name}.csv", index=False)
    trials_of(bistable_record(12)).assign(imagename="x_elsewhere1.png").iloc[:1].to_csv(
        folder / "apart.csv", index=False
    )
    format.write(overlay.draw(overlay.Overlay(), 4, 0), folder / "set")
    return folder


def lines_of_error(words, folder, capsys):
    assert main(["figure", *(str(folder / word) if (folder / word).exists() else word for word in words)]) == 2
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["portrait", "bistable.zarr"], "no figure 'portrait': did you mean"),
        (["search"], "the figure search needs records"),
        (["search", "bistable.zarr"], "figures of such a record: maps, mechanisms, signature, steering, sheet"),
        (["search", "bistable.zarr"], "draws records of search, got one of bistable"),
        (["settling", "search.zarr"], "draws records of feedback_dynamics: settling, got one of search"),
        (["signature", "search.zarr"], "draws records of bistable"),
        (["robustness", "search.zarr"], "draws records of robustness"),
        (["psychometric", "bistable.zarr"], "draws mix, and the record has no such variable"),
        (["gains", "bistable.zarr"], "draws gain, and the record has no such variable"),
        (["signature", "bistable.zarr", "other.zarr"], "the figure signature draws one record, got 2"),
        (["dynamics", "settling.zarr", "hysteresis.zarr"], "one model, got records of intact and intact, decoders"),
        (["dynamics", "settling.zarr", "settling.zarr"], "one record of each protocol, got two of settling"),
        (["search", "search.zarr", "search.zarr"], "each model is drawn once, got two records of intact"),
        (["robustness", "unfinished.zarr"], "not complete"),
        (["search", "search.zarr", "--kind", "value_norm"], "there is no option --kind"),
        (["maps", "bistable.zarr", "--cue", "smell"], "expected a kind of cue in"),
        (["signature", "bistable.zarr", "--stimuli", "77"], "expected 1 to 26 of the stimuli"),
        (["sheet", "bistable.zarr", "--stimuli", "77"], "expected 1 to 96 of the stimuli"),
        (["sheet", "robust.zarr"], "the figure sheet draws image"),
        (["search", "nowhere.zarr"], "no record at"),
        (["consistency", "vit.csv"], "at least two observers"),
        (["consistency", "vit.csv", "nowhere.csv"], "no responses at"),
        (["consistency", "vit.csv", "apart.csv"], "have a stimulus in common"),
        (["sheet", "set", "--dpi", "5"], "dpi must be in 50..1200"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(folder, tmp_path, capsys, words, told):
    lines = lines_of_error([*words, "--out", str(tmp_path / "f.png")], folder, capsys)
    assert len(lines) == 1 and lines[0].startswith("error: ") and told in lines[0]
    assert not (tmp_path / "f.png").exists()


@pytest.mark.parametrize("probe", ["bistable", "object_prior"])
def test_an_option_of_another_command_is_one_line_that_names_the_right_one(probe, capsys):
    assert main([probe, "--gain", "2"]) == 2  # an option of figure
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: there is no option --gain (did you mean --gains?)") and f"{probe} --help" in line


def test_files_that_cannot_be_written_are_one_line(folder, capsys):
    lines = lines_of_error(["sheet", "set", "--out", str(folder / "vit.csv" / "f.png")], folder, capsys)
    assert len(lines) == 1 and "cannot write" in lines[0]
    assert len(lines_of_error(["sheet", "set", "--out", "f.gif"], folder, capsys)) == 1


def test_figures_are_found_by_their_former_names(folder, tmp_path):
    assert FIGURES["cueing"] is FIGURES["spatial_prior"] and FIGURES["objects"] is FIGURES["object_prior"]
    assert {"cueing", "objects"}.isdisjoint(FIGURES)


def test_the_list_names_every_figure(capsys):
    assert main(["figure", "list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(FIGURES)


def test_caption_and_numbers_are_written_beside_the_figure(folder, tmp_path, capsys):
    words = ["figure", "search", str(folder / "search.zarr"), "--out", str(tmp_path / "s.pdf"), "--caption", "--table"]
    assert main([*words, "--width", "single"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert (tmp_path / "s.txt").read_text("utf8").strip() == printed[0]
    assert printed[1:] == [str(tmp_path / f"s.{ending}") for ending in ("pdf", "txt", "csv", "tex")]
    table = pd.read_csv(tmp_path / "s.csv")
    assert {"model", "prior", "set_size", "d_prime", "d_prime_low"} <= set(table)
    assert "\\begin{tabular}" in (tmp_path / "s.tex").read_text()


@pytest.mark.parametrize(("style", "width", "mm"), [("paper", "single", 89), ("slides", "double", 333)])
def test_style_and_width_are_as_asked_for(folder, tmp_path, style, width, mm):
    out = tmp_path / "f.png"
    words = ["figure", "robustness", str(folder / "robust.zarr"), "--style", style, "--width", width]
    assert main([*words, "--out", str(out)]) == 0
    with Image.open(out) as image:
        assert image.width == pytest.approx(mm / 25.4 * 300, abs=1)
        told = json.loads(image.text["Comment"])
    assert told["model"] == "intact" and set(told["drawn"]) == {"command", "package_version", "git_commit"}


def test_tables_of_trials_records_and_stimulus_sets_are_drawn(folder, tmp_path, capsys):
    given = [str(folder / name) for name in ("subject-01.csv", "vit.csv", "bistable.zarr")]
    assert main(["figure", "consistency", *given[:2], "--out", str(tmp_path / "c.png"), "--table"]) == 0
    assert "1 model and 1 person" in capsys.readouterr().out
    assert {"first", "second", "kappa", "observer", "accuracy_low"} <= set(pd.read_csv(tmp_path / "c.csv"))
    assert main(["figure", "sheet", str(folder / "set"), "--out", str(tmp_path / "set.png")]) == 0
    assert "4 of 4 stimuli of overlay" in capsys.readouterr().out
    assert main(["figure", "sheet", given[2], "--stimuli", "3", "1", "--out", str(tmp_path / "two.png")]) == 0
    assert "2 of 6 stimuli of bistable perception" in capsys.readouterr().out


def test_a_figure_of_curves_alone_has_its_table_in_both_formats(tmp_path, capsys):
    record = made.dynamics_record("switching", 60)
    flat = record.assign(logits=record["logits"] * 0 + record["logits"].isel(iteration=1))  # nothing alternates
    flat.to_zarr(tmp_path / "r.zarr", consolidated=False)
    words = ["figure", "dominance", str(tmp_path / "r.zarr"), "--out", str(tmp_path / "f.png"), "--table"]
    assert main(words) == 0
    assert "does not alternate" in capsys.readouterr().out
    assert "\\begin{tabular}" in (tmp_path / "f.tex").read_text() and len(pd.read_csv(tmp_path / "f.csv")) > 20
