"""A fitted link: its parameters with intervals, what it predicts of each condition, and where it fails."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.linking.evidence import evidence_of
from experiments.linking.link import Link
from experiments.trials.trial_table import trial_table

__all__ = ["LINKED", "Fitted", "load_fitted", "with_rt"]

FRAMES = ("parameters", "conditions")
LINKED = "link"  # factor of a trial table that says which link its rt are from


@dataclass(frozen=True, eq=False)
class Fitted:
    """A link whose parameters were found.

    Parameters
    ----------
    link : the link.
    observer : whose evidence it was fitted with.
    by : factors that make the conditions.
    moments : of people, that were fitted.
    parameters : DataFrame of parameter, estimate, low, high, unit, and whether it was fixed.
    conditions : DataFrame of condition, part (fitted or tested), n_people; of rt in s (rt) and of accuracy,
        people's mean with low and high, what is predicted with low and high, and within, whether this lies in
        people's interval; residual_ms, people's minus predicted mean rt, with low and high; constant_ms, the
        same of a constant, people's mean rt over the fitted conditions; reached, the share of the observer's
        trials that have a time.
    notes : what did not go without saying, a sentence each.
    level, n, seed : coverage of the intervals, samples of people, and their seed.
    """

    link: Link
    observer: str
    by: tuple[str, ...]
    moments: tuple[str, ...]
    parameters: pd.DataFrame
    conditions: pd.DataFrame
    notes: tuple[str, ...]
    level: float
    n: int
    seed: int

    @property
    def values(self) -> dict[str, float]:
        """Estimates by parameter, as ``link.predict`` takes them."""
        return dict(zip(self.parameters["parameter"], self.parameters["estimate"].astype(float), strict=True))

    @property
    def failure(self) -> dict[str, float | str]:
        """How far the tested conditions are missed; the fitted ones where none was tested.

        Returns
        -------
        part; rmse_ms, root of the mean squared residual of mean rt; constant_rmse_ms, the same of a constant;
        worst, the condition that is missed most, and worst_ms, its residual; n, conditions; within, number
        of them whose predicted rt lies in people's interval; told_apart, number of them whose residual's
        interval is without 0; accuracy_worst, accuracy_off and accuracy_within likewise of accuracy, people's
        minus predicted.
        """
        tested = self.conditions[self.conditions["part"] == "tested"]
        rows = tested if len(tested) else self.conditions
        residual = rows["residual_ms"]
        missed = residual.abs().fillna(-1).idxmax()
        off = rows["accuracy"] - rows["accuracy_predicted"]
        wrong = off.abs().fillna(-1).idxmax()
        return {
            "part": str(rows["part"].iloc[0]),
            "rmse_ms": _root_mean_square(residual),
            "constant_rmse_ms": _root_mean_square(rows["constant_ms"]),
            "worst": str(rows.loc[missed, "condition"]),
            "worst_ms": float(residual[missed]),
            "n": len(rows),
            "within": int(rows["rt_within"].sum()),
            "told_apart": int(((rows["residual_ms_low"] > 0) | (rows["residual_ms_high"] < 0)).sum()),
            "accuracy_worst": str(rows.loc[wrong, "condition"]),
            "accuracy_off": float(off[wrong]),
            "accuracy_within": int(rows["accuracy_within"].sum()),
        }

    def __str__(self) -> str:
        """Parameters, conditions, failure and notes as text."""
        of = self.failure
        fails = (
            f"mean rt of {of['n']} {of['part']} conditions: missed by {of['rmse_ms']:.0f} ms (root mean square; "
            f"a constant: {of['constant_rmse_ms']:.0f} ms), most in {of['worst']} ({of['worst_ms']:+.0f} ms); "
            f"{of['within']} predicted within people's interval, {of['told_apart']} told apart from people's.\n"
            f"accuracy: missed most in {of['accuracy_worst']} ({of['accuracy_off']:+.3f}); "
            f"{of['accuracy_within']} predicted within people's interval"
        )
        title = f"{self.link.name}: {self.link.line}; {self.observer}, fitted to {', '.join(self.moments)}"
        found = self.parameters.to_string(index=False, float_format="{:.4g}".format)
        parts = [title, found, self._shown(), fails]
        return "\n\n".join(parts + ["\n".join(self.notes)] * bool(self.notes))

    def _shown(self) -> str:
        """The conditions as text, an interval in one cell."""
        frame = self.conditions

        def cell(name: str, digits: int) -> list[str]:
            ends = [frame[column].round(digits) + 0.0 for column in (name, f"{name}_low", f"{name}_high")]  # no -0
            of = zip(*ends, strict=True)
            return [f"{a:.{digits}f} [{b:.{digits}f}, {c:.{digits}f}]" for a, b, c in of]

        digits = {"rt": 3, "rt_predicted": 3, "residual_ms": 0, "accuracy": 3, "accuracy_predicted": 3}
        shown = frame[["condition", "part"]].assign(**{name: cell(name, k) for name, k in digits.items()})
        return shown.assign(constant_ms=frame["constant_ms"].map("{:.0f}".format)).to_string(index=False)

    def save(self, path: str | os.PathLike) -> Path:
        """Write it as JSON, whole or not at all; :func:`load_fitted` reads it."""
        from stimuli.foundation.files import write_whole

        told = {name: value for name, value in vars(self).items() if name not in ("link", *FRAMES)}
        frames = {name: _columns(getattr(self, name)) for name in FRAMES}
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps({"link": self.link.name, **told, **frames}, indent=1))
        return path


def _root_mean_square(values: pd.Series) -> float:
    return float(np.sqrt((values**2).mean()))


def load_fitted(path: str | os.PathLike) -> Fitted:
    """Read a fitted link; a ValueError or FileNotFoundError says that there is none."""
    from experiments.linking import LINKS

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no fitted link at {path}: write one with fit(...).save({path.name!r})")
    try:
        told: Mapping = json.loads(path.read_text("utf8"))
        frames = {name: _frame(told[name]) for name in FRAMES}
        given = {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
        return Fitted(**{**given, **frames, "link": LINKS[told["link"]]})
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        told = f"{path} is no fitted link ({type(error).__name__}): give a file that save() wrote"
        raise ValueError(told) from error


def _columns(frame: pd.DataFrame) -> dict[str, list]:
    """The columns of a frame for JSON, which has no NaN."""
    return frame.astype(object).where(frame.notna(), None).to_dict("list")


def _frame(columns: Mapping[str, list]) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    return frame.astype(dict.fromkeys(frame.columns[frame.isna().all()], float))


def with_rt(table: pd.DataFrame, fitted: Fitted) -> pd.DataFrame:
    """Put the predicted mean response times, in s, into an observer's trial table.

    Parameters
    ----------
    table : trial table of one observer or several, with p(OPTION). Of a table with a row for each pass the
        pass in which is answered is kept.
    fitted : a link that was fitted to people.

    Returns
    -------
    Trial table, a row a trial; rt is NaN where the link gives no answer, and the factor ``link`` says
    which link, and with whose evidence it was fitted.

    Raises
    ------
    ValueError : trials of people, whose times are measured, or no p(OPTION).
    """
    table = trial_table(table)
    if (table["kind"] != "model").any():
        raise ValueError("response times of people are measured: give the rows whose kind is model")
    parts = [_timed(part, fitted) for _, part in table.groupby("participant")]
    return trial_table(pd.concat(parts).sort_index())


def _timed(table: pd.DataFrame, fitted: Fitted) -> pd.DataFrame:
    """The trials of one observer in the pass of their answer, with times."""
    evidence = evidence_of(table)
    predicted = fitted.link.predict(evidence, **fitted.values)
    rows = evidence.rows[np.arange(len(evidence.rows)), predicted.answered]
    whence = f"{fitted.link.name}, fitted with {fitted.observer}"
    return table.iloc[rows].assign(rt=predicted.rt, **{LINKED: whence})
