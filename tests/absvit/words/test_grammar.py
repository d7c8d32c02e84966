"""Sentences are read by the grammar that is documented, or refused in one line; nothing is guessed."""

import pytest

from absvit.words.grammar import Clause, reading

READ = {
    "something that flies": [Clause("something that flies")],
    "Find the Dog.": [Clause("the dog")],
    "the dog on the left": [Clause("the dog", ("left",))],
    "a cat to the right": [Clause("a cat", ("right",))],
    "a dog everywhere": [Clause("a dog", ("everywhere",))],
    "the upper right corner": [Clause("", ("top", "right"))],
    "ignore the cat": [Clause("the cat", (), True)],
    "not a dog in the centre": [Clause("a dog", ("centre",), True)],
    "a dog, not on the left": [Clause("a dog"), Clause("", ("left",), True)],
    "a ball in the corners, but ignore the dog": [Clause("a ball", ("corners",)), Clause("the dog", (), True)],
    "a dog and not a cat": [Clause("a dog"), Clause("a cat", (), True)],
    "a dog and a cat": [Clause("a dog and a cat")],
    'please look for "a top hat, not worn" at the bottom of the picture': [Clause("a top hat, not worn", ("bottom",))],
}
REFUSED = {
    "": "the text is empty",
    "  \n ": "the text is empty",
    "of the": "names nothing to look for",
    "word " * 10_000: "100 words at most, got 10000",
    "w" * 10_000: "a word has 100 letters at most",
    "a dog\x07": "control character",
    "a dog,": "a part of 'a dog,' says nothing",
    "find": "a part of 'find' says nothing",
    "left and right of nothing": "cannot read '(left|right)'",
    "on the left and on the right": "asks for left and right, whose product is nothing",
    "a dog at the top, at the bottom": "asks for bottom and top",
    "the left hand": "cannot read 'left' in 'the left hand' as a place",
    "something i left": "cannot read 'left'",
    "a dog left of the cat": "cannot read 'left'",
    "something that does not fly": "cannot read 'not'",
    "something that doesn't fly": "cannot read \"doesn't\"",
    "ignore not a dog": "cannot read 'not'",
    "a cat without a tail": "cannot read 'without'",
}  # fmt: skip


@pytest.mark.parametrize("sentence", READ)
def test_a_sentence_is_read_as_the_grammar_says(sentence):
    read = reading(sentence)
    assert list(read.clauses) == READ[sentence]
    assert read.phrases == tuple(clause.phrase for clause in READ[sentence] if clause.phrase)


@pytest.mark.parametrize("sentence", REFUSED, ids=lambda text: repr(text[:30]))
def test_what_cannot_be_read_is_refused(sentence):
    with pytest.raises(ValueError, match=REFUSED[sentence]) as refused:
        reading(sentence)
    assert "\n" not in str(refused.value)


def test_something_else_than_a_text_is_refused():
    with pytest.raises(ValueError, match="expected a text, got int"):
        reading(7)


def test_a_reading_says_how_it_was_read():
    read = reading("a dog  on the left, ignore the cat")
    assert str(read) == '"a dog" at the place left x all but "the cat"'
    assert read.sentence == "a dog on the left, ignore the cat"
