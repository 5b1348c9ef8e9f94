from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from suprem.errors import Cancelled, LlmUnavailable
from suprem.progress import Progress
from suprem.reports.cache import AnswerCache
from suprem.reports.entities_file import line_of
from suprem.reports.extract import Language, LlmExtractor, RuleExtractor, StatementEntities, extract_entities
from suprem.reports.llm import CannedLlm, OpenAiLlm
from suprem.reports.prompt import load_prompt
from suprem.reports.report import Report, SkippedReport, read_reports
from tests.reports.fake_server import fake_server, statement_of

REPORTS = [
    Report("1", "Sinus rhythm. normal ecg."),
    Report("2", "sinus bradycardia.  normal ecg."),
    Report("3", "rytm zatokowy miarowy, blok prawej odnogi."),
]
NORMAL = '{"global": ["%s"], "classification": {"normal": ["%s"]}}'


def canned(*statements: str) -> CannedLlm:
    prompt = load_prompt()
    return CannedLlm({prompt.question(text): NORMAL % (text, text) for text in statements})


def test_entities_are_joined_back_to_their_reports() -> None:
    result = extract_entities(REPORTS, RuleExtractor(), skipped=[SkippedReport("4", "the report is empty")])
    texts = {report.report_id: report.text for report in REPORTS}
    for report in result.reports:
        for entity in report.entities:
            assert texts[report.report_id][entity.start : entity.end] == entity.text
    assert [[entity.text for entity in report.entities] for report in result.reports] == [
        ["Sinus rhythm", "normal ecg"],
        ["sinus bradycardia", "normal ecg"],
        [],
    ]


def test_the_summary_counts_what_table_14_counts() -> None:
    reports = [Report("1", "sinus rhythm. possible lvh."), Report("2", "SINUS RHYTHM. lvh. no lvh"), *REPORTS[2:]]
    summary = extract_entities(reports, RuleExtractor(), skipped=[SkippedReport("4", "empty")]).summary
    assert (summary.reports, summary.raw_entities, summary.unique_entities) == (3, 5, 3)
    assert summary.unique_certain_entities == 2
    assert summary.certainty == {"normal": 2, "abnormal": 1, "uncertain": 1, "negated": 1}
    assert (summary.statements, summary.unique_statements, summary.saved_calls) == (5, 5, 0)
    assert summary.language_not_understood == ["3"]
    assert summary.languages == {"English": 5}
    assert summary.skipped == {"empty": ["4"]}


def test_each_statement_is_read_once() -> None:
    class Counting:
        name = "counting"

        def read(self, statements: Sequence[str], progress: Progress) -> list[StatementEntities]:
            assert sorted(statements) == ["normal ecg", "pac"]
            return [StatementEntities()] * len(statements)

    summary = extract_entities([Report(str(n), "pac. normal ecg.") for n in range(50)], Counting()).summary
    assert (summary.statements, summary.unique_statements, summary.saved_calls) == (100, 2, 98)


def test_a_language_that_is_not_understood_is_declared() -> None:
    line = json.loads(line_of(extract_entities(REPORTS, RuleExtractor()).reports[2]))
    assert line == {"report_id": "3", "entities": [], "language": Language.NOT_UNDERSTOOD}


def test_the_order_of_reports_changes_nothing() -> None:
    shuffled = random.Random(1).sample(REPORTS, len(REPORTS))
    first, second = extract_entities(REPORTS, RuleExtractor()), extract_entities(shuffled, RuleExtractor())
    assert set(first.reports) == set(second.reports)
    assert first.summary == second.summary


def test_no_report_gives_an_empty_result() -> None:
    assert extract_entities([], RuleExtractor()).summary.raw_entities == 0


@pytest.mark.parametrize(
    "text",
    [
        "sinusrhythmus, linkstyp, davor krumm ein buckel",
        "Sinus rhythm, left axis deviation, st depression, lvh, pvc. Rien de particulier.",
    ],
)
def test_a_report_with_many_unknown_words_is_partly_understood(text: str) -> None:
    extraction = extract_entities([Report("1", text), REPORTS[0]], RuleExtractor())
    first, second = extraction.reports
    assert first.entities
    assert json.loads(line_of(first))["language"] == Language.PARTLY
    assert second.language is Language.UNDERSTOOD
    assert extraction.summary.language_partly_understood == ["1"]


def test_the_shipped_examples_are_understood() -> None:
    table = read_reports(Path(__file__).parents[2] / "assets" / "reports" / "examples.csv")
    result = extract_entities(table.reports, RuleExtractor())
    assert len(table.reports) == 40
    assert not table.skipped
    assert all(report.entities for report in result.reports)


def test_a_second_run_asks_nothing(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    llm = canned("Sinus rhythm", "normal ecg")
    first = extract_entities(REPORTS[:1], LlmExtractor(llm, load_prompt(), cache))
    second = extract_entities(REPORTS[:1], LlmExtractor(llm, load_prompt(), cache))
    assert first == second
    assert [entity.text for entity in first.reports[0].entities] == ["Sinus rhythm", "normal ecg"]
    assert len(llm.asked) == 2
    cache.close()


def test_a_run_that_broke_down_goes_on_where_it_was(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    with pytest.raises(LlmUnavailable):
        extract_entities(REPORTS[:2], LlmExtractor(canned("Sinus rhythm"), load_prompt(), cache, concurrency=1))
    llm = canned("normal ecg", "sinus bradycardia")
    result = extract_entities(REPORTS[:2], LlmExtractor(llm, load_prompt(), cache))
    assert len(llm.asked) == 2
    assert result.summary.raw_entities == 4
    cache.close()


def test_a_run_that_was_stopped_keeps_its_answers(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    prompt = load_prompt()

    def stop(fraction: float, _message: str) -> None:
        if fraction > 0:
            raise Cancelled("stopped")

    llm = canned("Sinus rhythm", "normal ecg", "sinus bradycardia")
    with pytest.raises(Cancelled):
        extract_entities(REPORTS[:2], LlmExtractor(llm, prompt, cache, concurrency=1), progress=stop)
    assert len(cache.answers(prompt.content_hash, llm.model)) == 1
    cache.close()


def test_garbage_is_repaired_once_or_counted(tmp_path: Path) -> None:
    good = NORMAL % ("normal ecg", "normal ecg")
    answers = {
        "Sinus rhythm": ["It is normal.", NORMAL % ("sinus rhythm", "sinus rhythm")],
        "normal ecg": ['{"global": ["nor', "I am sorry"],
        "sinus bradycardia": [good],
    }
    with fake_server(lambda request: (200, answers[statement_of(request)].pop(0))) as server:
        cache = AnswerCache(tmp_path / "answers.sqlite")
        llm = OpenAiLlm(server.url, "tiny", retries=0)
        result = extract_entities(REPORTS[:2], LlmExtractor(llm, load_prompt(), cache))
        repairs = [request["messages"][-1]["content"] for request in server.requests if "last answer" in str(request)]
    assert [[entity.text for entity in report.entities] for report in result.reports] == [["Sinus rhythm"], []]
    assert result.summary.failed_statements == 1
    assert result.summary.ungrounded == 1
    assert len(repairs) == 2
    assert json.dumps(result.summary.as_dict())
    assert len(cache.answers(load_prompt().content_hash, "tiny")) == 2
    cache.close()
