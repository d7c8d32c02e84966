"""Times the explorers: first picture, a slider on the live model, a slider on a stored record, in milliseconds."""

import argparse
import json
import tempfile
import time
from pathlib import Path
from statistics import median

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--moves", type=int, default=20, help="moves of each slider")
moves = parser.parse_args().moves


def timed(call):
    """Wall time and CPU time of a call; they differ where the machine is shared."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)


def report(times):
    """Medians of several calls."""
    walls, cpus = zip(*times, strict=True)
    return {"wall": round(median(walls)), "cpu": round(median(cpus)), "moves": len(times)}


import numpy as np  # noqa: E402  (arguments first: --help needs no libraries)
from synthetic_records import bistable_record  # noqa: E402

from notebooks.explorers import AttentionExplorer, RecordExplorer  # noqa: E402

explorers = []
first = timed(lambda: explorers.append(AttentionExplorer()))
(live,) = explorers
gain = live.controls["gain"]
found = {"first picture": report([first])}
found["live"] = report([timed(lambda at=at: setattr(gain, "value", 3 + at / 4)) for at in range(moves)])
with tempfile.TemporaryDirectory() as folder:
    store = Path(folder) / "record.zarr"
    record = bistable_record(n=moves + 2, size=112, tokens=14)
    record.assign(done=("stimulus", np.ones(moves + 2, np.int8))).to_zarr(store, consolidated=False)
    stored = RecordExplorer(store)
    slider = stored.sliders["stimulus"]
    found["stored record"] = report([timed(lambda at=at: setattr(slider, "value", at + 1)) for at in range(moves)])
    assert live.message == stored.message == "", (live.message, stored.message)
print(json.dumps(found))
