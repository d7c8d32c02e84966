"""The score: people's effects and observers', of tables whose effects are known, and in a task that is really asked."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import torch

from experiments.__main__ import main
from experiments.figures import FIGURES
from experiments.linking import LINKS, fit
from experiments.linking.diffusion import decision_mean
from experiments.observers import Observer
from experiments.people import PEOPLE, Fitting, Match, Source
from experiments.people_score import answers_of, check_match, observed_effect, score, score_sources
from experiments.people_score.figure import opened
from experiments.people_score.printed import score_text
from experiments.people_score.scoring import COLUMNS
from experiments.trials.effects import Effect
from experiments.trials.trial_table import trial_table, write_csv
from experiments.trials.trim import Trim
from stimuli.families import objects

KINDS = ("congruent", "incongruent")
MATCH = Match(
    "attention_network",
    {
        "flanker": ("congruency", {kind: kind for kind in KINDS}),
        "cue": ("instruction", {"nothing": "none", "place": "spatial"}),
    },
    no_items="they saw arrows",
    fitting=Fitting(("cue",), ("place",), ("mean", "accuracy", "variance")),
    differs="Shapes stand for arrows.",
)
EFFECTS = (
    Effect("conflict", "flanker", "incongruent", "congruent", trim=Trim(fastest=0.1, least_accuracy=0.6)),
    Effect("conflict, accuracy", "flanker", "congruent", "incongruent", measure="accuracy"),
    Effect("cueing", "cue", "nothing", "place"),
    Effect("late", "flanker", "incongruent", "congruent", where={"asynchrony": 0.6}),
)
CONDITIONS = {
    "flanker": dict.fromkeys(KINDS, ""), "cue": {"nothing": "", "place": ""}, "asynchrony": {0.3: "", 0.6: ""},
}  # fmt: skip


@pytest.fixture(scope="module")
def people():
    """Eight people who are slower by 30 ms, give or take 5, with incongruent flankers, and by 20 ms without a cue."""
    generator, rows = np.random.default_rng(0), []
    for person in range(8):
        cost = 0.03 + 0.005 * generator.standard_normal()
        for trial in range(80):
            flanker, cue = KINDS[trial % 2], ("nothing", "place")[trial // 2 % 2]
            rt = 0.5 + cost * (flanker == "incongruent") + 0.02 * (cue == "nothing") + 0.01 * generator.random()
            told = {"flanker": flanker, "cue": cue, "asynchrony": (0.3, 0.6)[trial // 4 % 2], "rt": rt}
            response = "heart" if generator.random() < 0.05 else "star"
            rows.append(
                {"participant": f"P{person}", "trial": trial + 1, "answer": "star", "response": response, **told}
            )
    return trial_table(pd.DataFrame(rows).assign(kind="person"))


@pytest.fixture(scope="module")
def source(people):
    return Source("toy", "eight people", lambda paths: people, CONDITIONS, EFFECTS, match=MATCH)


def answers(margins, told="prior", name="net", seeds=2, items=12):
    """An observer's table: log odds of the right answer by (flanker, cue), the same in each item but for its own."""
    rows = []
    for seed in range(seeds):
        for item in range(items):
            for cue in ("nothing", "place"):
                flanker = KINDS[item % 2]
                p = 1 / (1 + np.exp(-(margins[flanker, cue] + 0.1 * item + 0.5 * seed)))
                row = {
                    "participant": name,
                    "session": str(seed),
                    "item": f"i{item:02d}",
                    "flanker": flanker,
                    "cue": cue,
                }
                row |= {"instruction": cue, "told": "nothing" if cue == "nothing" else told, "answer": "star"}
                rows.append(row | {"response": "star", "p(star)": p, "p(heart)": 1 - p, "asynchrony": ""})
    return trial_table(pd.DataFrame(rows).assign(kind="model", trial=np.arange(len(rows)) + 1))


LIKE_PEOPLE = {("congruent", "place"): 4.0, ("congruent", "nothing"): 3.0,
               ("incongruent", "place"): 2.0, ("incongruent", "nothing"): 1.0}  # fmt: skip
TURNED = {(flanker, cue): 5 - margin for (flanker, cue), margin in LIKE_PEOPLE.items()}


def row_of(scores, effect, who):
    found = scores[(scores["effect"] == effect) & (scores["who"] == who)]
    assert len(found) == 1
    return found.iloc[0]


