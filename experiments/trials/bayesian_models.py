"""Bayesian mixed models of trials through bambi, told in the table of the other mixed models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from experiments.trials.mixed_models import MixedModel, check_enough, trials_of

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["bayesian_model"]

FAMILIES = {"rt": "gaussian", "correct": "bernoulli"}
R_HAT = 1.01  # above which chains tell different things (Vehtari et al. 2021, Bayesian Analysis 16)


def bayesian_model(
    table: pd.DataFrame,
    effects: str,
    slopes: Sequence[str] = (),
    of: Literal["rt", "correct"] = "rt",
    kind: Literal["person", "model"] = "person",
    level: float = 0.95,
    seed: int = 0,
    **fit: object,
) -> MixedModel:
    """Fit a hierarchical model by bambi (Capretto et al. 2022, J. Stat. Softw. 103), with its default priors.

    Natural logarithms of the reaction times in s of right answers are normal; right answers are Bernoulli, by
    log odds of a typical participant. Intercepts and slopes vary over participants, and do not correlate.

    Parameters
    ----------
    table, effects, slopes, kind : as in :func:`experiments.trials.mixed_models.rt_model`.
    of : what is modelled.
    level : of the credible intervals, in (0, 1).
    seed : of the sampler.
    **fit : arguments of bambi's ``Model.fit``, such as draws, tune, chains and cores.

    Returns
    -------
    MixedModel: estimates are means of the posterior, se its standard deviations, the ends its quantiles; there
    are no degrees of freedom, t and p. The problem tells of chains that do not agree, or diverge.

    Raises
    ------
    ValueError : bambi is not installed; or as ``rt_model``.
    """
    try:
        import bambi
    except ImportError as error:
        raise ValueError("bayesian_model needs bambi: pip install absvit[bayes], or take rt_model") from error
    trials = trials_of(table, kind, effects, slopes)
    trials = trials[(trials["correct"] != 0) & (trials["rt"] > 0)] if of == "rt" else trials[trials["correct"].notna()]
    check_enough(trials, kind)
    outcome = {"rt": np.log(trials["rt"])} if of == "rt" else {"correct": trials["correct"].astype(int)}
    varying = " + ".join(f"({term} | participant)" for term in ("1", *(f"0 + {name}" for name in slopes)))
    formula = f"{of} ~ {effects} + {varying}"
    told = bambi.Model(formula, trials.assign(**outcome), family=FAMILIES[of]).fit(random_seed=seed, **fit)
    posterior = told.posterior.stack(draw_of_all=("chain", "draw"))
    common = [name for name in posterior if "|" not in name and name != "sigma"]
    spread = {name: float(posterior[name].mean()) for name in posterior if name == "sigma" or name.endswith("_sigma")}
    people, what = trials["participant"].nunique(), "log s" if of == "rt" else "log odds"
    return MixedModel(
        formula, f"{what}; means and quantiles of the posterior, bambi's default priors", people, len(trials),
        pd.DataFrame([row for name in common for row in _rows(posterior[name], level)]), spread, _problem(told),
    )  # fmt: skip


def _rows(term: xr.DataArray, level: float) -> list[dict]:
    """The rows of a term, one a level, of its draws (..., draw_of_all)."""
    inner = [name for name in term.dims if name != "draw_of_all"]
    ends, rows = ((1 - level) / 2, (1 + level) / 2), []
    for one in term.stack(level=inner).transpose("level", "draw_of_all") if inner else [term]:
        named = f"{term.name}[T.{', '.join(map(str, np.atleast_1d(one['level'].item())))}]" if inner else term.name
        low, high = np.quantile(one.values, ends)
        told = {"term": named, "estimate": one.values.mean(), "se": one.values.std(ddof=1), "low": low, "high": high}
        rows.append(told | dict.fromkeys(("df", "t", "p"), np.nan))
    return rows


def _problem(told: object) -> str:
    """What is wrong with what was sampled, in a sentence; empty where nothing is."""
    import arviz

    worst = max(float(values.max()) for values in arviz.rhat(told).data_vars.values())
    split = f"chains do not agree (R-hat {worst:.3f})" if worst > R_HAT else ""
    diverged = int(told.sample_stats["diverging"].sum())
    lost = f"{diverged} draws diverged" if diverged else ""
    said = " and ".join(filter(None, (split, lost)))
    return f"{said}: do not trust these numbers; give more draws, tune and target_accept" if said else ""
