"""The score on a terminal."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.people_score.scoring import CANNOT, PEOPLE

__all__ = ["score_text"]

NOTES = (
    "mean with 95 % interval: of people Student's; of observers over items and trained networks. nat: by how "
    "much the log odds of the right answer against the next one are lower where people are slower; no time.",
    "d: effect size, over people or over items. share: of these that show the effect. sign: as people's, and in how "
    "many trained networks; undetermined where an interval holds 0.",
)

LINKED = (
    "Times of observers are those of a link, at its fitted parameters; intervals of effects are over items and "
    "networks, those of parameters over people."
)


def score_text(scores: pd.DataFrame) -> str:
    """Lay a score out: a block an effect, people first."""
    lines = []
    for (task, effect), rows in scores.groupby(["task", "effect"], sort=False):
        lines += ["", f"{task}: {effect}", *_block(rows).splitlines()]
    return "\n".join([*lines, "", *NOTES, *_links(scores)])


def _links(scores: pd.DataFrame) -> list[str]:
    """What the links of observers were fitted to, their parameters, and how far they miss what was not fitted."""
    rows = scores[scores["link"].notna()].drop_duplicates(["task", "who"]).to_dict("records")
    return [LINKED] * bool(rows) + [
        f"{row['task']}, {row['who']}: {row['link']} fitted to {row['fitted_to']}: {row['parameters']}. Conditions not "
        f"fitted are missed by {row['missed_ms']:.0f} ms (root mean square; a constant: {row['constant_ms']:.0f} ms); "
        f"told apart from people's: {row['missed']}. {row['fit_notes']}".rstrip()
        for row in rows
    ]


def _block(rows: pd.DataFrame) -> str:
    cells = [_cells(row) for row in rows.to_dict("records")]
    return pd.DataFrame(cells).fillna("").to_string(index=False, justify="left")


def _cells(row: dict) -> dict[str, str]:
    """The cells of a row as words."""
    if row["status"] == CANNOT:
        return {"who": row["who"], "mean": CANNOT, "unit": row["unit"], "": row["why"]}
    mean, low, high = (f"{row[name]:.3f}" for name in ("mean", "mean_low", "mean_high"))
    told = {"who": row["who"], "mean": f"{mean} [{low}, {high}]", "unit": row["unit"], "d": f"{row['d']:.2f}"}
    told |= {"share": _number(row["share"]), "n": f"{row['n']:.0f}"}
    if row["who"] == PEOPLE:
        left = f"; left out: {row['trimmed']:.0f} trials, {row['left_out']:.0f} people"
        of_items = f", over items {row['item_ceiling']:.2f}" if np.isfinite(row["item_ceiling"]) else ""
        return told | {
            "sign": "",
            "": f"reliability {_number(row['reliability'])}, ceiling {_number(row['ceiling'])}{of_items}{left}",
        }
    told |= {"sign": f"{row['same_sign']} ({row['seeds']})"}
    over_items = f"r over items {row['r']:.2f} of {row['item_ceiling']:.2f} ({row['of_ceiling']:.2f})"
    untold = f", untold {row['r_untold']:.2f}" if np.isfinite(row["r_untold"]) else ""
    alike = [over_items + untold] if np.isfinite(row["r"]) else []
    right = [f"{row['accuracy']:.0%} right"] if np.isfinite(row["accuracy"]) else []
    return told | {"": "; ".join([*right, *alike, *([row["why"]] if isinstance(row["why"], str) else [])])}


def _number(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "-"
