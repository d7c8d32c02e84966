"""How each source's files are read, on a few rows of the same kind."""

import subprocess

import pandas as pd
import pytest

from experiments.people import PEOPLE, files_of, trials
from experiments.trials.effects import effect_of

HEAD = "subj,session,trial,rt,object_response,category,condition,imagename\n"


def written(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", [name for name in PEOPLE if name != "model_vs_human"])
def test_files_have_addresses_and_digests_and_effects_names_of_their_own(name):
    source = PEOPLE[name]
    assert source.files == files_of(name) and all(len(file.sha256) == 64 and file.size > 0 for file in source.files)
    assert all(file.address.startswith("https://raw.githubusercontent.com/") for file in source.files)
    assert len({file.name for file in source.files}) == len(source.files)
    assert len({effect.name for effect in source.effects}) == len(source.effects) and source.reference
    assert (source.exclusions == "none") == (not source.excluded_by)
    assert all(effect.factor in source.conditions for effect in source.effects)


def test_cueing_in_blocks_with_an_answer_before_the_onset(tmp_path):
    rows = "1,1,0.3,2,1,0.43\n1,2,0.3,0,1,-0.01\n2,1,0.6,0,0,NaN\n"
    paths = [written(tmp_path, f"Study3_P7Posner{k}.csv", rows) for k in (1, 2)]
    table = trials("posner", paths)
    assert table["participant"].tolist() == ["P7"] * 6 and table["session"].tolist() == ["1"] * 3 + ["2"] * 3
    assert table["validity"].tolist()[:3] == ["invalid", "valid", "valid"] and table["trial"].tolist()[:3] == [1, 2, 3]
    assert table["rt"].isna().tolist()[:3] == [False, True, True] and table["correct"].tolist()[:3] == [1, 1, 0]
    with pytest.raises(ValueError, match="1 trials of .* cue = '1', .* expected 0, 2"):
        trials("posner", [written(tmp_path, "Study3_P8Posner1.csv", rows.replace("0.6,0", "0.6,1"))])


def test_three_instructions_are_three_groups_of_people(tmp_path):
    rows = "subject-01,1,1,1.2,dog,dog,0,0001_x_s01_0_dog_00_dog1-cat2.png\n"
    rows += "subject-01,1,2,NaN,na,cat,0,0002_cat3-cat1.png\n"
    told = {"": "neutral", "-content-guessing": "attend shape", "-texture-guessing": "attend texture"}
    name = "style-transfer-512-nomask{}-experiment_subject-01_session_1.csv"
    table = trials("instructed_attention", [written(tmp_path, name.format(word), HEAD + rows) for word in told])
    assert table["instruction"].unique().tolist() == list(told.values())
    assert table["participant"].unique().tolist() == [f"{instruction} subject-01" for instruction in told.values()]
    first = table.iloc[0]
    assert (first["item"], first["shape"], first["texture"], first["cues"]) == (
        "dog1-cat2.png",
        "dog",
        "cat",
        "conflict",
    )
    assert table.iloc[1]["cues"] == "same" and table.iloc[1]["response"] == ""
    strange = written(tmp_path, name.format("").replace("01", "02"), HEAD + rows.replace("dog1-cat2.png", "dog.png"))
    with pytest.raises(ValueError, match="named SHAPEn-TEXTUREm.png, got 'dog.png'"):
        trials("instructed_attention", [strange])


def test_a_folder_of_sets_and_a_set_that_is_none(tmp_path):
    row = "subject-01,1,1,1.2,dog,dog,c05,0001_con_s01_c05_dog_00_n1.JPEG\n"
    (tmp_path / "sets").mkdir()
    for name in ("contrast", "eidolonI"):
        written(tmp_path / "sets", f"{name}_subject-01_session_1.csv", HEAD + row)
    table = trials("model_vs_human", tmp_path / "sets")
    assert table["set"].tolist() == ["contrast", "eidolonI"] and set(table["item"]) == {"n1.JPEG"}
    assert table["participant"].tolist() == ["contrast subject-01", "eidolonI subject-01"]
    listed = subprocess.run("sha256sum *.csv | sha256sum", shell=True, cwd=tmp_path / "sets",
                            capture_output=True, text=True, check=True).stdout  # fmt: skip
    assert table.attrs["read_digest"] == listed.split()[0]
    pictures = [f"000{k}_edg_s01_0_dog_00_n0210952{k}_25.JPEG" for k in (1, 2)]  # 25 of two kinds of dogs
    rows = "".join(f"subject-02,1,{k},1.2,dog,dog,0,{picture}\n" for k, picture in enumerate(pictures, 1))
    edges = trials("model_vs_human", [written(tmp_path, "edge_subject-02_session_1.csv", HEAD + rows)])
    assert edges["item"].tolist() == ["n02109521_25.JPEG", "n02109522_25.JPEG"]
    written(tmp_path / "sets", "imagenet_subject-01_session_1.csv", HEAD + row)
    with pytest.raises(ValueError, match="'imagenet' is none of the sets of model-vs-human"):
        trials("model_vs_human", tmp_path / "sets")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"holds no file \*subject\*.csv"):
        trials("model_vs_human", tmp_path / "empty")


def test_a_battery_in_milliseconds_with_practice_and_misses(tmp_path):
    told = {
        "worker_id": "s1", "exp_stage": ["practice", "test", "test", "test"], "rt": [900, 650, -1, 560],
        "correct": [1.0, 1.0, 0.0, 1.0], "key_press": [37.0, 39.0, -1.0, 37.0],
        "correct_response": [37.0, 39.0, 39.0, 37.0],
        "cue": ["nocue", "nocue", "spatial", "spatial"], "flanker_type": "neutral", "flanker_location": "up",
    }  # fmt: skip
    pd.DataFrame(told).to_csv(tmp_path / "ant.csv", index=False)
    table = trials("attention_network", [tmp_path / "ant.csv"])
    assert table["rt"].tolist()[:2] == [0.9, 0.65] and table["response"].tolist() == ["left", "right", "", "left"]
    effect = PEOPLE["attention_network"].effect("cueing").by(PEOPLE["posner"].effects[-1].trim)
    assert effect_of(table, effect, splits=1).mean == pytest.approx(0.09)


def test_an_unknown_file_of_alternation(tmp_path):
    with pytest.raises(ValueError, match="is none of br.rda, kde.rda, nc.rda, br_contrast.rda"):
        trials("alternation", [tmp_path / "other.rda"])
