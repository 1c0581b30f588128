"""Pieces of a raw text beside the words that cleaning left of it."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferlab.text.alignment import aligned
from ferlab.text.cleaning import Cleaning, clean

PLAIN = Cleaning(contractions=False, stop_words=None, lemmas=False)


def seen(text, options, most=None):
    words = clean([text], options)[0][:most]
    return [(piece, [words[i] for i in places]) for piece, places in aligned(text, words, options) if places]


def test_words_are_found_again_and_stop_words_are_not():
    found = seen("The dogs were barking, loudly!", Cleaning())
    assert [piece for piece, _ in found] == ["dogs", "barking", "loudly"]
    assert found[0][1] == ["dog"] and found[1][1] == ["bark"]


def test_a_contraction_becomes_several_words():
    options = Cleaning(stop_words=None, lemmas=False)
    assert seen("they've gone", options)[0] == ("they've", ["they", "have"])


def test_only_what_the_model_read_has_a_place():
    assert [piece for piece, _ in seen("one two three four", PLAIN, 2)] == ["one", "two"]


def test_repeated_words_keep_their_order():
    text = "no yes no no yes"
    places = [found for piece, found in aligned(text, text.split(), PLAIN) if not piece.isspace()]
    assert places == [(0,), (1,), (2,), (3,), (4,)]


@pytest.mark.parametrize("text", ["", "   ", "...", "\U0001f600 \u4f60\u597d"])
def test_what_leaves_no_word_is_kept_whole(text):
    assert "".join(piece for piece, _ in aligned(text, clean([text], PLAIN)[0], PLAIN)) == text


@given(st.text(max_size=60))
def test_nothing_of_a_text_is_lost(text):
    words = clean([text], PLAIN)[0]
    found = aligned(text, words, PLAIN)
    assert "".join(piece for piece, _ in found) == text
    places = [place for _, some in found for place in some]
    assert places == sorted(places) and len(set(places)) == len(places)
    assert all(0 <= place < len(words) for place in places)


def test_the_last_words_are_found_at_the_end_of_a_text_that_repeats_itself():
    text = "dog house " * 300
    found = aligned(text, text.split()[-4:], PLAIN, keep="last")
    assert [i for i, (_, places) in enumerate(found) if places] == [1192, 1194, 1196, 1198]


def test_a_long_text_that_repeats_itself_is_aligned_at_once():
    text = "dog house " * 50_000
    began = process_time()
    found = aligned(text, text.split()[:300], PLAIN)
    assert process_time() - began < 10  # 40 s where all of it is compared
    assert [places for piece, places in found if places] == [(i,) for i in range(300)]
