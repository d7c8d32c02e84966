"""Families, probes and figures keep what their contracts promise; a check says in one sentence what is broken."""

from dataclasses import dataclass, replace

import displays
import golden
import numpy as np
import pytest
import synthetic_figures
import synthetic_pictures
import xarray as xr

from experiments import check_probe
from experiments.figures import FIGURES, check_figure
from experiments.probe import written_by
from experiments.probes import PROBES
from stimuli.families import FAMILIES, objects
from stimuli.families.check import check_family
from stimuli.families.cue_conflict import CueConflict
from stimuli.families.cutout_scenes import Natural
from stimuli.families.photographed.outlines import Outlines
from stimuli.sets import format

SMALL = {  # parameters with which a probe is tried, where its own take long
    "alternation": {"gains": (0.0, 2.0), "onset": 2.0, "seconds": 20.0},
    "corruption_dynamics": {"corruptions": ("gaussian_noise",), "severities": (0, 3), "iterations": 1},
    "feedback_dynamics": {"passes": 3, "gains": (2.0,), "maps": True},
    "object_prior": {"gains": (2.0,)},
    "spatial_prior": {"gains": (2.0,), "widths": (0.1,), "angles": (0.0, 90.0)},
}
OF_FILES = {  # parameters of families that show given pictures, which they lay into a folder
    "natural": lambda folder: Natural(str(golden.segment(folder))),
    "outlines": lambda folder: Outlines(str(synthetic_pictures.outlined(folder / "outlined"))),
    "cue_conflict": lambda folder: CueConflict(str(synthetic_pictures.in_conflict(folder / "conflict"))),
}
MANY = {"navon": 8, "search": 12, "contours": 8, "crowding": 12}  # stimuli that their tables need


@pytest.mark.seconds
@pytest.mark.parametrize("name", [*PROBES])
def test_probes_keep_their_promises(name):
    record = check_probe(
        name, PROBES[name].parameters(**SMALL.get(name, {})), displays.given(name, n=4), MANY.get(name, 4)
    )
    assert set(PROBES[name].figures) <= set(FIGURES)
    assert written_by(record) == name == written_by(xr.Dataset(attrs={"title": record.attrs["title"]}))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"prepare": lambda stimuli: stimuli.assign(glow=stimuli["stimulus"].drop_attrs() * 2.0)},
         "every variable has a long name and a unit, and glow has none"),
        ({"summarise": lambda record: None}, "summarise gives a table with rows"),
        ({"prepare": lambda stimuli: stimuli.assign(image=stimuli["image"] // stimuli.sizes["stimulus"])},
         "the same seed gives the same values, whatever is shown beside"),
    ],
)  # fmt: skip
def test_a_probe_that_breaks_a_promise_is_told(change, says):
    with pytest.raises(AssertionError, match=f"the probe own breaks its contract: {says}"):
        check_probe(replace(PROBES["recognition"], name="own", **change))


@pytest.mark.parametrize("name", [*FAMILIES])
def test_families_keep_their_promises(name, tmp_path):
    check_family(name, OF_FILES[name](tmp_path) if name in OF_FILES else None)


def drawn(change):
    """The family of objects, with something else made of what it draws."""
    return lambda parameters, n, seed, first: change(objects.draw(parameters, n, seed, first), first)


def lacking_units(stimuli, first):
    del stimuli["object_x"].attrs["units"]
    return stimuli


def absent_and_masked(stimuli, first):
    stimuli["object_class"][:] = -1
    return stimuli


def by_place(parameters, n, seed, first=0):
    stimuli = objects.draw(parameters, n, seed, 0)
    stimuli["stimulus"] = ("stimulus", np.arange(first, first + n), stimuli["stimulus"].attrs)
    return stimuli


def unseeded(parameters, n, seed, first=0):
    return objects.draw(parameters, n, 1, first).assign_attrs(seed=seed)


def unlimited(parameters, n, seed, first=0):
    return objects.draw(parameters, max(n, 1), seed, first)


def bare(parameters, n, seed, first=0):
    stimuli = objects.draw(parameters, n, seed, first)
    stimuli["image"][:] = 128
    return stimuli


def not_to_be_written(parameters, n, seed, first=0):
    return objects.draw(parameters, n, seed, first).assign_attrs(note=(1, 2))  # of JSON, lists come back


def smaller(parameters, n, seed, first=0):
    return objects.draw(replace(parameters, size=(32, 32)), n, seed, first)


def of_another_name(parameters, n, seed, first=0):
    return format.from_arrays(
        objects.render(parameters, seed, range(first, first + n)),
        first=first, family="blobs", parameters=parameters, seed=seed, categories=objects.CATEGORIES,
    )  # fmt: skip


@dataclass
class Loose:
    """Parameters that may be changed."""

    size: tuple[int, int] = (64, 64)


@dataclass(frozen=True)
class Bare:
    """Parameters without defaults."""

    size: tuple[int, int]


@dataclass(frozen=True)
class Sizeless:
    """Parameters without a size."""

    contrast: float = 1.0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"parameters": Loose}, "is no frozen dataclass"),
        ({"parameters": Bare}, "without a default: give one to size"),
        ({"parameters": Sizeless}, "cannot be asked for stimuli of"),
        ({"needs": ("folder",)}, "needs folder, which its parameters do not have"),
        ({"needs": ("background",)}, "needs background: give parameters with it"),
        ({"for_models": Sizeless()}, "has Sizeless for models: give an object of Objects"),
        ({"draw": drawn(lacking_units)}, "draw that other processes cannot be handed"),
        ({"draw": smaller}, r"draws pictures of \(32, 32, 3\) where \(96, 128, 3\) are asked for"),
        ({"draw": of_another_name}, "records family 'blobs' in a set that was drawn with 'objects'"),
        ({"draw": by_place}, "draws another image where a set is drawn in parts"),
        ({"draw": unseeded}, "draws the same pictures with another seed"),
        ({"draw": unlimited}, "does not refuse no stimuli"),
        ({"draw": bare}, "mask of object 0 of stimulus 0 that holds bare background"),
        ({"draw": not_to_be_written}, "does not come back from its folder as it was: attributes"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_a_family_that_breaks_its_promise_is_told_in_one_sentence(changes, told):
    with pytest.raises(ValueError, match=f"^the family 'objects' .*{told}") as refused:
        check_family(replace(FAMILIES["objects"], **changes))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "told"), [(lacking_units, "say of object_x its units"), (absent_and_masked, r"of class -1")]
)
def test_what_a_family_does_not_say_or_does_not_show_is_told(change, told, monkeypatch):
    monkeypatch.setattr(f"{__name__}.changed_draw", drawn(change), raising=False)
    with pytest.raises(ValueError, match=told):
        check_family(replace(FAMILIES["objects"], draw=relayed))


def relayed(parameters, n, seed, first=0):
    return changed_draw(parameters, n, seed, first)  # noqa: F821


def test_every_figure_is_tried():
    assert set(synthetic_figures.RECORDS) == set(FIGURES)


@pytest.mark.seconds
@pytest.mark.parametrize("name", synthetic_figures.RECORDS)
def test_figures_keep_their_promises(name):
    check_figure(name, synthetic_figures.RECORDS[name](), **synthetic_figures.few(name))
