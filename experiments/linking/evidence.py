"""Evidence: what a link reads off an observer's answers, margin and entropy of each trial and pass."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from experiments.exchange.human_trials import asked_for
from experiments.measures.response_times import response_entropy, response_margin
from experiments.trials.trial_table import OPTION, options, trial_table

__all__ = ["PASS", "Evidence", "evidence_of", "trials_of_passes"]

PASS = "pass"  # factor of a table that holds a row for each feedback pass of a trial; 0 is bottom-up
TRIAL = ["participant", "session", "list", "block", "phase", "trial", "item", "instruction"]
LEAST = 1e-300  # probability that one of 0 is taken for: a margin is at most 691


@dataclass(frozen=True, eq=False)
class Evidence:
    """What an observer computed, trial by trial.

    Parameters
    ----------
    trials : trial table of the last pass, a row a trial.
    asked : (trial,) whether an answer is right.
    margin : (trial, pass) log odds of the right answer against the best other one; the lead where nothing
        is right.
    lead : (trial, pass) log odds of the best answer against the next, at least 0.
    entropy : (trial, pass) of the options' probabilities, in nat.
    rows : (trial, pass) row of each in the table that was given.
    """

    trials: pd.DataFrame
    asked: np.ndarray
    margin: np.ndarray
    lead: np.ndarray
    entropy: np.ndarray
    rows: np.ndarray

    @property
    def right(self) -> np.ndarray:
        """Whether the most probable option is right (trial, pass), 1 or 0; NaN where nothing is right."""
        return np.where(self.asked[:, None], self.margin > 0, np.nan)

    def among(self, chosen: np.ndarray) -> Evidence:
        """Give some of the trials, chosen as bool (trial,)."""
        return Evidence(*(of[chosen] for of in vars(self).values()))


def evidence_of(table: pd.DataFrame) -> Evidence:
    """Read the evidence of an observer off its trial table.

    Parameters
    ----------
    table : trial table of one observer with columns p(OPTION). Where it has a factor ``pass`` it holds a row
        for each pass of a trial.

    Raises
    ------
    ValueError : it is of people or of several observers, has fewer than two p(OPTION) or some that are no
        probabilities, an answer is no option, or trials have different passes.
    """
    table = _of_one_observer(table)
    log_p = _log_probabilities(table)
    logits = xr.DataArray(log_p, dims=("row", "class"))
    entropy = response_entropy(xr.Dataset({"logits": logits})).values
    lead = response_margin(xr.Dataset({"logits": logits})).values
    asked = (table["answer"] != "").to_numpy()
    margin = np.where(asked, _against_best_other(log_p, _index_of_answers(table)), lead)
    rows = _by_pass(table)
    last = rows[:, -1]
    return Evidence(table.iloc[last], asked[last], margin[rows], lead[rows], entropy[rows], rows)


def _of_one_observer(table: pd.DataFrame) -> pd.DataFrame:
    table = trial_table(table)
    if not len(table):
        raise ValueError("an observer's trial table needs trials, got none")
    if (table["kind"] != "model").any():
        raise ValueError("a link reads trials of a model, got people's: give the rows whose kind is model")
    if len(names := table["participant"].unique()) > 1:
        raise ValueError(f"a link is of one observer, got {len(names)} ({', '.join(names[:5])}): give one")
    return table


def _log_probabilities(table: pd.DataFrame) -> np.ndarray:
    """Logarithms of p(OPTION) (row, option)."""
    named = options(table)
    if len(named) < 2:
        raise ValueError(
            f"a link reads probabilities of at least two options, columns such as {OPTION.format('left')}; got "
            f"{', '.join(named) or 'none'} among {', '.join(table.columns)}"
        )
    p = table[named].to_numpy(float)
    wrong = ~((p >= 0) & (p <= 1)).all(axis=1)
    if wrong.any():
        raise ValueError(f"{wrong.sum()} trials have a p(OPTION) that is no probability, the first in row "
                         f"{np.flatnonzero(wrong)[0]}: give numbers from 0 to 1")  # fmt: skip
    return np.log(np.maximum(p, LEAST))


def _index_of_answers(table: pd.DataFrame) -> np.ndarray:
    """Column (row,) of each right answer among the options; 0 where nothing is right."""
    known = {name[2:-1]: number for number, name in enumerate(options(table))} | {"": 0}
    if strange := sorted(set(table["answer"]) - set(known)):
        near = difflib.get_close_matches(strange[0], known, 1, 0.5)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(f"the answer {strange[0]!r} has no column {OPTION.format(strange[0])}{meant}; there are "
                         f"{', '.join(options(table))}")  # fmt: skip
    return table["answer"].map(known).to_numpy(int)


def _against_best_other(log_p: np.ndarray, answer: np.ndarray) -> np.ndarray:
    """Log odds, ln p(answer) - max ln p(other), of (row, option) and (row,)."""
    own = np.arange(log_p.shape[1]) == answer[:, None]
    return log_p[own] - np.where(own, -np.inf, log_p).max(axis=1)


def _by_pass(table: pd.DataFrame) -> np.ndarray:
    """Rows (trial, pass), the passes of a trial in their order."""
    if PASS not in table:
        return np.arange(len(table))[:, None]
    trial = table.groupby(TRIAL, sort=False).ngroup().to_numpy()
    number = pd.to_numeric(table[PASS]).to_numpy()
    passes, rows = np.unique(number), np.lexsort((number, trial))
    if not np.array_equal(number[rows], np.tile(passes, trial.max() + 1)):
        raise ValueError(f"each trial needs a row for each of the {len(passes)} passes, once: some have others")
    return rows.reshape(-1, len(passes))


def trials_of_passes(
    record: xr.Dataset, answer: xr.DataArray | None = None, factors: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Tell a record as a trial table with a row for each feedback pass.

    Parameters
    ----------
    record : record of one model with logits (iteration, prior, stimulus, class).
    answer : class index (prior, stimulus) or (stimulus,) of the right answer, -1 where nothing is right; the
        class of the object that the prior cues, if left out, as trials are exported.
    factors : coordinates of stimuli or priors that become factors of the table.

    Returns
    -------
    Trial table: the instruction is the prior, the item the stimulus, the factor ``pass`` the iteration, and
    p(OPTION) the probability of each class.

    Raises
    ------
    ValueError : the record holds several models, seeds or gains, or lacks a factor.
    """
    logits = record["logits"]
    if extra := [dim for dim in logits.dims if dim not in ("iteration", "prior", "stimulus", "class")]:
        raise ValueError(f"expected a record of one {extra[0]}: choose with record.isel({extra[0]}=0)")
    if lacking := [name for name in factors if name not in record.coords]:
        raise ValueError(f"the record has no {lacking[0]}; there are {', '.join(map(str, record.coords))}")
    logits = logits.transpose("iteration", "prior", "stimulus", "class").reset_coords(drop=True).astype(float)
    index = (asked_for(record) if answer is None else answer).reset_coords(drop=True)
    told = {"index": index, **{name: record[name].reset_coords(drop=True) for name in factors}}
    rows = xr.broadcast(logits.isel({"class": 0}, drop=True), *told.values())
    frame = xr.Dataset(dict(zip(("logits", *told), rows, strict=True))).to_dataframe(dim_order=rows[0].dims)
    frame = frame.reset_index()
    p = np.exp(logits.values - logits.values.max(-1, keepdims=True)).reshape(-1, logits.sizes["class"])
    names = [*map(str, record["class"].values), ""]  # the class -1 is no option
    table = pd.DataFrame(
        {
            "participant": record.attrs.get("model", "model"),
            "kind": "model",
            "trial": frame.groupby(["prior", "stimulus"], sort=False).ngroup() + 1,
            "item": frame["stimulus"].astype(str),
            "instruction": frame["prior"].astype(str),
            "response": np.array(names)[p.argmax(1)],
            "answer": np.array(names)[frame["index"].to_numpy(int)],
            PASS: frame["iteration"],
            **{name: frame[name] for name in factors},
        }
    )
    probabilities = pd.DataFrame(p / p.sum(1, keepdims=True), columns=[*map(OPTION.format, names[:-1])])
    return trial_table(pd.concat([table, probabilities], axis=1))
