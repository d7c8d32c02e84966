"""Columns of summaries are explained, with their tests, in the help, on the terminal and in LaTeX."""

import io
import re

import pandas as pd
import pytest
import synthetic_probe_records as made
from synthetic_figures import RECORDS
from synthetic_records import bistable_record

from experiments import measures
from experiments.__main__ import main
from experiments.columns import EVERY, latex_of, notes_of
from experiments.probe import written_by
from experiments.probes import PROBES
from experiments.table import summary as summary_of

OF_EACH_PROBE = (
    "signature", "object_prior", "spatial_prior", "search", "navon", "contours", "crowding", "settling", "hysteresis",
    "dominance", "corruption",
)  # fmt: skip
TELLING = {"model", "seed", "prior", "gain", "noise", "mix", "figure", "set_size", "width", "angle", "spacing", "map",
           "corruption", "severity", "iteration"}  # fmt: skip


@pytest.mark.seconds
@pytest.mark.parametrize("figure", OF_EACH_PROBE)
def test_every_number_of_a_summary_is_explained(figure):
    record = RECORDS[figure]()[0]
    frame = summary_of([record])
    explained = {part for line in notes_of(written_by(record), frame) for part in
                 line.partition(":")[0].split(", ")}  # fmt: skip
    numbers = {re.sub("_(low|high)$", "", column) for column in frame} - TELLING
    assert numbers <= explained


def test_the_help_names_columns_and_their_tests(capsys):
    assert main(["summary", "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    for words in ("dz: Cohen's dz", "p: two-sided paired permutation test", "iou: overlap", "gradient: row:",
                  "95 % percentile bootstrap intervals", "--format"):  # fmt: skip
        assert words in told
    assert all(
        f"{column}: " in told for columns in (EVERY, *(PROBES[name].columns for name in PROBES)) for column in columns
    )
    assert main(["--help"]) == 0
    assert "permutation test" not in " ".join(capsys.readouterr().out.split())


@pytest.mark.seconds
def test_what_cues_are_worth_is_told_of_records_of_several_probes(tmp_path, capsys):
    paths = [str(tmp_path / f"{name}.zarr") for name in ("bistable", "scenes")]
    for record, path in zip((bistable_record(4, size=16, tokens=4), made.object_prior_record()), paths, strict=True):
        record.to_zarr(path, consolidated=False)
    assert main(["summary", "--mechanisms", *paths]) == 0
    told = capsys.readouterr().out
    assert "\nabsent_evidence: change by the cue" in told and "auc_class_activation" not in told
    assert main(["summary", "--mechanisms", "--format", "csv", *paths]) == 0
    rows = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert rows["probe"].tolist() == ["bistable"] * 2 + ["object_prior"] * 4
    columns = {re.sub("_(low|high)$", "", name) for name in rows}
    assert columns - {"probe", "cue", "n", *TELLING} <= set(measures.PROFILED)


@pytest.mark.seconds
def test_notes_stand_below_the_table(tmp_path, capsys):
    made.object_prior_record().to_zarr(tmp_path / "r.zarr", consolidated=False)
    assert main(["summary", str(tmp_path / "r.zarr")]) == 0
    assert "\np: two-sided paired permutation test" in capsys.readouterr().out
    assert main(["summary", str(tmp_path / "r.zarr"), "--format", "latex"]) == 0
    text = capsys.readouterr().out
    assert text.index("\\end{tabular}") < text.index("Notes.") and "paired permutation test" in text
    assert not latex_of("training", ["loss"]) and "Notes." in latex_of("recognition", ["accuracy"])
    notes = latex_of("object_prior", ["d_prime", "iou", "p"])
    assert not re.search(r"(?<!\\)[%&#_]", notes) and "$|$A and B$|$" in notes