def test_margins_stand_for_times_with_their_sign_turned(source, people):
    scores = score(source, people, answers(LIKE_PEOPLE), n=300, splits=10)
    own, theirs = row_of(scores, "cueing", "net"), row_of(scores, "cueing", "people")
    by_person = people[people["correct"] == 1].groupby(["participant", "cue"])["rt"].mean().unstack()
    differences = by_person["nothing"] - by_person["place"]
    assert theirs["mean"] == pytest.approx(differences.mean()) and theirs["unit"] == "s"
    assert theirs["d"] == pytest.approx(differences.mean() / differences.std())
    ends = scipy.stats.ttest_1samp(differences, 0).confidence_interval()
    assert (theirs["mean_low"], theirs["mean_high"]) == pytest.approx((ends.low, ends.high))
    assert own["mean"] == pytest.approx(1.0) and (own["unit"], own["measure"]) == ("nat", "margin")
    assert (own["same_sign"], own["seeds"], own["within"], own["share"]) == ("yes", "2/2", "other unit", 1.0)
    # items of the two kinds of flankers differ by .1 on average, which goes into the observer's effect
    assert row_of(scores, "conflict", "net")["mean"] == pytest.approx(2.0 - 0.1)


def test_a_link_makes_times_of_margins_and_says_what_it_misses(source, people):
    """One fitted condition gives three moments, so that all parameters are found, and the other tests them."""
    own = answers(LIKE_PEOPLE)
    scores = score(source, people, own, n=100, splits=10, link=LINKS["diffusion"])
    row, plain = row_of(scores, "cueing", "net"), row_of(scores, "conflict, accuracy", "net")
    assert (row["measure"], row["unit"], row["link"]) == ("rt", "s", "diffusion") and pd.isna(plain["link"])
    kept = people[(people["correct"] == 0) | (people["rt"] >= 0.1)]
    fitted = fit(kept, own, by="cue", conditions=["place"], moments=("mean", "accuracy", "variance"), n=5)
    assert f"sensitivity {fitted.values['sensitivity']:.3g} [" in row["parameters"]
    margin = np.log(own["p(star)"] / own["p(heart)"])
    times = decision_mean(fitted.values["sensitivity"] * margin, fitted.values["boundary"])
    of = pd.Series(times, own.index).groupby(own["cue"]).mean()
    assert row["mean"] == pytest.approx(of["nothing"] - of["place"]) and row["same_sign"] == "yes"
    human = people[people["correct"] == 1].groupby(["participant", "cue"])["rt"].mean().groupby("cue").mean()
    assert row["constant_ms"] == pytest.approx(1000 * (human["nothing"] - human["place"]))
    assert row["fitted_to"] == "mean, accuracy, variance of place" and "1/1 tested, most nothing" in row["missed"]
    text = score_text(scores)
    assert "toy, net: diffusion fitted to mean, accuracy, variance of place" in text
    assert f"missed by {row['missed_ms']:.0f} ms (root mean square; a constant: {row['constant_ms']:.0f} ms)" in text
    unfitted = replace(source, match=replace(MATCH, fitting=None))
    told = row_of(score(unfitted, people, own, n=10, splits=2, link=LINKS["diffusion"]), "cueing", "net")
    assert told["unit"] == "nat" and told["why"].startswith("no times: toy names no conditions")
    with pytest.raises(ValueError, match="entropy_passes counts feedback passes, .* use diffusion"):
        score_sources([source], [], link="entropy_passes")


def test_signs_are_other_or_not_determined(source, people):
    scores = score(source, people, answers(TURNED), n=300, splits=10)
    assert row_of(scores, "cueing", "net")["same_sign"] == "no" and row_of(scores, "cueing", "net")["seeds"] == "0/2"
    nothing = {key: 2.0 for key in LIKE_PEOPLE}
    flat = row_of(score(source, people, answers(nothing), n=300, splits=10), "conflict", "net")
    assert flat["same_sign"] == "undetermined" and flat["mean_low"] < 0 < flat["mean_high"]
    # people err as often with either flankers, so that whatever an observer does has no sign to agree with
    right = row_of(scores, "conflict, accuracy", "net")
    assert right["same_sign"] == "undetermined" and right["within"] == "no" and right["unit"] == "1"


def test_intervals_are_those_of_a_bootstrap_of_networks_and_items(source):
    table = answers(LIKE_PEOPLE, items=8).assign(noise=0.0)
    generator = np.random.default_rng(3)
    shift = generator.normal(0, 1, len(table))
    odds = np.log(table["p(star)"] / table["p(heart)"]) + shift
    table = table.assign(**{"p(star)": 1 / (1 + np.exp(-odds)), "p(heart)": 1 / (1 + np.exp(odds))})
    effect = MATCH.of_observers(EFFECTS[0])
    found = observed_effect(table, effect, n=2000)
    cells = odds.groupby([table["session"], table["item"], table["flanker"]]).mean().unstack()
    seeds, items = (sorted(set(table[name])) for name in ("session", "item"))
    drawn = []
    for _ in range(500):
        networks, shown = generator.choice(seeds, 2), generator.choice(items, 8)
        picked = cells.loc[[(network, item) for network in networks for item in shown]].mean()
        drawn.append(picked["congruent"] - picked["incongruent"])
    whole = cells.groupby("session").mean()
    assert found.mean == pytest.approx((whole["congruent"] - whole["incongruent"]).mean())
    width = np.diff(np.nanquantile(drawn, (0.025, 0.975)))[0]
    assert np.diff(found.interval)[0] == pytest.approx(width, rel=0.25)
    by_item = cells.groupby("item").mean()
    groups = [by_item[kind].dropna() for kind in KINDS]
    pooled = np.sqrt(np.mean([group.var() for group in groups]))
    assert found.d == pytest.approx(found.mean / pooled) and np.isnan(found.share)


