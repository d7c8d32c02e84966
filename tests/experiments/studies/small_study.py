"""A study of three trials that needs no stimuli: light and dark squares."""

import io

import numpy as np
from PIL import Image

from experiments.studies.folder import write_study


def png(grey, size=32):
    held = io.BytesIO()
    Image.fromarray(np.full((size, size, 3), grey, np.uint8)).save(held, "PNG")
    return held.getvalue()


def frames(picture):
    return [
        {"name": "fixation", "picture": None, "duration": 0.1, "seen": False},
        {"name": "target", "picture": f"pictures/{picture}.png", "duration": None, "seen": True},
    ]


def trial(number, picture, answer, **changes):
    return {
        "trial": number, "block": 1, "phase": "test", "item": f"squares_{number:05d}", "instruction": "attend",
        "sentence": "Attend to the square.", "answer": answer, "factors": {"tone": picture}, "frames": frames(picture),
        **changes,
    }  # fmt: skip


def about(question="Which side?", **changes):
    return {
        "name": "small", "probe": "squares", "family": "squares", "parameters": {"size": [32, 32]}, "seed": 0,
        "made_with": {"absvit": "0"},
        "task": {
            "question": question,
            "pages": {"en": ["# Welcome\n\nPress *f* or *j*."]},
            "response": {"kind": "keys", "options": ["left", "right"], "keys": ["f", "j"], "time_limit": None},
            "practice": 0,
            "feedback": False,
            "instructions": [{"name": "attend", "sentence": "Attend to the square.", "condition": "neutral"}],
        },
        "display": {"pixels": [32, 32], "degrees": None, "background": [128, 128, 128]},
        "page": {"fullscreen": True, "calibration": False},
        "stimuli": "stimuli", "hosting": "file", "datapipe": "",
        **changes,
    }  # fmt: skip


def small_study(folder, question="Which side?", grey=30, **changes):
    trials = [trial(1, "dark", "left"), trial(2, "light", "right"), trial(3, "dark", "left")]
    keys = [{"left": "f", "right": "j"}, {"left": "j", "right": "f"}]
    lists = ({"list": k, "keys": order, "trials": trials} for k, order in enumerate(keys, 1))
    return write_study(folder, about(question, **changes), lists, {"dark.png": png(grey), "light.png": png(220)})
