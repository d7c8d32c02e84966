"""The page of the package: what it names, loaded when asked for; modules of release 0.1.0 lead to their new homes."""

import subprocess
import sys

import pytest

import stimuli
from stimuli.families import halves
from stimuli.families.family import Family
from stimuli.sets import format

PAGE = ["CORRUPTIONS", "FAMILIES", "Family", "check_family", "corrupt", "draw", "frames", "make", "read", "write"]


def test_the_page_is_what_dir_tells():
    assert dir(stimuli) == stimuli.__all__ == PAGE
    assert all(getattr(stimuli, name) is not None for name in PAGE)


def test_catalogues_are_listed_without_loading_what_draws_or_corrupts():
    program = """
import sys, stimuli
from stimuli.__main__ import main
assert main(["list"]) == 0 and main(["--help"]) == 0
print(sorted({"numpy", "pandas", "xarray", "torch", "PIL"} & set(sys.modules)))
stimuli.CORRUPTIONS.lines()
print(sorted({"cv2", "scipy", "skimage"} & set(sys.modules)))
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.splitlines()[-2:] == ["[]", "[]"]


def test_stimuli_are_drawn_by_name_or_family_with_parameters_as_on_the_command_line():
    drawn = stimuli.draw("halves", n=2, seed=4, size=(32, 64), hue_sd=0.0)
    assert drawn.identical(stimuli.draw(halves.HALVES, n=2, seed=4, size=(32, 64), hue_sd=0.0))
    assert drawn.sizes["y"] == 32 and stimuli.draw("bistable", n=1, seed=4, first=1).attrs["family"] == "halves"
    with pytest.raises(ValueError, match="Halves has no sise; expected of scene, pictures"):
        stimuli.draw("halves", sise=3)


def own(parameters, n, seed, first=0):
    return halves.draw(parameters, n, seed, first).assign_attrs(family="own")


@pytest.mark.processes
def test_a_family_of_ones_own_is_made_into_a_set_by_several_processes(tmp_path):
    family = Family("own", "halves of ones own", halves.Halves, own)
    parameters = family.sized((32, 64))
    made = stimuli.make(family, tmp_path / "set", n=3, seed=1, parameters=parameters, jobs=2)
    assert stimuli.read(made).identical(own(parameters, 3, 1))
    with pytest.raises(ValueError, match="there is no family 'halfs': did you mean halves"):
        stimuli.make("halfs", tmp_path / "other")


@pytest.mark.parametrize(("name", "home"), [("bistable", halves), ("stimulus_set", format), ("halves", halves)])
def test_former_modules_are_found_with_a_warning(name, home):
    with pytest.warns(DeprecationWarning, match=f"stimuli.{name} is {home.__name__} from version 0.2 on"):
        assert getattr(stimuli, name) is home
    with pytest.raises(AttributeError):
        _ = stimuli.nothing