def test_who_cannot_be_told_stays_in_the_table(source, people):
    deaf = answers(LIKE_PEOPLE, told="cannot", name="deaf")
    scores = score(source, people, deaf, {"blind": "it knows no star"}, n=50, splits=10)
    cueing, conflict = (row_of(scores, name, "deaf") for name in ("cueing", "conflict"))
    assert cueing["status"] == "cannot" and cueing["why"] == "it cannot be told: place" and np.isnan(cueing["mean"])
    assert conflict["status"] == "compared" and conflict["why"] == "left out, since it cannot be told: place"
    without_cue = deaf[deaf["cue"] == "nothing"]
    assert conflict["mean"] == observed_effect(without_cue, MATCH.of_observers(EFFECTS[0]), 10).mean
    blind = scores[scores["who"] == "blind"]
    assert set(blind["same_sign"]) == {"cannot"} and set(blind["why"]) == {"it knows no star"} and len(blind) == 3
    text = score_text(scores)
    assert "it cannot be told: place" in text and " ms" not in text and "toy: cueing" in text
    assert {name.removesuffix("_low").removesuffix("_high") for name in scores} == set(COLUMNS)


def test_effects_are_compared_picture_by_picture_beside_the_ceiling():
    """Twelve pictures that are named star the more often under one instruction, each in its own measure."""
    generator, items = np.random.default_rng(0), [f"star{k}-heart1" for k in range(12)]
    gain = np.linspace(0.1, 0.8, 12)
    rows = [
        {"participant": f"{told} {person}", "item": f"{item}.png", "instruction": told, "trial": 1 + k}
        | {"response": "star" if generator.random() < 0.1 + gain[k] * (told == "star") else "heart"}
        for told in ("star", "heart") for person in range(12) for k, item in enumerate(items)
    ]  # fmt: skip
    people = trial_table(pd.DataFrame(rows).assign(kind="person"))
    effect = Effect("star", "instruction", "star", "heart", measure="choice", option="star", between=True)
    match = Match(
        "cue_conflict", {"instruction": ("instruction", {"star": "shape", "heart": "texture"})}, item="picture"
    )
    told = [
        {"participant": "net", "session": "0", "item": f"star/{item}.jpg", "instruction": told, "told": "prior"}
        | {"response": "star", "p(star)": p, "p(heart)": 1 - p}
        for told in ("star", "heart") for item, p in zip(items, 0.1 * gain + (told == "star") * gain**2, strict=True)
    ]  # fmt: skip
    own = trial_table(pd.DataFrame(told).assign(kind="model", trial=np.arange(24) + 1))
    source = Source("pictures", "twelve pictures", None, {}, (effect,), match=match)
    first, second = score(source, people, own, n=50, splits=50).to_dict("records")
    share = (people["response"] == "star").groupby([people["item"], people["instruction"]]).mean().unstack()
    theirs = (share["star"] - share["heart"])[[f"{item}.png" for item in items]]
    assert first["mean"] == pytest.approx(theirs.mean()) and np.isnan(first["reliability"])
    assert second["mean"] == pytest.approx((gain**2).mean()) and second["unit"] == first["unit"]
    assert second["r"] == pytest.approx(np.corrcoef(theirs, gain**2)[0, 1]) and second["r_low"] < second["r"]
    assert second["of_ceiling"] == pytest.approx(second["r"] / first["item_ceiling"])
    assert second["item_ceiling"] == first["item_ceiling"] and 0.5 < first["item_ceiling"] <= 1
    low, high = first["mean_low"], first["mean_high"]
    assert second["within"] == ("yes" if low <= second["mean"] <= high else "no")


