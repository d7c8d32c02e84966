"""Sets as class folders: what a stimulus of each family counts as, and that other programs read the folder."""

import numpy as np
import pytest

from absvit.images import class_folder
from stimuli.__main__ import main
from stimuli.families import ambiguous, contours, crowding, cueing, navon, objects, overlay, search
from stimuli.sets import format

SCENE = objects.Objects(size=(40, 48), radius=(0.25, 0.4))


def names(stimuli, k):
    return [stimuli.attrs["categories"][c] for c in stimuli["object_class"].values[:, k]]


def either(stimuli, second):
    return np.where(second, names(stimuli, 1), names(stimuli, 0)).tolist()


@pytest.mark.parametrize(
    ("module", "parameters", "label"),
    [
        (objects, objects.Objects(size=(48, 64), n_objects=2), lambda s: names(s, 0)),
        (cueing, cueing.Cueing((64, 64), distractors=1), lambda s: names(s, 0)),
        (crowding, crowding.Crowding((64, 96), radius=0.06), lambda s: names(s, 0)),
        (search, search.Search((64, 80), set_sizes=(2, 5), radius=0.08), lambda s: s["target"].values.tolist()),
        (contours, contours.Contours((64, 64)), lambda s: s["condition"].values.tolist()),
        (navon, navon.Navon((64, 64)), lambda s: s["global_letter"].values.tolist()),
        (overlay, overlay.Overlay(SCENE), lambda s: either(s, s["mix"] > 0.5)),
        (ambiguous, ambiguous.Ambiguous((64, 64)), lambda s: either(s, s["condition"] == "second")),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_stimulus_counts_as_its_target_or_what_is_seen_of_it(module, parameters, label, tmp_path):
    stimuli = module.draw(parameters, 24, 0)
    assert stimuli["label"].values.tolist() == label(stimuli)
    format.write(stimuli, tmp_path / "set")
    assert main(["classes", str(tmp_path / "set"), str(tmp_path / "classes")]) == 0
    samples, classes = class_folder(tmp_path / "classes")
    read = {int(path.stem): classes[index] for path, index in samples}
    assert [read[k] for k in range(24)] == label(stimuli)


def test_a_set_is_sorted_by_any_column(tmp_path):
    format.write(cueing.draw(cueing.Cueing((64, 64)), 12, 0), tmp_path / "set")
    assert main(["classes", str(tmp_path / "set"), str(tmp_path / "by"), "--by", "validity"]) == 0
    samples, classes = class_folder(tmp_path / "by")
    assert classes == ["invalid", "neutral", "valid"] and len(samples) == 12
    assert all(path.read_bytes() == (tmp_path / "set" / "images" / path.name).read_bytes() for path, _ in samples)
    assert main(["verify", str(tmp_path / "set")]) == 0


@pytest.mark.seconds
def test_a_gallery_shows_every_family(tmp_path, capsys):
    assert main(["gallery", str(tmp_path / "sheets"), "--n", "2", "--columns", "2"]) == 0
    made = {path.stem for path in (tmp_path / "sheets").iterdir()}
    capsys.readouterr()
    assert main(["list"]) == 0
    listed = {line.split()[0] for line in capsys.readouterr().out.splitlines()}
    assert made == listed | {"halves_of_photographs"}
