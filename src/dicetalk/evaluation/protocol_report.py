"""What a run of the protocol found, as a page, as JSON and in a picture."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dicetalk.emotion.vocabulary import NAMES
from dicetalk.evaluation.clip_set import Options
from dicetalk.evaluation.protocol import Plan
from dicetalk.evaluation.report import Report
from dicetalk.evaluation.standing import Row, columns_of, draw, note, rows_of, table
from dicetalk.evaluation.trials import Making
from dicetalk.files import whole

PAGE, JSON, PICTURE = "protocol.md", "protocol.json", "protocol.png"


@dataclass(frozen=True, eq=False)
class Run:
    """All of a run.

    Attributes:
        plan: the trials.
        making: how their videos were made.
        options: of the backbone, as they were asked for.
        seen: what is known of what the backbone has seen.
        report: what was measured.
        others: rows of earlier runs.
    """

    plan: Plan
    making: Making
    options: Mapping[str, Any]
    seen: str
    report: Report
    others: Sequence[Row] = ()

    @property
    def system(self) -> str:
        """How its own row is called."""
        told = ", ".join(f"{name} {value}" for name, value in self.options.items())
        return f"{Path(self.making.backbone).name}{f' ({told})' if told else ''}"

    def rows(self) -> list[Row]:
        """Real, ours, earlier ones, the literature."""
        return rows_of(self.report.comparison, self.system, self.others)

    def conditions(self) -> list[str]:
        """Under which the figures hold, a line each."""
        trials = self.plan.trials
        people = sorted({trial.clip.identity for trial in trials})
        emotions = Counter(trial.clip.emotion for trial in trials)
        counts = ", ".join(f"{emotions[name]} {name}" for name in NAMES if emotions[name])
        return [
            f"made by {self.system}, seed {self.making.seed}; {self.seen}",
            f"{len(trials)} clips of {', '.join(people)}: {counts}",
            "portrait: the first frame of a neutral clip of the same person that says something else; emotion and "
            "strength as the clip's label says",
            f"crop: the square about the face in the first frame, {self.making.size} px; 25 frames a second, H.264 and "
            "AAC, real clips written alike",
            f"judges: {', '.join(self.report.options.judge_names)} (own: the shipped embedder, by the face alone)",
            f"networks: {_networks(self.report.options)}",
            *(f"lacking: {line}" for line in self.plan.lacking),
        ]


def _networks(options: Options) -> str:
    given = {name: path for name, path in vars(options.networks).items() if path is not None}
    return ", ".join(f"{name} {path.name}" for name, path in given.items()) or "none given"


def to_json(run: Run) -> dict[str, Any]:
    """The run as plain values."""
    return {
        "system": run.system,
        "making": run.making.to_json(),
        "options": dict(run.options),
        "conditions": run.conditions(),
        "rows": [row.to_json() for row in run.rows()],
        "trials": [trial.to_json() for trial in run.plan.trials],
        "left_out": [{"file": str(drop.file), "reason": drop.reason} for drop in run.report.left_out],
        "not_measured": list(run.report.lacking),
    }


def page(run: Run) -> str:
    """The whole page."""
    rows, columns = run.rows(), columns_of(run.report.comparison)
    lines = ["| clip | told | portrait |", "|---|---|---|"]
    lines += [f"| {t.name} | {t.emotion} | {t.portrait.name} |" for t in run.plan.trials]
    parts = [
        "# MEAD, by the protocol of papers",
        "\n".join(f"- {line}" for line in run.conditions()),
        table(rows, columns),
        note(),
        f"![real, ours, the literature]({PICTURE})",
        "Every figure with its controls: [evaluation.md](evaluation.md).",
        *(["## Not measured", "\n".join(f"- {line}" for line in run.report.lacking)] if run.report.lacking else []),
        *(["## Left out", "\n".join(f"- {d.file.name}: {d.reason}" for d in run.report.left_out)]
          if run.report.left_out else []),
        "## Trials",
        "\n".join(lines),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def write_run(run: Run, folder: Path) -> None:
    """Write page, JSON and picture, each whole or not at all.

    Raises:
        MediaError: one of them cannot be written.
    """
    draw(folder / PICTURE, run.rows(), columns_of(run.report.comparison))
    with whole(folder / JSON) as hidden:
        hidden.write_text(json.dumps(to_json(run), indent=1) + "\n", encoding="utf-8")
    with whole(folder / PAGE) as hidden:
        hidden.write_text(page(run), encoding="utf-8", errors="replace")
