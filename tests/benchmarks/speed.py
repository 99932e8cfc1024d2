"""How much faster than the straightforward way? Measured in one run, in turns, as ratios.

`python -m tests.benchmarks.speed [--data …] [--record FOLDER]`, or `make bench`. The
straightforward way is that of the published assignment (straightforward.py); ours is what
wastelib does. Both get the same files, networks, batch size and epochs.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tests.benchmarks import machine, parts, protocol
from tests.benchmarks.photographs import photographs
from tests.benchmarks.table import markdown
from wastelib.data.dataset import Dataset, prepare
from wastelib.data.groups import GroupRule
from wastelib.training.environment import environment

FEWEST = 48  # can be split with nine classes, and bears a backbone at 524 px


def main() -> None:
    """Measure, print the table, and write it where `--record` says."""
    options = _options()
    sys.stdout.reconfigure(line_buffering=True)
    with bench_of(options, options.images) as many:
        jpegs = sorted(many.photos.folder.glob("*/*"))[:64]
        limits = machine.limits(jpegs, options.rounds)
        measured = [
            *parts.cnn_epoch(many),
            *parts.feature_pass(many),
            *protocol.second_head(many),
            *parts.frozen_backbone(many),
            *protocol.four_rates(many),
        ]
    with bench_of(options, FEWEST) as fewest:
        fewest.image_seconds |= many.image_seconds
        measured += protocol.whole_protocol(fewest)
    results = {
        "photographs": [bench.photos.note for bench in (many, fewest)],
        "rounds": options.rounds,
        "limits": {
            name: {**asdict(spread), "unit": unit} for name, (spread, unit) in limits.items()
        },
        "measured": [asdict(row) | {"met": row.met} for row in measured],
        "environment": environment(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    text = markdown(results)
    print(text)
    if options.record:
        options.record.mkdir(parents=True, exist_ok=True)
        (options.record / "speed.json").write_text(json.dumps(results, indent=2) + "\n", "utf-8")
        (options.record / "speed.md").write_text(text, "utf-8")


@contextmanager
def bench_of(options: argparse.Namespace, images: int) -> Iterator[parts.Bench]:
    """So many photographs, and a dataset made of them."""
    with photographs(options.data, images) as photos, TemporaryDirectory() as build:
        print(photos.note)
        dataset = prepared(photos.folder, build)
        yield parts.Bench(photos, dataset, options.weights, options.rounds)


def prepared(folder: Path, build: str) -> Dataset:
    """The dataset of a folder, with both splits, in the temporary folder `build`."""
    return prepare(
        str(folder),
        build,
        seed=42,
        dataset_name="benchmark",
        demo_images=90,
        unreadable_limit=0.0,
        rule=GroupRule(similarity=0.85),
        train_share=0.6,
        validation_share=0.2,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="demo", help="demo, realwaste, a zip or a folder")
    parser.add_argument("--weights", default="", help="a folder of weight files; else random")
    parser.add_argument("--images", type=int, default=960, help="how many photographs to use")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each way")
    parser.add_argument("--record", type=Path, help="folder for speed.json and speed.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
