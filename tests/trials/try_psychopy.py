"""Let PsychoPy show a study in this display by itself, and compare what is collected with the files that it wrote."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

from experiments.studies.collecting import collect
from experiments.studies.folder import open_study


def main(psychopy: str, folder: Path, participants: int = 2) -> int:
    """Run the script of a study for some participants, and print what came back; 1 where a row differs."""
    study = open_study(folder)
    for number in range(participants):
        words = [psychopy, str(folder / "experiment_psychopy.py"), "--simulate", "--seed", str(number)]
        subprocess.run([*words, "--refresh", "60", "--distance", "57", "--width", "40"], check=True, timeout=900)
    texts = [path.read_text("utf8") for path in sorted((folder / "data").glob("psychopy_*.csv"))]
    written = [row for text in texts for row in csv.DictReader(io.StringIO(text))]
    found = collect(study, [folder / "data"])
    differ = 0
    for row, (_, trial) in zip(written, found.trials.iterrows(), strict=True):
        onsets, planned = (json.loads(row[name]) for name in ("onsets", "planned"))
        error = sum(abs(a - b) for a, b in zip(onsets[1:], planned[1:], strict=True)) / max(1, len(onsets) - 1)
        same = row["response"] == trial["response"] and row["participant"] == trial["participant"]
        timed = not row["rt"] or abs(float(row["rt"]) / 1000 - trial["rt"]) < 1e-9
        differ += not (same and timed and (len(onsets) < 2 or abs(error / 1000 - trial["onset_error"]) < 1e-4))
    print(*found.report, f"rows that differ: {differ} of {len(written)}", sep="\n")
    return int(differ > 0 or not written)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
