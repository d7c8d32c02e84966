"""Tables of people's trials as they are found: headers, pictures, types, conditions, and what does not match."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from experiments import figures, measures
from experiments.__main__ import main
from experiments.exchange import human_trials

PEOPLE = Path(__file__).parents[4] / "shared" / "people" / "instructed_attention"
CATEGORIES = ("dog", "cat", "oven", "bird")


@pytest.mark.parametrize(
    ("imagename", "stimulus"),
    [
        ("0001_edg_s01_0_oven_00_oven10.png", "oven10.png"),
        ("0001_s5n_s10_0_airplane_00_airplane8-bicycle3.png", "airplane8-bicycle3.png"),
        ("0001_cop_dnn_c05_dog_10_n02109525_2503.png", "n02109525_2503.png"),
        ("0001_cl_dnn_p3_cat_10_n02123045_1234.png", "n02123045_1234.png"),
        ("0007_eid_s02_3-10-10_cat_10_n02123045_1234.JPEG", "n02123045_1234.JPEG"),
        ("0003_lp_s04_inf_cat_10_n02123045_99.png", "n02123045_99.png"),
        ("n02123045_99.png", "n02123045_99.png"),
        ("0001_ske_s01_0_airplane_00_sketch_12.png", "sketch_12.png"),
        ("00003_class-1-gain-2_disk00003.png", "disk00003.png"),  # ours
        ("dog1-cat2.png", "dog1-cat2.png"),
    ],
)
def test_a_stimulus_is_named_by_its_picture(imagename, stimulus):
    assert measures.stimulus_of(imagename) == stimulus


def shown(observer, easy=0.9, hard=0.5, classes=(0, 1), conditions=("c100", "c05"), n=40):
    """Trials of ImageNet pictures whose numbers recur in every class, easy in one condition and hard in the other."""
    generator, rows = np.random.default_rng(sum(map(ord, observer))), []
    for condition, accuracy in zip(conditions, (easy, hard), strict=True):
        for k in range(n):
            category = CATEGORIES[k % 4]
            picture = f"n{2100000 + classes[k % 2]:08d}_{100 + k // 2}"
            answer = category if generator.random() < accuracy else CATEGORIES[(k + 1) % 4]
            name = f"{k:04d}_cop_{observer[-2:]}_{condition}_{category}_10_{picture}.png"
            rows.append((observer, 1, k + 1, 0.5, answer, category, condition, name))
    return pd.DataFrame(rows, columns=human_trials.COLUMNS)


def test_kappa_is_the_mean_of_the_conditions_kappas():
    both = [shown("subject-01", 0.95, 0.3), shown("subject-02", 0.9, 0.25)]
    right = [(table["object_response"] == table["category"]).to_numpy() for table in both]
    expected = [cohen_kappa_score(right[0][part], right[1][part]) for part in (slice(0, 40), slice(40, 80))]
    pairs = measures.error_consistency(pd.concat(both))
    assert pairs.loc[0, ["n", "conditions", "unmatched"]].tolist() == [80, 2, 0]
    assert pairs["kappa"][0] == pytest.approx(np.mean(expected), abs=1e-12)
    assert pairs["kappa"][0] < cohen_kappa_score(*right) - 0.2  # over conditions at once, difficulty is agreement


def test_pictures_of_the_same_number_are_not_the_same_picture():
    apart = pd.concat([shown("subject-01", classes=(0, 1)), shown("subject-02", classes=(2, 3))])
    with pytest.raises(ValueError, match=r"no two observers have a stimulus in common.*0 are compared, of up to 80"):
        measures.error_consistency(apart)
    half = measures.error_consistency(pd.concat([shown("subject-01", classes=(0, 1)), shown("vit", classes=(0, 3))]))
    assert half.loc[0, ["n", "unmatched"]].tolist() == [40, 80]


def test_conditions_by_other_names_are_said():
    people, model = shown("subject-01"), shown("vit", conditions=("c100", "0.05"))
    assert measures.error_consistency(pd.concat([people, model])).loc[0, ["n", "unmatched"]].tolist() == [40, 80]
    said = measures.remarks(pd.concat([people, model]))
    assert said == [
        "Conditions that not all observers saw, by name: subject-01: c05; vit: 0.05.",
        "In 1 of 1 pairs, trials without a partner (the same stimulus, category and condition) are left out: 40 are "
        "compared, of up to 80.",
    ]
    assert measures.remarks(pd.concat([people, shown("subject-02")])) == []


def test_two_without_a_common_stimulus_do_not_stop_the_others():
    told = pd.concat([shown("subject-01"), shown("subject-02"), shown("subject-03", classes=(2, 3))])
    pairs = measures.error_consistency(told)
    assert pairs["n"].tolist() == [80, 0, 0] and pairs["kappa"].isna().tolist() == [False, True, True]


@pytest.mark.parametrize("names", [("01", "02"), ("True", "False"), ("1", "2"), ("1.0", "NA"), ("nan", "null")])
def test_nothing_is_guessed_of_a_column(names, tmp_path):
    table = pd.DataFrame(
        [("subject-01", 1, k + 1, 0.5, names[k % 2], names[0], "0.10", f"{k}.png") for k in range(10)],
        columns=human_trials.COLUMNS,
    )
    table.loc[9, "object_response"] = "na"
    table.to_csv(tmp_path / "one.csv", index=False)
    told = human_trials.read(tmp_path)
    assert measures.accuracy_by_observer(told)["subject-01"] == 0.5
    assert set(told["condition"]) == {"0.10"} and told["rt"].dtype == float


def test_headers_are_read_in_any_case_and_with_a_mark_before_them(tmp_path):
    people = shown("subject-01")
    people.rename(columns={"session": "Session", "rt": " RT"}).to_csv(tmp_path / "one.csv", index=False)
    people.to_csv(tmp_path / "two.csv", index=False, encoding="utf-8-sig")
    for name in ("one.csv", "two.csv"):
        pd.testing.assert_frame_equal(human_trials.read(tmp_path / name), people, check_dtype=False)


def test_answers_that_are_no_category_are_said():
    told = shown("subject-01", easy=1, hard=1)
    told.loc[:5, "object_response"] = ["Dog", "Dog", "", "na", "zebra", "na"]
    assert measures.remarks(told) == [
        "2 of 80 trials have no answer (na) and count as errors.",
        "4 of 80 answers are none of the categories and count as errors: 'Dog' (2), '' (1), 'zebra' (1); of "
        "subject-01.",
    ]


def test_what_has_no_kappa_is_said():
    """Of two who are always right there is no agreement beyond chance: that is not left blank without a word."""
    perfect = [shown(name, 1.0, hard) for name, hard in (("subject-01", 1.0), ("subject-02", 1.0), ("vit", 0.5))]
    pairs = measures.error_consistency(pd.concat(perfect))
    assert pairs[["conditions", "alike"]].to_numpy().tolist() == [[0, 2], [1, 1], [1, 1]]
    assert np.isnan(pairs["kappa"][0]) and pairs["kappa"][1] == 0
    assert measures.remarks(pd.concat(perfect)) == [
        "Where both observers are always right, or both always wrong, kappa is not defined: 4 conditions of 3 of 3 "
        "pairs are left out."
    ]
    assert "Mean kappa: people not defined (1 pair); models and people .000 (2 pairs)" in (
        figures.FIGURES["consistency"](pd.concat(perfect)).get_label()
    )


def test_means_are_of_people_or_of_models(tmp_path, capsys):
    names = ("resnet", "subject-01", "subject-02", "subject-03", "vit")
    told = pd.concat([shown(name, easy) for name, easy in zip(names, (0.6, 0.9, 0.95, 1, 0.7), strict=True)])
    table = human_trials.agreement(told).set_index("observer")
    pairs = measures.error_consistency(told).set_index(["first", "second"])["kappa"]
    people = [pairs[names[a], names[b]] for a, b in ((1, 2), (1, 3), (2, 3))]
    assert table["kappa_people"]["mean of people"] == pytest.approx(np.mean(people))
    assert table["kappa_models"]["mean of models"] == pytest.approx(pairs["resnet", "vit"])
    across = [pairs[tuple(sorted((model, f"subject-0{k}")))] for model in ("resnet", "vit") for k in (1, 2, 3)]
    assert table["kappa_people"]["mean of models"] == pytest.approx(np.mean(across))
    assert table["kappa_models"]["mean of people"] == pytest.approx(np.mean(across))
    assert table["accuracy"]["mean of people"] == pytest.approx(table["accuracy"].loc["subject-01":"subject-03"].mean())
    told.assign(object_response=told["object_response"].replace("cat", "Cat")).to_csv(tmp_path / "t.csv", index=False)
    assert main(["compare", str(tmp_path / "t.csv")]) == 0
    assert "answers are none of the categories and count as errors: 'Cat'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("folder", "shape", "texture"),
    [("neutral", 0.77, 0.03), ("attend_shape", 0.825, 0.025), ("attend_texture", 0.324, 0.142)],
)
def test_instructions_move_answers_as_published(folder, shape, texture):
    if not PEOPLE.is_dir():
        pytest.skip("the trials of people are not here")
    told = human_trials.read(PEOPLE / folder)
    names = told["imagename"].map(measures.stimulus_of).str.extract(r"([a-z]+)\d+-([a-z]+)")
    conflict = names[0] != names[1]
    for part, expected in ((0, shape), (1, texture)):
        found = (told["object_response"] == names[part])[conflict].mean()
        assert found == pytest.approx(expected, abs=0.0052)
    assert len(told) == 12800 and len(measures.error_consistency(told)) == 45


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is no text in UTF-8"),
        ("subj,session\nL\u00f6we,1\n".encode("latin-1"), "is no text in UTF-8"),
        (b'a,b\n1,2,3\n"4', "is not a table of trials"),
        (b"subj,session\n1,1\n", "lacks the columns trial, rt"),
        (b"subj;session;trial\n1;1;1\n", "lacks the columns subj.*; its columns are separated by ';', not by commas"),
    ],
)
def test_what_is_no_table_of_trials_is_refused_by_name(content, told, tmp_path):
    (tmp_path / "people.csv").write_bytes(content)
    with pytest.raises(ValueError, match=f"people.csv {told}"):
        human_trials.read(tmp_path / "people.csv")
