"""Columns: what each number of a summary is and which test or interval stands behind it, in words for people."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["COLUMNS", "INTERVALS", "help_text", "latex_of", "notes_of"]

INTERVALS = (
    "Numbers in brackets, and the columns _low and _high, are 95 % percentile bootstrap intervals over stimuli and, "
    "where there are several, trained models; others are named with their column."
)
LATEX = str.maketrans(
    {sign: rf"\{sign}" for sign in "&%$#_{}"} | {sign: f"${sign}$" for sign in "<>|"} | {"^": r"\^{}", "~": r"\~{}"}
)
SHARE_OF_WEIGHTS = "share of the target in a map, its mean over the target's tokens over the sum over all objects"
NAMED = "share of stimuli whose target is the most probable class of all"
LOG_ODDS = "log odds of the class that is looked for, ln p / (1 - p)"
COLUMNS: dict[str, dict[str, str]] = {
    "every probe": {
        "n": "stimuli (of hysteresis: pairs of sequences)",
        "seeds": "trained models",
        "accuracy": "share of stimuli whose class is the most probable one",
    },
    "bistable perception": {
        "selection_index": "p(cued) / (p(class 1) + p(class 2)), mean over both cues of a kind; chance .5; of a prior "
                           "that cues neither, object 1's share",
        "cue_decides": "share of stimuli in which each of the two cues lets its object win",
        "p_cued": "probability of the cued object's class",
        "p_other": "probability of the object that is not cued",
        "p_absent": "probability of a class that is not shown, when it is cued and without a cue",
        "attention_auc": "area under the ROC with which the prior's weights tell the cued object's tokens from the "
                         "other's; chance .5",
        "attention_share": "the cued object's share in the prior's weights on both objects; chance .5",
        "auc_other": "the same area of each map (--maps)",
        "auc_rest": "the same against all other tokens",
        "share": "the cued object's share in the map's means over both objects; chance .5",
        "threshold": "mix at which both readings win equally, of a fitted cumulative normal with lapses; the "
                     "interval is that of the fit",
        "lapse": "share of trials that such a fit takes for lapses, likewise",
    },
    "object prior": {
        "neutral": f"without a cue, {NAMED}",
        "benefit": "valid - neutral share of targets named",
        "cost": "neutral - invalid share of targets named",
        "random": "benefit of a random vector as a cue",
        "shuffled": "benefit of the valid cue's weights, shuffled over tokens",
        "absent": "share of scenes in which a class that is cued and not shown is named",
        "auc": "area under the ROC with which the valid cue's weights tell the target's tokens from those of the other "
               "objects; chance .5",
        "share": f"{SHARE_OF_WEIGHTS}; chance 1 / objects; the map is the valid cue's weights",
        "iou": "overlap |A and B| / |A or B| of the target's tokens and as many of highest weight (Jaccard)",
        "d_prime": "sensitivity z(hits) - z(false alarms) of naming a cued class that is shown or not; no interval",
        "criterion": "bias -(z(hits) + z(false alarms)) / 2 of the same; positive: seldom named; no interval",
        "dz": "Cohen's dz of the benefit, mean / standard deviation over stimuli, trained models averaged; no interval",
        "p": "two-sided paired permutation test (sign flips over stimuli, trained models averaged) of benefit = 0; not "
             "corrected for several tests",
    },
    "spatial prior": {
        "distance": "of attention from the target, in pixels, mean over stimuli",
        "reported": NAMED,
        "benefit": "reported - reported under diffuse attention of the same gain; in rows 'gradient' its slope",
        "evidence": f"{LOG_ODDS}, minus that under diffuse attention; in rows 'gradient' its slope",
        "share": f"{SHARE_OF_WEIGHTS}; the map is the value norm",
        "gradient": "row: least-squares slope over the distance of attention from the target, per 100 pixels",
    },
    "search": {
        "n_present, n_absent": "displays with and without the target",
        "detection_area": f"area under the ROC of the {LOG_ODDS}, present against absent (pairs of displays, ties "
                          "half)",
        "d_prime": "sqrt(2) z(detection_area), the sensitivity of equal-variance observers with this area",
        "evidence": f"{LOG_ODDS}, mean where the target is present",
        "map_auc": "area under the ROC with which the prior's weights find the target among the items; chance .5",
        "slope": "row: least-squares slope over set size, per item; stimuli are resampled within set sizes",
    },
    "navon": {
        "told_global": "share of incongruent figures told by their large letter, by leave-one-out template matching of "
                       "the logits",
        "told_local": "the same by their small letters",
        "congruency_global": "congruent - incongruent share told right by the large letter",
        "congruency_local": "the same by the small letters",
    },
    "contours": {
        "illusory": f"{LOG_ODDS}, mean over illusory figures",
        "control": "the same over turned inducers",
        "effect": "illusory - control; stimuli are resampled within both groups",
        "surface": "share of the surface in the prior's weights on surface and inducers, illusory - control",
    },
    "crowding": {
        "reported": NAMED,
        "critical_spacing": "spacing / eccentricity at which a fitted psychometric function has made .8 of the way "
                            "from guessing to the target alone, with the interval of that fit; inf: not shown",
    },
    "feedback dynamics: settling": {
        "settled": "share of trials whose state stops to change",
        "settling_iteration": "first pass from which on no pass changes the state by more than the tolerance",
        "fixed_point_distance": "relative change of the state in the last pass, |f(z) - z| / |z|",
        "oscillation": "(d1 - d2) / (d1 + d2), relative changes over one and two passes: 1 for an orbit of period 2",
        "decided": "share of trials whose entropy falls to one bit",
        "decision_time": "first pass in which it does",
        "energy_change": "relative change of the reconstruction error, summed over blocks, since pass 0",
        "selection_index": "p(cued) / (p(class 1) + p(class 2)); chance .5",
        "cue_memory": "share of reading 1 after cue 1 - that after cue 2, both taken away; 0: forgotten",
    },
    "feedback dynamics: hysteresis": {
        "area": "area between the branches of a morph up and down; 0 without memory",
        "width": "distance of the two transition points; each direction's first crossing of one half",
    },
    "feedback dynamics: switching": {
        "switch_rate": "switches between the readings per 100 passes",
        "duration": "mean phase of dominance, in passes",
        "phases": "phases that are whole, of all stimuli",
        "variation": "standard deviation / mean of their durations; no interval",
        "gamma_shape": "shape of the gamma distribution fitted by maximum likelihood; no interval",
        "gamma_over_lognormal": "its log-likelihood less that of a log-normal, per phase; no interval",
    },
    "recognition": {},
    "corruption dynamics": {
        "gain_over_pass_0": "accuracy of the pass less that of the bottom-up pass",
    },
}  # fmt: skip


def notes_of(title: str, columns: Iterable[str]) -> list[str]:
    """Explain the columns of a table.

    Parameters
    ----------
    title : of the records that the table is of.
    columns : of the table.

    Returns
    -------
    A line a column that is explained, after one on the intervals; none of records that have no summary.
    """
    if title not in COLUMNS:
        return []  # tables of trials and trainings, whose captions name their intervals
    known, shown = COLUMNS["every probe"] | COLUMNS.get(title, {}), set(map(str, columns))
    kept = [f"{name}: {text}." for name, text in known.items() if {*name.split(", ")} & shown]
    return [INTERVALS, *kept]


def latex_of(title: str, columns: Iterable[str]) -> str:
    """Write these notes as a paragraph of LaTeX, to stand below the table.

    Parameters
    ----------
    title : of the records that the table is of.
    columns : of the table.
    """
    text = " ".join(notes_of(title, columns)).translate(LATEX)
    return text and f"{{\\par\\smallskip\\footnotesize Notes. {text}\\par}}\n"


def help_text() -> str:
    """Explain the columns of all summaries."""
    parts = ["\n".join([f"{title}:", *(f"  {name}: {text}" for name, text in told.items())])
             for title, told in COLUMNS.items() if told]  # fmt: skip
    return "\n\n".join([INTERVALS, *parts])
