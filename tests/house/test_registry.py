"""A registry finds our declarations without importing them, and those of other packages by their entry points."""

import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint

import pytest

from stimuli.foundation import registry
from stimuli.foundation.registry import Registry, later


@dataclass(frozen=True)
class Toy:
    """A kind of object."""

    name: str
    line: str
    act: object = None
    formerly: tuple[str, ...] = ()


class RedToy(Toy):
    """A kind of toy."""


DECLARED = "from test_registry import Toy\n\nraise RuntimeError('imported')\nBALL = Toy('ball', 'it rolls')\nx = Toy\n"


@pytest.fixture
def toys(tmp_path, monkeypatch):
    """A registry of a package with a module that must not be imported and one that may."""
    (tmp_path / "toy_box").mkdir()
    (tmp_path / "toy_box" / "__init__.py").write_text("")
    (tmp_path / "toy_box" / "ball.py").write_text(DECLARED)
    (tmp_path / "toy_box" / "kite.py").write_text(
        "from test_registry import Toy\n\nKITE = Toy('kite', 'it flies', formerly=('dragon', 'ball'))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield Registry("test_registry:Toy", "absvit.toys", ("toy_box",))
    for name in [name for name in sys.modules if name.startswith("toy_box")]:
        del sys.modules[name]


def offered(monkeypatch, **points):
    found = [EntryPoint(name, value, "absvit.toys") for name, value in points.items()]
    monkeypatch.setattr(registry, "entry_points", lambda group: found if group == "absvit.toys" else [])


def test_listing_imports_nothing(toys):
    assert toys.lines() == {"ball": "it rolls", "kite": "it flies"}
    assert list(toys) == ["ball", "kite"] and len(toys) == 2 and "kite" in toys
    assert not {"toy_box.ball", "toy_box.kite"} & set(sys.modules)


def test_a_subclass_named_after_the_kind_declares_too(toys, tmp_path):
    text = "from test_registry import RedToy\n\nCAR = RedToy('car', 'it drives')\nRedToy(*'ab')\n"
    (tmp_path / "toy_box" / "car.py").write_text(text)
    assert toys.lines()["car"] == "it drives" and isinstance(toys["car"], RedToy)
    assert toys.within("toy_box") == list(toys) and toys.within("toy_box.car") == []


def test_an_object_is_had_by_name_or_passed_as_it_is(toys):
    assert toys["kite"].line == "it flies"
    own = Toy("own", "of a notebook")
    assert toys.of("kite") is toys["kite"] and toys.of(own) is own


def test_an_object_is_found_under_a_name_that_it_had_unless_another_has_it_now(toys, monkeypatch):
    assert toys["dragon"] is toys["kite"] and "dragon" in toys and "dragon" not in list(toys)
    with pytest.raises(RuntimeError, match="imported"):
        toys["ball"]
    offered(monkeypatch, dragon="test_registry:TOP")
    again = Registry("test_registry:Toy", "absvit.toys", ("toy_box",))
    with pytest.raises(ValueError, match="declares the toy 'top' under the name 'dragon'"):
        again["dragon"]


def test_an_unknown_name_tells_the_nearest(toys):
    with pytest.raises(ValueError, match="there is no toy 'kit': did you mean kite"):
        toys["kit"]
    with pytest.raises(TypeError, match="gives int where a toy or its name is expected"):
        toys.of(3)


def test_objects_of_other_packages_are_found(toys, monkeypatch):
    offered(monkeypatch, top="test_registry:TOP", second="test_registry:TOP")
    assert toys["top"] is TOP
    assert toys.lines()["top"] == "it spins"
    with pytest.raises(ValueError, match="declares the toy 'top' under the name 'second'"):
        toys["second"]


def test_a_bad_package_is_named_and_the_others_go_on(toys, monkeypatch):
    top = "test_registry:TOP"
    offered(monkeypatch, bomb="toy_box.ball:BALL", stone="test_registry:STONE", kite=top, top=top)
    told = toys.lines()
    assert told["top"] == "it spins" and told["kite"] == "it flies"
    assert "the package toy_box.ball cannot be imported (RuntimeError: imported)" in told["bomb"]
    assert "the package test_registry gives str as the toy 'stone'" in told["stone"]
    assert "takes the name 'kite', which is ours" in told["kite (test_registry)"]
    assert toys["kite"].line == "it flies"


def test_a_function_is_imported_when_it_is_called():
    dumps = later("json:dumps")
    assert dumps([1]) == "[1]" and dumps.function.__name__ == "dumps"


TOP = Toy("top", "it spins")
STONE = "a stone"
