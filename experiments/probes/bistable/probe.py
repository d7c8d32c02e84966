"""The bistable probe: two objects in one image, and a cue that says which to look for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from experiments import cues
from experiments.probe import MAPS, Condition, Probe
from stimuli.foundation.registry import later

__all__ = ["PROBE", "Bistable", "conditions"]

OF_EACH_OBJECT = ("class", "place", "random vector", "shuffled class", "shuffled place")
KINDS = ("none", "absent class", "third class", *OF_EACH_OBJECT)


@dataclass(frozen=True)
class Bistable:
    """Parameters of the probe.

    Parameters
    ----------
    iterations
        Feedback passes, at least 1.
    class_gain
        Gain of the class cues; the model's default if left out.
    place_gain
        Gain of the place cues; the model's default if left out.
    margin
        A place cue holds the tokens that its object touches and those up to this many tokens away, without
        what the other object covers more of.
    layer
        Block whose feedback norm, value norm and token norm are recorded.
    gains
        Gains to give all cues in turn, a dimension of the record.
    priors
        Kinds of priors to show: some of none, class, absent class, third class, place, random vector,
        shuffled class and shuffled place, one that cues each object in turn among them; all of the
        experiment, if left out.
    """

    iterations: int = 1
    class_gain: float | None = None
    place_gain: float | None = None
    margin: int = 1
    layer: int = -3
    gains: tuple[float, ...] = ()
    priors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if unknown := [kind for kind in self.priors if kind not in KINDS]:
            raise ValueError(f"there is no prior {unknown[0]!r}; expected some of {', '.join(KINDS)}")
        if self.priors and not set(self.priors) & set(OF_EACH_OBJECT):
            raise ValueError(f"priors must hold one that cues each object in turn: {', '.join(OF_EACH_OBJECT)}")
        if self.gains and (self.class_gain is not None or self.place_gain is not None):
            raise ValueError("give --gains for all cues, or --class-gain and --place-gain, not both")
        if len(set(self.gains)) < len(self.gains):
            raise ValueError(f"gains must hold each gain once, got {self.gains}")
        if self.iterations < 1 or self.margin < 0:
            raise ValueError(f"iterations must be at least 1 and margin at least 0, got {self}")


def conditions(parameters: Bistable, classes_known: bool = True) -> list[Condition]:
    """List the priors: none, a class or place cue for each object, classes that are absent, and the controls.

    Where the model does not know the objects' classes, the cues are places only.

    Raises
    ------
    ValueError : a kind is wanted that there is only with, or only without, known classes.
    """
    of_class, of_place = (partial(cues.at_gain, gain) for gain in (parameters.class_gain, parameters.place_gain))
    found = [Condition("none", 0, "none", cues.learned)]
    if classes_known:
        found += [Condition(f"class {k}", k, "class", _of_class(of_class, f"class_{k}")) for k in (1, 2)]
        found += [
            Condition("absent class", -1, "absent class", _of_class(of_class, "absent_class")),
            Condition("third class", 0, "third class", _of_class(of_class, "third_class")),
        ]
    places = {k: partial(of_place, partial(cues.around, k, parameters.margin)) for k in (1, 2)}
    found += [Condition(f"place {k}", k, "place", place) for k, place in places.items()]
    randoms = {k: partial(of_class, partial(cues.random_vector, cue=k)) for k in (1, 2)}
    found += [Condition(f"random vector {k}", k, "random vector", vector) for k, vector in randoms.items()]
    kind = "class" if classes_known else "place"
    found += [
        Condition(f"shuffled {of.name}", of.cue, f"shuffled {kind}", partial(cues.shuffled, of.prior))
        for of in found if of.kind == kind
    ]  # fmt: skip
    chosen = [condition for condition in found if condition.kind in (parameters.priors or KINDS)]
    if missing := set(parameters.priors) - {condition.kind for condition in chosen}:
        known = "" if classes_known else "un"
        raise ValueError(
            f"there is no prior {min(missing)!r} here: the classes of the objects are {known}known to the model"
        )
    return chosen


def _of_class(at_gain: partial, name: str) -> partial:
    return partial(at_gain, partial(cues.class_cue, name))


PROBE = Probe(
    "bistable",
    "Two objects compete in one image, and a cue says which to look for.",
    Bistable,
    "halves",
    conditions,
    unknown=partial(conditions, classes_known=False),
    objects=2,
    families=("overlay", "mosaic", "ambiguous"),
    records=("logits", *MAPS, "competition"),
    summarise=later("experiments.probes.bistable.summary:graded_summary"),
    localise=later("experiments.probes.bistable.summary:map_summary"),
    columns={
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
        "threshold": "mix at which both readings win equally, of a fitted cumulative normal with lapses; the interval "
        "is that of the fit",
        "lapse": "share of trials that such a fit takes for lapses, likewise",
    },
    figures=("signature", "steering", "gains", "psychometric", "maps", "mechanisms"),
    task=later("experiments.probes.bistable.task:TASK"),
    title="bistable perception",
    formerly=("bistable perception",),
)