def test_a_source_without_a_match_is_said(source, people):
    bare = replace(source, name="bare", match=None)
    with pytest.raises(ValueError, match="bare: no task of observers is matched to it: there is one to .*posner"):
        score_sources([bare], [])
    with pytest.raises(ValueError, match="is matched to bare: declare"):
        score(bare, people, pd.DataFrame())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"levels": {"flanker": ("congruency", {"congruent": "congruent"})}}, "none of its effects: conflict lacks"),
        ({"levels": {**MATCH.levels, "cue": ("instruction", {"place": "spatial", "noting": "none"})}},
         "names cue = 'noting', which the source does not declare: nothing, place"),
        ({"levels": {**MATCH.levels, "cue": ("cues", {"place": "spatial", "nothing": "none"})}},
         "reads the column 'cues', and observers' tables have congruency, target_place, instruction"),
        ({"levels": {**MATCH.levels, "cue": ("instruction", {"place": "there", "nothing": "none"})}},
         "reads instruction = 'there', which no trial of attention_network has"),
        ({"item": "picture"}, "says neither which variable names the pictures"),
        ({"fitting": Fitting(("place",), ("up",))}, "fits a link by 'place', which observers are not shown: flanker"),
        ({"told": {"everywhere": "diffuse"}}, "tells 'everywhere', which is no instruction"),
    ],
)  # fmt: skip
def test_a_match_that_breaks_a_promise_is_told(source, change, said):
    check_match(source)
    with pytest.raises(ValueError, match=f"the match of toy .*{said}"):
        check_match(replace(source, match=replace(MATCH, **change)))


@pytest.mark.parametrize("name", [name for name in PEOPLE if PEOPLE[name].match])
def test_matches_of_the_catalogue_keep_their_promises(name):
    check_match(name)


def looker(name, categories):
    """An observer that weighs mean colours and takes no prior."""
    rows = torch.randn(3, len(categories), generator=torch.Generator().manual_seed(0))
    return Observer(name, "weighs mean colours", categories, (64, 64), lambda images: 6 * images.mean((2, 3)) @ rows)


def test_observers_are_really_asked(people, source):
    able, other = looker("colours", objects.CATEGORIES), looker("others", ("cat", "dog"))
    found = answers_of(MATCH, [able, other], n=12)
    assert set(found.table["participant"]) == {"colours"} and "does not know the class" in found.cannot["others"]
    assert set(found.table["cue"]) == {"nothing", "place", ""} and set(found.table["flanker"]) == {*KINDS, ""}
    scores = score(source, people, found.table, found.cannot, n=50, splits=10)
    assert row_of(scores, "cueing", "colours")["status"] == "cannot"
    assert row_of(scores, "conflict", "colours")["status"] == "compared"


def test_the_command_prints_and_writes_what_it_scores(people, source, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(PEOPLE, "of", lambda name: source, raising=False)
    (tmp_path / "toy.csv").write_text("")
    words = ["people", "score", "toy", "--model", "absvit_micro", "--n", "12", "--from", str(tmp_path)]
    assert main([*words, "--out", str(tmp_path / "score.csv"), "--figure", str(tmp_path / "score.png")]) == 0
    said = capsys.readouterr().out
    assert "toy: conflict\n" in said and "observers are not shown asynchrony = 0.6 of late" in said
    assert "no correlation over items, since they are not the same: they saw arrows." in said
    assert "toy: Shapes stand for arrows." in said and (tmp_path / "score.png").stat().st_size > 10_000
    shown, _ = opened([tmp_path / "score.csv"])
    assert list(shown["who"]) == ["people", "absvit_micro"] * 3 and (shown["status"] == "compared").all()
    cueing = FIGURES["people"](shown, effects=("cueing",))
    assert len(cueing.axes) == 2 and "Shapes stand for arrows." in cueing.get_label()
    with pytest.raises(ValueError, match="no effect 'cuing' in the score: conflict, conflict, accuracy, cueing"):
        FIGURES["people"](shown, effects=("cuing",))
    many = pd.concat([shown.assign(task=f"task {k}") for k in range(9)])
    with pytest.raises(ValueError, match="a page holds 1 to .* effects of 1 observers, got 27: choose some"):
        FIGURES["people"](many)
    with pytest.raises(ValueError, match="is no score: expected what people score --out writes"):
        opened([tmp_path / "toy2.csv"] if (tmp_path / "toy2.csv").write_text("a,b\n1,2\n") else [])


def test_tables_of_trials_are_compared_as_compare_does_it(people, tmp_path, capsys):
    paths = [str(tmp_path / name) for name in ("people.csv", "net.csv")]
    write_csv(people[people["trial"] <= 2].assign(item=lambda of: of["flanker"]), paths[0])
    write_csv(answers(LIKE_PEOPLE, items=2).assign(item=lambda of: of["flanker"]), paths[1])
    printed = []
    for words in (["compare"], ["people", "score"]):
        assert main([*words, *paths]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] and "kappa_people" in printed[0]
    assert main(["people", "score", *paths, "--link", "diffusion"]) == 2
    assert "leave out --link, or name sources" in capsys.readouterr().err
