"""What differs between two experiments, told in a few words."""

import json

from absvit.records.differences import differences


def shown(*suites, **facts):
    return {"title": "t", "conditions": json.dumps([{"suite": name, "severity": 2, "n": 3} | facts for name in suites])}


def test_what_differs_is_told_under_dotted_names():
    assert differences(shown("fog"), shown("fog")) == ""
    assert differences(shown("fog"), shown("fog", n=4)) == "conditions.fog@2.n was 3, is 4"
    assert differences(shown("fog"), shown("fog", "pgd")) == "conditions.pgd@2 was None, is there"
    nested = {"parameters": json.dumps({"cue": {"gain": 1}, "eps": [1, 2], "off": None})}
    assert differences(nested, nested | {"parameters": '{"cue": {"gain": 2}, "eps": [1, 2]}'}) == (
        "parameters.cue.gain was 1, is 2"
    )
    assert differences({"a": 1, "b": 2}, {"a": 2, "b": 3}, apart=("b",)) == "a was 1, is 2"


def test_of_many_differences_the_six_most_general_are_told():
    found = differences(shown(*"abcdefghi"), shown(*"abcdefghi", n=5) | {"title": "u"})
    assert found.startswith("title was 't', is 'u'; conditions.a@2.n was 3, is 5; ")
    assert found.endswith("; and 4 more") and found.count(";") == 6
