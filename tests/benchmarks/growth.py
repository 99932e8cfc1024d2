"""What an image costs, in time and memory, when there are 1 000 of them and when 100 000.

`python -m tests.benchmarks.growth <folder for the result>` renders datasets of small
photographs (not measured), takes each through every stage in a process of its own (see
`growth_stages`), several times, the sizes taking turns so that a busy minute is not one
size's alone, and writes `growth.json` (every run), `growth.csv` (medians) and `growth.png`.
With --draw it only reads `growth.json` again. Takes about 25 minutes on two cores, and 4 GB
in the folder for temporary files.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from wastelib.demo.render import Burst, class_counts, planned
from wastelib.files import whole_file, write_json
from wastelib.training.environment import environment

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)
ROUNDS = 3
SIDE = 64
BAND = 0.2
# What one goes through to train on stored features; the other stages are parts of `prepare`.
WHOLE = ("prepare", "audit", "decode cache", "feature cache")


def render(folder: Path, images: int) -> None:
    """Photographs in the demo's classes and bursts, of simpler items: 100 µs each."""
    for label, count in class_counts(images).items():
        (folder / label).mkdir(parents=True)
        for burst in planned(label, count, seed=0):
            _write_burst(folder, burst)


def _write_burst(folder: Path, burst: Burst) -> None:
    """One ellipse on a ground of its own; each shot moves the camera and has its noise."""
    rng = burst.rng(0, 0)
    coarse = rng.integers(0, 256, (6, 6, 3), np.uint8)
    scene = cv2.resize(coarse, (SIDE + 32, SIDE + 32), interpolation=cv2.INTER_CUBIC)
    centre, axes = (SIDE // 2 + 16,) * 2, rng.integers(12, 24, 2).tolist()
    colour = rng.integers(0, 256, 3).tolist()
    cv2.ellipse(scene, centre, axes, float(rng.integers(180)), 0, 360, colour, -1)
    for number in range(burst.first, burst.first + burst.size):
        x, y = rng.integers(12, 21, 2)
        noise = rng.integers(0, 12, (SIDE, SIDE, 3), np.uint8)
        shot = cv2.add(scene[y : y + SIDE, x : x + SIDE], noise)
        cv2.imwrite(str(folder / burst.label / f"{burst.label}_{number}.jpg"), shot)


def measure(sizes: list[int], rounds: int) -> Iterator[dict]:
    """Every run, as `growth_stages` reports it. The second round is traced, and one more."""
    with tempfile.TemporaryDirectory(prefix="growth-") as folder:
        warm = Path(folder) / "warm"
        render(warm, 500)
        for size in sizes:
            render(Path(folder) / str(size), size)
        for turn, size in itertools.product(range(rounds + 1), sizes):
            traced = ["--traced"] if turn == 1 else []
            command = [sys.executable, "-m", "tests.benchmarks.growth_stages"]
            done = subprocess.run(
                [*command, str(Path(folder) / str(size)), str(warm), *traced],
                check=True,
                stdout=subprocess.PIPE,
                env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
                text=True,
            )
            yield json.loads(done.stdout) | {"traced": bool(traced)}


def medians(runs: list[dict]) -> pd.DataFrame:
    """One row per size and stage, and per size one of the stage "whole".

    Seconds and the process's `own_bytes` are of runs without tracing. `held_bytes_per_image` is
    of the traced one: by how much the stage's peak rises for each image beyond the few that
    warmed up, since what any number of images needs, such as one batch, is no image's share.
    """
    rows = []
    for run in runs:
        n, warm = run["images"], run["warm_images"]
        for name in (*run["stages"], "whole"):
            parts = WHOLE if name == "whole" else (name,)
            stages = [run["stages"][part] for part in parts]
            row = {"stage": name, "images": n}
            if run["traced"]:
                rises = [
                    run["stages"][part]["held_bytes_at_peak"]
                    - run["warm"][part]["held_bytes_at_peak"]
                    for part in parts
                ]
                rows.append(row | {"held_bytes_per_image": max(rises) / (n - warm)})
                continue
            seconds = sum(stage["seconds"] for stage in stages)
            processor = sum(stage["processor_seconds"] for stage in stages)
            row |= {
                "microseconds_per_image": 1e6 * seconds / n,
                "processor_microseconds_per_image": 1e6 * processor / n,
                "own_bytes_at_peak": max(stage["own_bytes_at_peak"] for stage in stages),
                "mapped_bytes": max(stage["mapped_bytes"] for stage in stages),
                "stored_bytes_per_image": sum(run["stored_bytes"].values()) / n,
            }
            rows.append(row)
    table = pd.DataFrame(rows).groupby(["stage", "images"], sort=False).median()
    times = table["processor_microseconds_per_image"]  # other programs do not lengthen them
    table.insert(2, "times_the_smallest", times / times.groupby("stage").transform("first"))
    return table.reset_index()


def in_words(table: pd.DataFrame) -> str:
    """What the whole costs at the smallest and at the largest size, for the README."""
    whole = table[table["stage"] == "whole"].set_index("images")
    few, many = whole.index.min(), whole.index.max()
    processor, clock = "processor_microseconds_per_image", "microseconds_per_image"
    own, stored = "own_bytes_at_peak", "stored_bytes_per_image"

    def change(column: str) -> str:
        return f"{whole[column][many] / whole[column][few] - 1:+.0%}"

    return (
        f"From catalogue to stored features an image takes {whole[processor][few]:,.0f} µs of "
        f"processor time when there are {few:,} images and {whole[processor][many]:,.0f} µs "
        f"({change(processor)}; by the clock {change(clock)}) when there are {many:,}. The process "
        f"itself then holds {whole[own][few] / 1e9:.2f} and {whole[own][many] / 1e9:.2f} GB. "
        f"Decoded pixels and features, {whole[stored][many] / 1e3:.1f} kB per image, are files "
        "whose pages the system takes back when it needs the memory.\n"
    )


def draw(table: pd.DataFrame, file: Path) -> None:
    """Three panels over the number of images: time and bytes per image, the process's memory."""
    from matplotlib.figure import Figure

    from wastelib.displays import style

    colours = {
        "whole": style.BLACK,
        "feature cache": style.BLUE,
        "prepare": style.VERMILLION,
        "decode cache": style.GREEN,
        "prepare again": style.PURPLE,
        "group split": style.ORANGE,
        "random split": style.SKY,
        "groups": style.GREY,
        "audit": "#8C6D31",
    }

    def line(axes, stage: str, column: str, label: str, colour: str, band: bool = True) -> None:
        rows = table[table["stage"] == stage]
        axes.plot(rows["images"], rows[column], "o-", color=colour, label=label, markersize=3.5)
        if band:
            first = rows[column].iloc[0]
            axes.axhspan((1 - BAND) * first, (1 + BAND) * first, color=colour, alpha=0.13, lw=0)

    with style.our_style():
        figure = Figure(figsize=(10.5, 4.4), layout="constrained")
        time, memory, total = figure.subplots(1, 3, width_ratios=[1.25, 1, 0.8])
        for stage, colour in colours.items():
            line(time, stage, "processor_microseconds_per_image", stage, colour)
        time.set(title="Processor time per image", ylabel="microseconds", yscale="log")
        time.legend(loc="upper center", bbox_to_anchor=(0.5, -0.24), ncols=3)
        for column, label, colour in (
            ("stored_bytes_per_image", "stored on the disk, all caches", style.GREEN),
            ("held_bytes_per_image", "held in memory for each image", style.BLUE),
        ):
            line(memory, "whole", column, label, colour)
        memory.set(title="Bytes per image", ylabel="bytes", yscale="log", ylim=(100, 100_000))
        memory.legend(loc="upper center", bbox_to_anchor=(0.5, -0.24))
        megabytes = table.assign(megabytes=table["own_bytes_at_peak"] / 1e6)
        rows = megabytes[megabytes["stage"] == "whole"]
        total.plot(rows["images"], rows["megabytes"], "o-", color=style.BLACK, markersize=3.5)
        total.set(title="Process, at its peak", ylabel="MB of own memory", ylim=(0, None))
        for axes in (time, memory):
            axes.yaxis.set_major_formatter("{x:,.0f}")
            axes.yaxis.set_minor_formatter("")
        for axes in (time, memory, total):
            axes.set(xscale="log", xlabel="images")
            axes.set_xticks(rows["images"], [f"{n:,}" for n in rows["images"]], rotation=30)
            axes.minorticks_off()
            axes.grid(axis="y")
        figure.suptitle(f"Shaded: ±{BAND:.0%} around the value at {table['images'].min():,} images")
        with whole_file(file) as temporary:
            figure.savefig(temporary, dpi=130)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="time and memory per image as datasets grow")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--draw", action="store_true", help="only draw what is recorded")
    asked = parser.parse_args()
    if not asked.draw:
        found = {"environment": environment(), "runs": []}
        for run in measure(asked.sizes, asked.rounds):
            seconds = sum(run["stages"][name]["seconds"] for name in WHOLE)
            print(f"{run['images']:,} images in {seconds:.1f} s", flush=True)
            found["runs"].append(run)
            write_json(asked.folder / "growth.json", found)  # what was measured is not lost
    table = medians(json.loads((asked.folder / "growth.json").read_text("utf-8"))["runs"])
    with whole_file(asked.folder / "growth.csv") as temporary:
        table.to_csv(temporary, index=False, float_format="%.4g")
    with whole_file(asked.folder / "growth.md") as temporary:
        temporary.write_text(in_words(table), "utf-8")
    draw(table, asked.folder / "growth.png")
    print(
        table.pivot(
            index="stage", columns="images", values="processor_microseconds_per_image"
        ).round(1)
    )
