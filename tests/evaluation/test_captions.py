"""Figures of captions: those that were published for the same words, and what must hold of any."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from places import SHARED

from dicetalk.evaluation.caption_feelings import Lexicon, Named, accuracies, feeling_scores, named_by
from dicetalk.evaluation.captions import Captioned, as_published, bleu, bleu_each, cider, plain_words, rouge_l

GOLDEN = SHARED / "golden" / "relatives" / "captions.json"
LEXICON = SHARED / "data" / "relatives" / "emvidcap" / "lexicon.json"
needs_golden = pytest.mark.skipif(not GOLDEN.is_file(), reason="the golden captions (../shared/golden) are not here")
needs_lexicon = pytest.mark.skipif(not LEXICON.is_file(), reason="the lexicon (../shared/data/relatives) is not here")

FEELINGS = Lexicon({"anger": ["angry", "cross"], "fear": ["afraid"], "joy": ["happy", "cross"]})


def captioned(candidate: str, *references: str) -> Captioned:
    return Captioned(plain_words(candidate), tuple(map(plain_words, references)))


SAID = [
    captioned("a man shouts at the sea", "a man shouts at the sea"),
    captioned("a calm girl reads", "she reads a book", "a girl reads quietly"),
    captioned("two dogs", "the dogs bark at a cat in the garden"),
]


def golden() -> tuple[dict[str, Any], list[Captioned]]:
    facts = json.loads(GOLDEN.read_text())
    return facts, [
        Captioned(as_published(item["candidate"]), tuple(map(as_published, item["references"])))
        for item in facts["items"]
    ]


@needs_golden
def test_words_agree_with_the_published_numbers() -> None:
    facts, captions = golden()
    found = {f"BLEU_{n}": value for n, value in enumerate(bleu(captions), start=1)}
    found |= {"ROUGE_L": rouge_l(captions).mean(), "CIDEr": cider(captions).mean()}
    for name, value in found.items():
        assert value == pytest.approx(facts["corpus"][name], abs=1e-9), name
    each = {"BLEU_4": bleu_each(captions)[:, 3], "ROUGE_L": rouge_l(captions), "CIDEr": cider(captions)}
    for name, values in each.items():
        np.testing.assert_allclose(values, facts["per_item"][name], atol=1e-9, rtol=0)


@needs_golden
@needs_lexicon
def test_feelings_agree_with_the_published_numbers() -> None:
    facts, captions = golden()
    lexicon = Lexicon({kind: entry["words"] for kind, entry in json.loads(LEXICON.read_text()).items()})
    found = feeling_scores(captions, lexicon, published=True)
    wanted = {name: facts["corpus"][name] for name in ("Acc_sw", "Acc_c", "BFS", "CFS")}
    for value, (name, number) in zip(vars(found).values(), wanted.items(), strict=True):
        assert value == pytest.approx(number, abs=1e-9), name


def test_the_same_words_are_worth_most() -> None:
    assert bleu_each(SAID)[0] == pytest.approx(1)
    assert rouge_l(SAID)[0] == pytest.approx(1)
    assert cider(SAID)[0] == pytest.approx(10)
    assert (bleu_each(SAID)[1:] < 1).all() and (rouge_l(SAID)[1:] < 1).all() and (cider(SAID)[1:] < 10).all()


def test_neither_the_order_of_references_nor_that_of_clips_matters() -> None:
    turned = [Captioned(each.candidate, each.references[::-1]) for each in SAID[::-1]]
    assert bleu(turned) == pytest.approx(bleu(SAID))
    np.testing.assert_allclose(rouge_l(turned)[::-1], rouge_l(SAID))
    np.testing.assert_allclose(cider(turned)[::-1], cider(SAID))


def test_a_short_caption_pays_for_what_it_leaves_out() -> None:
    whole, part = captioned("a b c d e f", "a b c d e f"), captioned("a b c d", "a b c d e f")
    assert bleu([part])[0] == pytest.approx(np.exp(1 - 6 / 4))
    assert bleu([whole])[0] == pytest.approx(1)


def test_no_words_are_worth_nothing_and_break_nothing() -> None:
    empty = [captioned("", "a man"), captioned("a man", "")]
    assert max(bleu(empty)) < 1
    assert rouge_l(empty).tolist() == [0, 0] and cider(empty).tolist() == [0, 0]
    assert cider([SAID[0]]).tolist() == [0]  # of one clip nothing is rare


def test_words_are_found_whatever_signs_stand_beside_them() -> None:
    assert plain_words('Well-fed, "happy"; at 4 it’s over!') == ("well-fed", "happy", "at", "4", "it's", "over")
    assert as_published("so happy, so") == ("so", "happy,", "so")
    signed, plain = Captioned(as_published("happy,"), (("happy",),)), captioned("happy,", "happy")
    assert named_by(signed, FEELINGS) == Named(0, 0)
    assert named_by(plain, FEELINGS) == Named(1, 0)


def test_a_word_of_two_feelings_is_right_where_either_is() -> None:
    caption = captioned("a cross man", "a happy man")
    assert named_by(caption, FEELINGS, published=True) == Named(0, 1)
    assert named_by(caption, FEELINGS) == Named(1, 0)


def test_a_feeling_counts_once_however_often_it_is_named() -> None:
    assert named_by(captioned("angry angry afraid afraid", "an angry man"), FEELINGS) == Named(1, 1)


def test_captions_that_are_all_right_and_wrong_do_not_explode() -> None:
    both = [Named(1, 1), Named(1, 1)]
    assert accuracies(both, published=True)[1] == float("inf")
    assert accuracies(both) == (0.5, 0.0)
    assert accuracies([Named(1, 0)] * 3) == (1.0, 1.0)
    assert accuracies([Named(0, 0), Named(0, 1)]) == (0.0, 0.0)


def test_both_variants_agree_where_nothing_is_wrong_with_the_published_one() -> None:
    named = [Named(2, 0), Named(1, 1), Named(0, 1), Named(0, 0), Named(1, 0)]
    assert accuracies(named) == pytest.approx(accuracies(named, published=True), abs=1e-4)
