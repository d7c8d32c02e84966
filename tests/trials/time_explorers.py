"""Times the explorers in milliseconds, wall and CPU: first picture, moves on a live model, moves on a stored record."""

import argparse
import json
import tempfile
import time
from pathlib import Path
from statistics import median

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--moves", type=int, default=20, help="moves of each control")
moves = parser.parse_args().moves
begun = time.perf_counter(), time.process_time()

from displays import halves  # noqa: E402  (arguments first: --help needs no libraries)
from synthetic_records import bistable_record  # noqa: E402
from synthetic_robustness import robustness_record  # noqa: E402

import absvit  # noqa: E402
from absvit.records.options import Store  # noqa: E402
from experiments.command_options import StimulusOptions  # noqa: E402
from experiments.experiment import run  # noqa: E402
from experiments.observers import Observer  # noqa: E402
from experiments.probes.feedback_dynamics import probe as feedback_dynamics  # noqa: E402
from notebooks import explorers  # noqa: E402


def timed(call):
    """Wall time and CPU time of a call; they differ where the machine is shared."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)


def report(times):
    """Medians of several calls."""
    walls, cpus = zip(*times, strict=True)
    return {"wall": round(median(walls)), "cpu": round(median(cpus)), "moves": len(times)}


def begin(name, make):
    """Make an explorer, which shows its first picture."""
    made = []
    found[f"{name}: first picture"] = report([timed(lambda: made.append(make()))])
    return made[0]


def move(name, explorer, control, values):
    """Move a control to values that it has not had, each of which is shown."""
    shown = set()
    times = []
    for value in values:
        times.append(timed(lambda value=value: setattr(control, "value", value)))
        shown.add(explorer.picture.value)
    found[name] = report(times)
    assert explorer.message == "" and len(shown) == len(times), (name, explorer.message, len(shown))


imported = [1000 * (now - then) for now, then in zip((time.perf_counter(), time.process_time()), begun, strict=True)]
found = {"imports, once in a kernel": report([imported])}
steps = [3 + at / 4 for at in range(moves)]
with tempfile.TemporaryDirectory() as folder:
    record = bistable_record(n=moves + 2, size=112, tokens=14)
    record.to_zarr(f"{folder}/bistable.zarr", consolidated=False)
    robustness_record().to_zarr(f"{folder}/robustness.zarr", consolidated=False)
    model = absvit.load_model("absvit_micro")
    parameters = feedback_dynamics.FeedbackDynamics(passes=moves + 1, gains=(2.0,), maps=True)
    place = Store(Path(folder) / "dynamics.zarr", chunk=2)
    run("feedback_dynamics", [Observer(model, "absvit_micro")], halves(StimulusOptions(4), model), parameters, 0, place)

    live = begin("AttentionExplorer", explorers.AttentionExplorer)
    live.controls["gain"].max = steps[-1]
    move("AttentionExplorer: gain, live", live, live.controls["gain"], steps)
    live = begin("BistableExplorer", explorers.BistableExplorer)
    live.controls["gain"].max = steps[-1]
    move("BistableExplorer: gain, live", live, live.controls["gain"], steps)
    live = begin("DynamicsExplorer", explorers.DynamicsExplorer)
    live.controls["gain"].max = steps[-1]
    move("DynamicsExplorer: gain, live", live, live.controls["gain"], steps)
    live.controls["protocol"].value = "hysteresis"
    move("DynamicsExplorer: gain of hysteresis, live", live, live.controls["gain"], [3.1, 3.2, 3.3, 3.4, 3.6])
    stored = begin("DynamicsExplorer, record", lambda: explorers.DynamicsExplorer(str(place.out)))
    move("DynamicsExplorer: pass, stored", stored, stored.controls["iteration"], range(2, moves + 2))
    live = begin("RobustnessExplorer", lambda: explorers.RobustnessExplorer([f"{folder}/robustness.zarr"]))
    move("RobustnessExplorer: number, live", live, live.controls["number"], range(4, 4 + moves))
    move("RobustnessExplorer: severity, stored", live, live.controls["severity"], (0, 1, 2, 4, 5))
    stored = begin("RecordExplorer", lambda: explorers.RecordExplorer(f"{folder}/bistable.zarr"))
    move("RecordExplorer: stimulus, stored", stored, stored.sliders["stimulus"], range(1, moves + 1))
print("\n".join(f"{name:45}{json.dumps(times)}" for name, times in found.items()))
