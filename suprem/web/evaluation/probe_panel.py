"""Linear probes of a checkpoint beside its baselines, if they were made, and beside the published ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import streamlit as st

from suprem.evaluation.evaluation_folder import EvaluationFolder
from suprem.evaluation.probe_result import Probe, ProbeMean, over_seeds
from suprem.evaluation.published import PublishedTable, load_published
from suprem.evaluation.report import figure, probes_csv
from suprem.evaluation.results import EvaluationResult
from suprem.web.evaluation.evaluations import TASK_TITLES, show_remarks
from suprem.web.evaluation.probe_figure import probe_figure, published_figure
from suprem.web.frame import PLOT, absent, plain

BASELINES = "random measurements resnet18 vit"

Row = dict[str, str]
Lines = dict[str, list[ProbeMean]]


def show_probes(evaluation: EvaluationFolder, result: EvaluationResult) -> None:
    """Show by share of the labels what a linear map reads from the checkpoint's features, and from other things."""
    probes = [probe for probe in evaluation.probes() if probe.task == result.task]
    lines = probe_lines(over_seeds(probes))
    known = load_published().linear_probe
    published = {row.method: row.auroc[result.task] for row in known.rows if result.task in row.auroc}
    figures = [end for means in lines.values() for mean in means for end in (mean.macro, *mean.spread)]
    figures += [value for values in published.values() for value in values]
    ends = (min(figures, default=0.5) - 0.02, min(1.0, max(figures, default=1.0) + 0.02))
    dark = st.context.theme.type == "dark"
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**These features**")
        if lines:
            drawn = probe_figure(lines, known.shares, ends, dark=dark)
            st.plotly_chart(drawn, theme=None, config=PLOT, key="probe-curves", alt="Macro AUROC by share of labels")
        else:
            absent(
                f"There is no linear probe of this checkpoint on {TASK_TITLES[result.task]}.",
                f"suprem linear-probe --store STORE --task {result.task} --baselines {BASELINES}",
            )
    with right:
        st.markdown("**Published, not comparable**")
        if published:
            groups = {row.method: row.group for row in known.rows}
            drawn = published_figure(published, groups, known.shares, ends, dark=dark)
            st.plotly_chart(drawn, theme=None, config=PLOT, key="published-curves", alt="The same from the paper")
        else:
            st.caption("Nothing is published for this task.")
    if lines:
        show_remarks(cautions(lines))
        st.dataframe(probe_rows(lines), hide_index=True, height="content", key="probes")
        st.caption(plain(meaning(lines)))
        st.download_button(
            "Download linear probes (CSV)", probes_csv(probes),
            file_name=f"{evaluation.checkpoint}-{result.task}-linear-probes.csv", mime="text/csv", on_click="ignore",
        )  # fmt: skip
    if published:
        st.markdown("**Published, not comparable**")
        st.dataframe(published_rows(known, result.task), hide_index=True, height="content", key="published-probes")
        st.caption(plain(f"{load_published().source}, {known.table}. Protocol: {known.protocol}."))


def probe_lines(means: Iterable[ProbeMean]) -> Lines:
    """Return the means of each kind of features and protocol, small shares first, by what they are called."""
    by_question: dict[Probe, list[ProbeMean]] = {}
    for mean in means:
        by_question.setdefault(replace(mean.asked, share=0.0), []).append(mean)
    return {
        _name(asked, by_question): sorted(group, key=lambda mean: mean.asked.share)
        for asked, group in by_question.items()
    }


def _name(asked: Probe, others: Iterable[Probe]) -> str:
    """Return what a line is called: features and protocol, and what else tells it from another line of these."""
    alike = [one for one in others if (one.features, one.protocol) == (asked.features, asked.protocol)]
    telling = [
        str(getattr(asked, field))
        for field in ("split", "store", "recipe")
        if len({getattr(one, field) for one in alike}) > 1
    ]
    protocol = [asked.protocol] if asked.protocol not in asked.features else []
    return ", ".join([asked.features, *protocol, *telling])


def cautions(lines: Mapping[str, Sequence[ProbeMean]]) -> list[str]:
    """Return what takes from the figures: labels seen in training, and classes that could not be learned."""
    means = [mean for group in lines.values() for mean in group]
    seen = dict.fromkeys((probe.features, probe.seen) for mean in means for probe in mean.probes if probe.seen)
    sentences = [
        f"Checkpoint {features} was trained on {folds} with their labels, as its model card says, and the training "
        "records of these probes are among them. Its figures do not tell what so few labels suffice for."
        for features, folds in seen
    ]
    for share, untrained in dict.fromkeys((mean.asked.share, mean.untrained) for mean in means if mean.untrained):
        found = [
            f"{name} {figure(mean.macro_trained)}"
            for name, group in lines.items()
            for mean in group
            if (mean.asked.share, mean.untrained) == (share, untrained)
        ]
        sentences.append(
            f"{share:g} % of the labels are not enough to learn {', '.join(untrained)}: none of these records has it, "
            f"or all. Over the other classes: {', '.join(found)}."
        )
    return sentences


def probe_rows(lines: Mapping[str, Sequence[ProbeMean]]) -> list[Row]:
    """Return one row for each kind of features, a column for each share."""
    shares = sorted({mean.asked.share for group in lines.values() for mean in group})
    rows: list[Row] = []
    for name, group in lines.items():
        by_share = {mean.asked.share: _cell(mean) for mean in group}
        first = group[0].probes[0]
        rows.append(
            {"features, protocol": name}
            | {f"{share:g} % of labels": by_share.get(share, "") for share in shares}
            | {"evaluated on": f"{first.records:,} records, {first.split}", "signals": first.store}
        )
    return rows


def _cell(mean: ProbeMean) -> str:
    if len(mean.probes) == 1:
        return figure(mean.macro, mean.spread)
    return f"{figure(mean.macro)} ± {mean.sd:.3f}, {len(mean.probes)} seeds"


def meaning(lines: Mapping[str, Sequence[ProbeMean]]) -> str:
    """Return what the figures are, with the number of training records of each share."""
    records: dict[float, set[int]] = {}
    for mean in (mean for group in lines.values() for mean in group):
        records.setdefault(mean.asked.share, set()).add(mean.train_records)
    counts = [f"{share:g} %: {' or '.join(f'{n:,}' for n in sorted(records[share]))}" for share in sorted(records)]
    return (
        f"Macro AUROC. Records learned from, of folds 1-8: {'; '.join(counts)}. Intervals are 95 % over resamples of "
        "patients and say nothing of the choice of training records; ± is the standard deviation over seeds. Protocol "
        "clean: logistic regression on standardised features, its strength chosen by patients of the training records; "
        "paper and merl: gradient descent as published and as MERL's code does; supervised: all layers from nothing."
    )


def published_rows(known: PublishedTable, task: str) -> list[Row]:
    """Return one row for each published method."""
    return [
        {"method": row.method}
        | {f"{share:g} % of labels": figure(value) for share, value in zip(known.shares, row.auroc[task], strict=True)}
        | {"trained on": row.group}
        for row in known.rows
        if task in row.auroc
    ]
