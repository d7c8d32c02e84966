"""Links keep what their contract promises, a check says what is broken, and the command shows them."""

from dataclasses import replace

import numpy as np
import pytest

import experiments.linking.__main__ as program
from experiments.__main__ import main as experiments_main
from experiments.linking import LINKS, check_link
from experiments.linking.diffusion import DIFFUSION
from experiments.linking.link import Parameter, Predicted
from experiments.linking.link_recovery import observer_of_margins
from experiments.trials.trial_table import read, write_csv


@pytest.mark.parametrize("name", [*LINKS])
def test_links_keep_their_promises(name):
    check_link(name)
    assert all(part in LINKS[name].page for part in ("Source", "Assumptions", "Parameters", "t0"))


def changed(**changes):
    """The diffusion with something else predicted."""

    def predict(evidence, sensitivity, boundary, nondecision):
        found = DIFFUSION.predict(evidence, sensitivity=sensitivity, boundary=boundary, nondecision=nondecision)
        return replace(found, **{name: of(getattr(found, name)) for name, of in changes.items()})

    return {"predict": predict}


def spoiling(evidence, sensitivity, boundary, nondecision):
    found = DIFFUSION.predict(evidence, sensitivity=sensitivity, boundary=boundary, nondecision=nondecision)
    evidence.margin[:] = 0
    return found


def one_time(evidence, sensitivity, boundary, nondecision):
    n = len(evidence.margin)
    right = np.where(evidence.asked, 0.5, np.nan)
    return Predicted(np.full(n, nondecision), right, np.zeros(n), np.zeros(n, int))


def lucky():
    generator = np.random.default_rng(0)
    return changed(rt=lambda rt: rt + generator.random(len(rt)))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"line": ""}, "says '' of what it is"),
        ({"source": "Ratcliff"}, "name a paper with its year"),
        ({"assumptions": ()}, "assumes nothing"),
        ({"parameters": DIFFUSION.parameters[:2]}, "predict takes sensitivity, boundary, nondecision"),
        ({"parameters": (*DIFFUSION.parameters[:2], Parameter("nondecision", "time", "", 0, 1))},
         "does not say of nondecision what it is, its unit"),
        ({"moments": ("median",)}, "fits 'median'"),
        ({"starts": lambda evidence: []}, "gives no start"),
        ({"starts": lambda evidence: [{"boundary": 1.0}]}, "starts with boundary: give a value of each parameter"),
        ({"starts": lambda evidence: [{"sensitivity": 1.0, "boundary": 1.0, "nondecision": 9.0}]},
         "starts with nondecision = 9, which is out of its limits"),
        (changed(rt=lambda rt: -rt), "gives times that are negative"),
        (changed(rt=lambda rt: rt[:1]), "gives rt of shape"),
        (changed(rt=lambda rt: rt - rt.mean() + 9), "predicts a trial otherwise beside others"),
        (lucky(), "predicts otherwise a second time"),
        (changed(accuracy=lambda p: 2 * p), "gives accuracies that are no probabilities"),
        (changed(variance=lambda v: -v), "gives variances that are no numbers from 0 on"),
        (changed(answered=lambda at: at + 9), "answers in passes that there are not"),
        ({"predict": spoiling}, "predicts otherwise a second time|changes the evidence"),
        ({"predict": one_time}, "predicts one time, whatever the evidence"),
    ],
)  # fmt: skip
def test_a_link_that_breaks_a_promise_is_told_in_one_sentence(changes, told):
    with pytest.raises(ValueError, match=f"^the link 'diffusion' .*({told})") as refused:
        check_link(replace(DIFFUSION, **changes))
    assert "\n" not in str(refused.value)


def test_links_stand_in_the_list_and_have_a_page(capsys):
    assert experiments_main(["list"]) == 0
    listed = capsys.readouterr().out
    assert all(f"{name:20}{line}" in listed for name, line in LINKS.lines().items())
    assert program.main(["list"]) == 0 and capsys.readouterr().out.strip() in listed
    assert program.main(["page", "diffusion"]) == 0
    assert "mean rt   = t0 + B^2 tanh(u) / u" in capsys.readouterr().out
    assert program.main(["page", "difusion"]) == 2
    assert capsys.readouterr().err == "error: there is no link 'difusion': did you mean diffusion?\n"


def test_a_fit_by_command_writes_the_link_and_the_times(tmp_path, capsys, person_trials):
    times = {"0.5": 0.9, "1": 0.8, "4": 0.5}
    answers = {name: [(t + off, off < 0.1) for off in (-0.1, 0, 0.05, 0.2)] for name, t in times.items()}
    write_csv(person_trials({f"p{k}": answers for k in range(3)}), tmp_path / "people.csv")
    write_csv(observer_of_margins((0.5, 1.0, 4.0)), tmp_path / "net.csv")
    words = f"fit {tmp_path}/people.csv --observer {tmp_path}/net.csv --by condition --n 3 --conditions 0.5 4"
    assert program.main([*words.split(), "--out", f"{tmp_path}/a.json", "--rt", f"{tmp_path}/timed.csv"]) == 0
    assert "mean rt of 1 tested conditions: missed by" in capsys.readouterr().out
    assert read(tmp_path / "timed.csv")["rt"].is_monotonic_decreasing and (tmp_path / "a.json").is_file()
    assert program.main([*words.split(), "1", "--link", "entropy_passes"]) == 2
    assert "this observer has one pass" in capsys.readouterr().err
    assert program.main([*words.split(), "--participant", "nett"]) == 2
    assert "has no participant 'nett'; there are given margins" in capsys.readouterr().err
    assert program.main(["fit", "--observer", f"{tmp_path}/net.csv", "--conditions", "4"]) == 2
    assert capsys.readouterr().err == "error: name at least one trial table of people, such as people.csv\n"
    few = "recovery --simulations 1 --people 2 --trials 6 --spread 0"
    assert program.main([*few.split(), "--n", "2"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_without_pyddm_distributions_are_refused_and_fits_are_not(monkeypatch):
    from experiments.linking.pyddm_solver import solved

    monkeypatch.setitem(__import__("sys").modules, "pyddm", None)
    with pytest.raises(ValueError, match=r"need pyddm: pip install absvit\[diffusion\]"):
        solved(1.0, 1.0, 0.2, 3.0)
    check_link("diffusion")
