"""Parameters that no stimulus can have are refused, by a message that names what is wrong."""

from dataclasses import replace
from pathlib import Path

import pytest

from stimuli.families import (
    ambiguous,
    contours,
    crowding,
    cueing,
    cutout_scenes,
    halves,
    hybrid,
    morph,
    navon,
    overlay,
    scenes,
    search,
)  # fmt: skip
from stimuli.families.objects import Objects
from stimuli.pictures.photographs import Pictures

NAN = float("nan")
SCENE = Objects(size=(48, 56), radius=(0.3, 0.4))
MANY, HIDDEN = {"scene": replace(SCENE, n_objects=2)}, {"scene": replace(SCENE, occlusion=0.2)}
OF_PICTURES = halves.HALVES.sized((64, 64), pictures=Pictures(Path("somewhere")))
REFUSED = [  # parameters, and fields with what is told of them
    (ambiguous.Ambiguous((160, 176)), [
        ({"size": (60, 60)}, "size"), ({"figures": ("duck",)}, "figures"), ({"figures": ()}, "figures"),
        ({"scale": 1.5}, "scale"), ({"width": 0.0}, "width"), ({"jitter": -1}, "jitter"),
        ({"background": 1.0}, "grey"),
    ]),
    (contours.Contours((128, 144), corners=(3, 4, 5), rotation=40, radius=0.3), [
        ({"size": (60, 60)}, "size"), ({"corners": (2,)}, "corners"), ({"corners": ()}, "corners"),
        ({"support": 1.0}, "support"), ({"support": 0.0}, "support"), ({"radius": 0.45}, "inducers need"),
        ({"radius": 0.02}, "3 pixels"), ({"rotation": -1}, "rotation"), ({"jitter": 0.6}, "jitter"),
        ({"ink": 2}, "in"),
    ]),
    (crowding.Crowding((128, 192), spacings=(0.42, 0.7), radius=0.07), [
        ({"size": (60, 90)}, "size"), ({"arrangement": "around"}, "arrangement"),
        ({"eccentricity": 0.5}, "eccent"), ({"radius": 0.02}, "3 pixels"), ({"ink": 0.7}, "ink"),
        ({"spacings": ()}, "spacings"), ({"spacings": (0.2,)}, "overlap"),
        ({"spacings": (1.0,)}, "leave the image"),
        ({"spacings": (1.3,), "arrangement": "tangential"}, "leave the image"),
        ({"spacings": (NAN,)}, "spacings"),
    ]),
    (cueing.Cueing((96, 112), places=4, radius=0.08), [
        ({"size": (40, 64)}, "size"), ({"cue": "sideways"}, "cue must be"), ({"places": 1}, "places must be"),
        ({"distractors": 4}, "distractors"), ({"distances": (3,)}, "distances"),
        ({"valid_per_invalid": 0}, "valid"), ({"eccentricity": 0.45}, "leaves the image"),
        ({"places": 12}, "do not fit"), ({"radius": 0.01}, "4 pixels"), ({"radius": NAN}, "radius"),
        ({"background": 1.5}, "background"), ({"eccentricity": 0.12}, "not fit"),
    ]),
    (navon.Navon((168, 168), letters=("H", "S", "T", "L"), height=0.875, jitter=0.0), [
        ({"size": (63, 100)}, "size"), ({"letters": ("H", "Q")}, "'Q'"),
        ({"letters": ("H",)}, "at least two"), ({"letters": ("H", "H")}, "all different"),
        ({"height": 1.2}, "height"), ({"size": (168, 80)}, "height"), ({"fill": 0.1}, "fill"),
        ({"height": 0.1}, "4 pixels"), ({"jitter": -1}, "jitter"), ({"ink": 1.0}, "ink"),
    ]),
    (search.Search((128, 160), set_sizes=(3, 6, 12)), [
        ({"size": (32, 128)}, "size"), ({"kind": "texture"}, "kind must be"),
        ({"set_sizes": (1, 4)}, "set_sizes"), ({"set_sizes": ()}, "set_sizes"),
        ({"set_sizes": (4, 90)}, "90 items .* do not fit"), ({"forms": ("bar", "zebra")}, "zebra"),
        ({"forms": ("disk", "disk")}, "disk twice"), ({"hues": (10.0, 370.0)}, "hues"),
        ({"hues": (NAN, 0.0)}, "hues"), ({"radius": 0.02}, "3 pixels"), ({"background": -0.1}, "background"),
    ]),
    (cutout_scenes.Natural(), [
        ({"size": (60, 60)}, "size"), ({"n_objects": 5}, "n_objects"), ({"extent": (0.9, 0.5)}, "extent"),
        ({"extent": (0.5, 1.5)}, "extent"), ({"enlargement": 0.0}, "enlargement"),
        ({"background": "grey:2"}, "grey"),
    ]),
    (Objects(), [
        ({"size": (31, 64)}, "size"), ({"size": (64, 30)}, "at least 32"), ({"n_objects": 0}, "n_objects"),
        ({"n_objects": 5}, "n_objects"), ({"radius": (0.3, 0.2)}, "radius"),
        ({"radius": (0.0, 0.2)}, "radius"), ({"radius": (0.1, 0.6)}, "radius"),
        ({"radius": (NAN, 0.2)}, "radius"), ({"hue_conflict": 1.1}, "hue_conflict"),
        ({"hue_shift": NAN}, "hue_shift"), ({"texture_reliability": -0.1}, "texture_reliability"),
        ({"rotation": -1.0}, "rotation"), ({"hue_sd": float("inf")}, "hue_sd"),
        ({"contrast": -0.1}, "contrast"), ({"contrast": NAN}, "contrast"), ({"clutter": -1}, "clutter"),
        ({"clutter": 2000}, "clutter"), ({"occlusion": 1.0}, "occlusion"), ({"occlusion": NAN}, "occlusion"),
        ({"background": "sky"}, "background"),
    ]),
    (hybrid.Hybrid(Objects((64, 64), radius=(0.3, 0.4)), low=(3.0, 6.0), high=10.0), [
        ({"low": (0.0,)}, "low and high"), ({"low": ()}, "low and high"), ({"high": 40.0}, "low and high"),
        ({"low": (3.0, 33.0)}, "low and high"), ({"high": NAN}, "low and high"),
    ]),
    (overlay.Overlay(SCENE), [
        ({"mixes": (0.2, 1.2)}, "mixes"), ({"mixes": (-0.1,)}, "mixes"), ({"mixes": (NAN,)}, "mixes"),
        ({"mixes": ()}, "mixes"), (MANY, "one object"), (HIDDEN, "occlusion"),
    ]),
    (morph.Morph(SCENE), [(HIDDEN, "occlusion"), ({"steps": 1}, "steps"), (MANY, "one object")]),
    (scenes.Scenes(), [
        ({"set_sizes": ()}, "set_sizes"), ({"set_sizes": (2, 2)}, "set_sizes"),
        ({"set_sizes": (0,)}, "n_objects"), ({"set_sizes": (5,)}, "n_objects"),
    ]),
    (halves.Halves(), [
        ({"scene": Objects((64, 65))}, "even width"), ({"scene": Objects((64, 62))}, "at least 64"),
        ({"scene": Objects(n_objects=2)}, "one object"),
    ]),
    (OF_PICTURES, [({"scene": Objects((64, 65))}, "even width")]),
]  # fmt: skip


@pytest.mark.parametrize(("base", "wrong", "told"), [(base, *case) for base, cases in REFUSED for case in cases])
def test_impossible_parameters_are_refused_by_name(base, wrong, told):
    with pytest.raises(ValueError, match=told):
        replace(base, **wrong)
