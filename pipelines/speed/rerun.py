"""The training page of a busy installation: how long a rerun takes, as after a click or while a run is followed.

    env SUPREM_HOME=DIR python -m pipelines.speed.rerun      prints the seconds of each rerun as JSON

A process of its own measures, because a page reads its settings from the environment.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from statistics import median

from streamlit.testing.v1 import AppTest

from pipelines.running import python_output
from pipelines.speed.figure import Figure, seconds
from suprem.jobs.job import JobSpec, State
from suprem.jobs.store import JobStore
from suprem.resources import MAIN_SCRIPT, PAGES

JOBS = 200
ROWS = 100_000
RERUNS = 9
JOBS_VIEW = "Jobs"


def page_figures(jobs: int = JOBS, rows: int = ROWS) -> list[Figure]:
    """Fill an installation with finished jobs and one long run, and time reruns of its training page."""
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        fill_installation(home, jobs, rows)
        times = json.loads(python_output(home, "-m", "pipelines.speed.rerun"))
    load = f"{jobs} finished jobs, a run of {rows:,} metric rows"
    first, *later = times.pop(JOBS_VIEW)
    return [
        Figure("training page, first run of the script", 1e3 * first, "ms", f"{load}; the metrics are read"),
        Figure("training page, rerun", 1e3 * median(later), "ms", f"{load}; on the server", "< 300"),
        *(
            Figure(f"the same, {view}", 1e3 * median(later), "ms", "on the server", "< 300")
            for view, later in times.items()
        ),
    ]


def fill_installation(home: Path, jobs: int, rows: int) -> None:
    """Write a table of finished jobs whose newest belongs to a run with so many rows of metrics."""
    folder = home / "runs" / "long"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("[training]\nepochs = 22\n")
    facts = {"vocabulary": "abc", "data": {"corpus": "synthetic"}, "commit": "abc"}
    (folder / "environment.json").write_text(json.dumps(facts))
    with (folder / "metrics.jsonl").open("w") as file:
        for row in range(rows):
            validation = row % 100 == 99
            metrics = {"macro_auroc": 0.9} if validation else {"learning_rate": 1e-3, "records_per_second": 44.0}
            line = {"t": 1.7e9 + row, "step": 10 * row, "epoch": row // 100, "loss": 1 / (1 + row)}
            split = "validation" if validation else "train"
            file.write(json.dumps({**line, "split": split, **metrics}) + "\n")
    store = JobStore(f"sqlite:///{home / 'suprem.sqlite'}", home / "jobs")
    for number in range(jobs):
        job = store.submit(JobSpec("pretrain", {"run_dir": str(folder)}, f"run {number}"))
        store.claim(limit=1)
        store.move(job.id, State.RUNNING)
        job.log.write_text("pretrain 100.0 %  epoch 22/22\n" * 50)
        store.move(job.id, State.DONE)
    store.close()


def rerun_seconds(reruns: int = RERUNS) -> dict[str, list[float]]:
    """Return, by view, the seconds of reruns as the server carries them out; the very first run of the script leads."""
    app = AppTest.from_file(str(MAIN_SCRIPT), default_timeout=120)
    app.switch_page(str(PAGES / "4_Training.py")).run()
    agree = app.button(key="acknowledge")
    times = {JOBS_VIEW: [seconds(lambda: agree.click().run()), *(seconds(app.run) for _ in range(reruns))]}
    for view in ("New run", "Compare runs"):
        app.segmented_control(key="training-view").set_value(view).run()
        times[view] = [seconds(app.run) for _ in range(reruns)]
    if app.exception:
        raise RuntimeError(app.exception[0].message)
    return times


if __name__ == "__main__":
    print(json.dumps(rerun_seconds()))
