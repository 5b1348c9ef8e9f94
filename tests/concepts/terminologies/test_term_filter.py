from __future__ import annotations

from pathlib import Path

import pytest

from suprem.concepts.terminologies.term_filter import FILTER_PROMPT, EcgWords, LlmTermFilter, parse_verdict
from suprem.concepts.vocabulary import Concept, Vocabulary
from suprem.errors import ConceptError, LlmUnavailable, UnparsableAnswer
from suprem.reports.cache import AnswerCache
from suprem.reports.llm import CannedLlm
from suprem.reports.prompt import load_prompt
from tests.concepts.phrases import OTHER_FINDINGS, UNRELATED

WORDS = EcgWords()


def quiet(_fraction: float, _message: str) -> None:
    pass


def test_every_statement_of_the_shipped_vocabulary_is_an_ecg_term(terms: Vocabulary) -> None:
    assert all(WORDS.judge(terms.concepts, quiet))


def test_most_other_findings_are_ecg_terms_and_nothing_unrelated_is() -> None:
    assert sum(map(WORDS.is_ecg_term, OTHER_FINDINGS)) >= 0.9 * len(OTHER_FINDINGS)
    assert [text for text in UNRELATED if WORDS.is_ecg_term(text)] == []


@pytest.mark.parametrize(
    "text", ["Ischaemias of myocardium", "QRS COMPLEXES", "Sino-atrial block", "Bundle-branch", "T waves, tall"]
)
def test_spelling_case_hyphens_and_plurals_do_not_matter(text: str) -> None:
    assert WORDS.is_ecg_term(text)


@pytest.mark.parametrize(
    "text",
    [
        "Family history of atrial fibrillation",
        "Implantation of cardiac pacemaker",
        "Ventricular septal defect",
        "Cerebral ventricular enlargement",
        "Renal infarction",
        "Interscalene nerve block",
        "Anterior cruciate ligament injury",
        "Ectopic pregnancy",
        "Trigeminal nerve injury",
        "",
    ],
)
def test_what_merely_shares_words_with_an_ecg_is_no_ecg_term(text: str) -> None:
    assert not WORDS.is_ecg_term(text)


def test_an_ecg_term_is_always_related() -> None:
    assert [text for text in OTHER_FINDINGS if WORDS.is_ecg_term(text) and not WORDS.is_related(text)] == []


def test_an_abbreviation_alone_does_not_make_a_concept_one_of_electrocardiography() -> None:
    dye = Concept("1", "Wholly invented dye", ("QT",))
    assert WORDS.judge([dye, Concept("2", "Long QT")], quiet) == [False, True]


def test_a_damaged_word_list_is_named(tmp_path: Path) -> None:
    (tmp_path / "words.toml").write_text('signs = ["ecg"]')
    with pytest.raises(ConceptError, match=r"words.toml .*elsewhere"):
        EcgWords(tmp_path / "words.toml")


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ('{"is_ecg_term": true}', True),
        ('```json\n{"is_ecg_term": false}\n```', False),
        ('Sure! {"is_ecg_term": true} Hope this helps.', True),
    ],
)
def test_a_verdict_is_found_in_its_wrapping(answer: str, verdict: bool) -> None:
    assert parse_verdict(answer) is verdict


@pytest.mark.parametrize(
    "answer", ["", "yes", "{", "}{", '{"is_ecg_term": "true"}', '{"is_ecg_term": 1}', "[true]", '{"x": true}']
)
def test_anything_else_is_no_verdict(answer: str) -> None:
    with pytest.raises(UnparsableAnswer, match="is_ecg_term"):
        parse_verdict(answer)


def canned(**verdicts: str) -> CannedLlm:
    prompt = load_prompt(FILTER_PROMPT)
    return CannedLlm({prompt.question(name): answer for name, answer in verdicts.items()})


def test_a_model_is_asked_once_for_each_name_and_never_again(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    llm = canned(flutter='{"is_ecg_term": true}', toast='{"is_ecg_term": false}')
    concepts = [Concept("1", "flutter"), Concept("2", "toast"), Concept("3", "flutter")]
    for _ in range(2):
        judge = LlmTermFilter(llm, load_prompt(FILTER_PROMPT), cache, concurrency=1)
        assert judge.judge(concepts, quiet) == [True, False, True]
    assert len(llm.asked) == 2
    cache.close()


def test_a_broken_run_keeps_its_answers(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    concepts = [Concept("1", "flutter"), Concept("2", "toast")]
    prompt = load_prompt(FILTER_PROMPT)
    with pytest.raises(LlmUnavailable):
        LlmTermFilter(canned(flutter='{"is_ecg_term": true}'), prompt, cache, concurrency=1).judge(concepts, quiet)
    llm = canned(toast='{"is_ecg_term": false}')
    assert LlmTermFilter(llm, prompt, cache).judge(concepts, quiet) == [True, False]
    assert len(llm.asked) == 1
    cache.close()


def test_prose_is_asked_for_once_more_and_then_left_unjudged(tmp_path: Path) -> None:
    class Talker:
        model = "talker"

        def __init__(self) -> None:
            self.asked: list[str] = []

        def complete(self, _system: str, user: str, _schema: object) -> str:
            self.asked.append(user)
            return "I would say yes."

    cache = AnswerCache(tmp_path / "answers.sqlite")
    llm = Talker()
    judge = LlmTermFilter(llm, load_prompt(FILTER_PROMPT), cache)
    assert judge.judge([Concept("1", "flutter")], quiet) == [None]
    assert len(llm.asked) == 2
    assert "could not be used" in llm.asked[1]
    assert judge.judge([], quiet) == []
    cache.close()
