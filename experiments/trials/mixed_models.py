"""Mixed models of trials: reaction times with random effects, answers that correlate within participants.

What is estimated comes from statsmodels. Intervals and tests are Student's, with as many degrees of
freedom as participants tell, since a normal quantile makes them too narrow for the 10 to 30 people of
most studies.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import scipy

from experiments.trials.answer_scores import check_columns
from experiments.trials.trial_table import tested

__all__ = ["MixedModel", "accuracy_model", "check_enough", "rt_model", "trials_of"]

OPTIMISERS = ("lbfgs", "bfgs", "powell")
UNFIT = "the optimiser did not converge: do not trust these numbers; fewer random slopes may help"


@dataclass(frozen=True)
class MixedModel:
    """A fitted model and what it assumes.

    Parameters
    ----------
    formula : of the fixed effects, as patsy writes them.
    assumes : distribution, what varies over participants, and where intervals come from.
    participants : how many there are.
    trials : how many count.
    effects : frame with term, estimate, se, low, high, df, t and p, a row a fixed effect.
    spread : standard deviation over participants of the intercept and of each random slope, and of the
        residuals, by name; empty where the model has none.
    problem : what went wrong, in a sentence; empty where nothing did.
    """

    formula: str
    assumes: str
    participants: int
    trials: int
    effects: pd.DataFrame
    spread: dict[str, float]
    problem: str = ""

    @property
    def converged(self) -> bool:
        """Whether the numbers can be trusted as far as the optimiser tells."""
        return not self.problem

    def effect(self, term: str) -> pd.Series:
        """The row of a term; a ValueError names those that there are."""
        rows = self.effects[self.effects["term"] == term]
        if rows.empty:
            raise ValueError(f"the model has the terms {', '.join(self.effects['term'])}, got {term!r}")
        return rows.iloc[0]

    def __str__(self) -> str:
        """The formula, a row an effect, and what is assumed."""
        numbers = self.effects.to_string(index=False, float_format="{:.4g}".format)
        spread = ", ".join(f"{name} {value:.4g}" for name, value in self.spread.items())
        counts = f"{self.trials} trials of {self.participants} participants"
        told = [
            self.formula,
            numbers,
            f"standard deviations: {spread}" * bool(spread),
            f"{counts}; {self.assumes}",
        ]
        return "\n".join(filter(None, [*told, f"NOT CONVERGED: {self.problem}" * bool(self.problem)]))


def rt_model(
    table: pd.DataFrame,
    effects: str,
    slopes: Sequence[str] = (),
    scale: Literal["log", "s"] = "log",
    kind: Literal["person", "model"] = "person",
    level: float = 0.95,
) -> MixedModel:
    """Linear mixed model of the reaction times of right answers, by restricted maximum likelihood.

    Random intercepts, and random slopes of what is named, correlate as long as that can be fitted (Baayen,
    Davidson and Bates 2008, J. Mem. Lang. 59); a factor that varies within participants should have a
    slope (Barr et al. 2013, ibid. 68). Terms that vary between participants, and those with a slope, have
    the degrees of freedom that participants leave, the others those of the trials (between-within:
    Schluchter and Elashoff 1990).

    Parameters
    ----------
    table : trial table; practice and catch trials are left out.
    effects : fixed effects as the right side of a formula, ``validity * soa``; words are factors, whose first
        level in the alphabet is the reference.
    slopes : columns whose effect varies over participants.
    scale : the logarithm of reaction times in s, whose effects are ratios, or the times themselves.
    kind : of participants.
    level : coverage of the intervals, in (0, 1).

    Returns
    -------
    MixedModel; where no optimiser converges it says so, and a UserWarning, too.

    Raises
    ------
    ValueError : a column is missing, or fewer than three participants or no trials are left.
    """
    trials = trials_of(table, kind, effects, slopes)
    trials = trials[((trials["correct"] == 1) | trials["correct"].isna()) & (trials["rt"] > 0)]
    check_enough(trials, kind)
    trials = trials.assign(log_rt=np.log(trials["rt"]))
    formula = f"{'log_rt' if scale == 'log' else 'rt'} ~ {effects}"
    fit, correlate, problem = _reml(formula, trials, slopes)
    names = fit.model.exog_names
    design = pd.DataFrame(fit.model.exog, columns=names)
    groups = np.asarray(fit.model.groups)
    random = {*fit.cov_re.index}
    people = len(np.unique(groups))
    between = [name for name in names if design[name].groupby(groups).nunique().max() == 1]
    free = {name: people - len(between) for name in names}
    free |= {name: people - 1 for name in names if name not in between}
    alike = [name for name in names if name not in between and name not in random]
    free |= dict.fromkeys(alike, len(design) - people - len(names))
    deviations = np.sqrt(np.diag(np.atleast_2d(fit.cov_re)))
    labels = ["intercept" if name == "Group" else name for name in fit.cov_re.index]
    spread = {
        **dict(zip(labels, deviations.tolist(), strict=True)),
        "residual": float(np.sqrt(fit.scale)),
    }
    told = f"normal residuals and random effects of {', '.join(labels)}"
    told += "" if correlate else ", which do not correlate (with correlations the fit is singular)"
    return MixedModel(
        formula, f"{told}; restricted maximum likelihood, Student's t", people, len(design),
        _table(names, fit.fe_params.to_numpy(), fit.bse_fe.to_numpy(), free, level), spread, problem,
    )  # fmt: skip


def _reml(formula: str, trials: pd.DataFrame, slopes: Sequence[str]):
    """The fit, whether its random effects correlate, and what is wrong with it.

    Of few people the likeliest correlation of random effects is often 1, where no optimiser converges:
    then they are taken for independent (Matuschek et al. 2017, J. Mem. Lang. 94). The best fit stands
    where that fails, too.
    """
    import statsmodels.formula.api as smf
    from statsmodels.regression.mixed_linear_model import MixedLMParams

    fits, random = [], "~ " + " + ".join(["1", *slopes])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they say is asked of the fit
        model = smf.mixedlm(formula, trials, groups=trials["participant"].to_numpy(), re_formula=random)
        independent = MixedLMParams.from_components(np.ones(model.k_fe), cov_re=np.eye(model.k_re))
        for free in [None, independent] if model.k_re > 1 else [None]:
            for method in OPTIMISERS:
                try:
                    fit = model.fit(reml=True, method=[method], free=free)
                except (np.linalg.LinAlgError, ValueError):
                    continue
                if np.isfinite([fit.llf, *fit.bse_fe]).all():
                    fits.append((fit, free is None))
                    if fit.converged:
                        return fit, free is None, ""
    if not fits:
        raise ValueError(f"{formula} cannot be fitted: terms may tell the same, or a level have no trials")
    warnings.warn(UNFIT, stacklevel=3)
    return *max(fits, key=lambda found: found[0].llf), UNFIT


def accuracy_model(
    table: pd.DataFrame, effects: str, kind: Literal["person", "model"] = "person", level: float = 0.95
) -> MixedModel:
    """Logistic model of right answers whose trials correlate within participants, by estimating equations.

    Effects are log odds ratios of the population (marginal), not of a typical participant: they are
    smaller, the more participants differ (Zeger, Liang and Albert 1988, Biometrics 44). The correlation
    is taken for exchangeable; standard errors hold where that is wrong (Liang and Zeger 1986), corrected
    for few participants (Mancl and DeRouen 2001, Biometrics 57), and intervals have the degrees of
    freedom of the participants.

    Parameters
    ----------
    table, effects, kind, level : as in :func:`rt_model`.

    Returns
    -------
    MixedModel without spread.

    Raises
    ------
    ValueError : as :func:`rt_model`.
    """
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    trials = trials_of(table, kind, effects)
    trials = trials[trials["correct"].notna()]
    check_enough(trials, kind)
    formula = f"correct ~ {effects}"
    people, problem = trials["participant"].nunique(), ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = smf.gee(
            formula, trials["participant"].to_numpy(), trials,
            family=sm.families.Binomial(), cov_struct=sm.cov_struct.Exchangeable(),
        )  # fmt: skip
        fit = model.fit(cov_type="bias_reduced", maxiter=200)
    errors = np.asarray(fit.bse, float)
    if not fit.converged or not np.isfinite(errors).all() or np.abs(fit.params).max() > FAR:
        problem = UNFIT + ", or a condition with no errors at all may be the cause"
        warnings.warn(problem, stacklevel=2)
    names = list(model.exog_names)
    free = dict.fromkeys(names, people - len(names) if people > len(names) else 1)
    told = "binomial answers, exchangeable within participants; population-averaged log odds; robust errors"
    return MixedModel(
        formula, f"{told}, Student's t", people, len(trials),
        _table(names, np.asarray(fit.params, float), errors, free, level), {}, problem,
    )  # fmt: skip


FAR = 15.0  # log odds: no answer but one


def _names(effects: str, table: pd.DataFrame, slopes: Sequence[str] = ()) -> list[str]:
    """Columns of a formula: its words that are no function."""
    words = re.findall(r"(?<![\w.\"'])[A-Za-z_]\w*(?!\s*\(|\w|\.)", effects)
    unknown = [word for word in words if word not in table and not hasattr(np, word)]
    check_columns(table, [*unknown, *slopes])
    return [*dict.fromkeys([*(word for word in words if word in table), *slopes])]


def trials_of(table: pd.DataFrame, kind: str, effects: str, slopes: Sequence[str] = ()) -> pd.DataFrame:
    """Give the trials of a kind of participants; refuses effects of what there is not, or does not vary."""
    trials = tested(table)
    trials = trials[trials["kind"] == kind]
    for name in _names(effects, table, slopes):
        if trials[name].nunique() < 2:
            raise ValueError(f"{name} is the same in all trials of the kind {kind}: it can have no effect")
    return trials


def check_enough(trials: pd.DataFrame, kind: str) -> None:
    """Refuse (ValueError) trials of fewer than three participants."""
    people = trials["participant"].nunique()
    if people < 3:
        raise ValueError(f"a model needs three participants of the kind {kind} at least; got {people} with answers")


def _table(names: list[str], estimates: np.ndarray, errors: np.ndarray, free: dict[str, int], level: float):
    """Effects with Student's intervals and tests."""
    df = np.array([max(1, free[name]) for name in names])
    reach = scipy.stats.t.ppf((1 + level) / 2, df) * errors
    t = estimates / errors
    return pd.DataFrame(
        {
            "term": names, "estimate": estimates, "se": errors, "low": estimates - reach, "high": estimates + reach,
            "df": df, "t": t, "p": 2 * scipy.stats.t.sf(np.abs(t), df),
        }
    )  # fmt: skip
