"""Kill a study's server again and again while participants answer, and look for what it had acknowledged.

``scripts/fault_server.sh`` runs it and prints what was done and what came of it. Each participant does as the
page does: sends a trial until it is acknowledged, and begins anew where the server was away, as after a reload.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "experiments" / "studies"))

from served import Page, answer, long_study

from experiments.studies.store import DATA, FILE, stored

START = "from experiments.commands.serve import command; from stimuli.foundation import command_line; import sys; "
START += "sys.exit(command_line.run(command(), 'serve'))"


@dataclass
class Struck:
    """What happened.

    Parameters
    ----------
    kills : of the server.
    acknowledged : (session, trial) that participants were told to be saved.
    begun : (participant, session, list), as told at each beginning.
    away : requests that failed since the server was away.
    """

    kills: int = 0
    acknowledged: set[tuple[str, int]] = field(default_factory=set)
    begun: set[tuple[str, str, int]] = field(default_factory=set)
    away: int = 0


def start(folder: Path, port: int) -> tuple[subprocess.Popen, str]:
    """A server of a study in a process of its own, and its address."""
    words = [sys.executable, "-c", START, str(folder), "--port", str(port)]
    server = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    return server, server.stdout.readline().split()[-1]


def take(study, page: Page, person: str, told: Struck) -> None:
    """Answer all trials of a list, whatever becomes of the server."""
    begun = None
    for number in range(1, len(study.list(1)["trials"]) + 1):
        while True:
            try:
                if begun is None:
                    status, begun = page.begin(person)
                    assert status == 200, begun
                    told.begun.add((person, begun["session"], begun["list"]))
                status, said = page.send(begun, answer(study, begun, number))
                assert status == 200, said
                told.acknowledged.add((begun["session"], number))
                break
            except OSError:
                told.away += 1
                begun = None
                time.sleep(0.02)


def strike(folder: Path, kills: int, people: int, trials: int, seed: int = 0) -> Struck:
    """Kill the server so often, at times that are drawn, while participants answer; then let them finish."""
    study, told, draw = long_study(folder, lists=people, trials=trials), Struck(), random.Random(seed)
    server, address = start(folder, 0)
    port = int(address.partition("/?")[0].rpartition(":")[2])
    page = Page(address)
    takers = [threading.Thread(target=take, args=(study, page, f"person {k}", told)) for k in range(people)]
    for taker in takers:
        taker.start()
    try:
        while told.kills < kills and any(taker.is_alive() for taker in takers):
            time.sleep(draw.uniform(0.02, 0.4))
            os.kill(server.pid, signal.SIGKILL)
            server.wait()
            told.kills += 1
            server, _ = start(folder, port)
        for taker in takers:
            taker.join(300)
    finally:
        server.kill()
        server.wait()
    return told


def judged(folder: Path, told: Struck) -> dict[str, int]:
    """Count what was lost, given twice or stored twice; all zero where the server kept its word."""
    sessions, rows = stored(folder / DATA / FILE)
    kept = [(row["session"], row["trial"]) for row in rows]
    lists = [one["list"] for one in sessions]
    return {
        "acknowledged and lost": len(told.acknowledged - set(kept)),
        "trials stored twice": len(kept) - len(set(kept)),
        "lists given twice": len(lists) - len(set(lists)),
        "participants with two sessions": len(told.begun) - len({person for person, _, _ in told.begun}),
    }


def main() -> int:
    """Strike, and print what came of it; 1 where anything was lost or given twice."""
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, default in (("kills", 20), ("people", 50), ("trials", 60), ("seed", 0)):
        words.add_argument(f"--{name}", type=int, default=default)
    asked = vars(words.parse_args())
    with tempfile.TemporaryDirectory() as folder:
        told = strike(Path(folder) / "squares", **asked)
        found = judged(Path(folder) / "squares", told)
    done = {"kills": told.kills, "trials acknowledged": len(told.acknowledged), "requests that failed": told.away}
    print(*(f"{name:32}{number}" for name, number in (done | found).items()), sep="\n")
    return int(any(found.values()) or told.kills < asked["kills"])


if __name__ == "__main__":
    sys.exit(main())
