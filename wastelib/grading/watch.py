"""The watch over a tree of processes: its time, memory, processes and disk, and its end."""

import os
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

LOOK_SECONDS = 0.2
MOST_FILES = 20_000

Ended = Literal["done", "failed", "time", "memory", "disk", "processes"]


@dataclass(frozen=True)
class Limits:
    """Of one process tree, but for `cpu_seconds` and `file_bytes`, which are of each process."""

    seconds: float
    cpu_seconds: int
    memory_bytes: int
    disk_bytes: int
    file_bytes: int
    output_bytes: int
    processes: int = 64
    threads: int = 2048


class Watch:
    """Looks at a tree of processes and its folder until it has ended or takes too much."""

    def __init__(
        self,
        process: subprocess.Popen,
        folders: tuple[Path, ...],
        limits: Limits,
        stopped: threading.Event,
    ):
        self._process, self._folders = process, folders
        self._limits, self._stopped = limits, stopped
        self.peak_bytes = 0

    def until_it_ends(self) -> Ended:
        """How it ended, or why it has to."""
        end = time.monotonic() + self._limits.seconds
        look_at_disk = 0.0
        while True:
            try:
                status = self._process.wait(LOOK_SECONDS)
                return "done" if status == 0 else "failed"
            except subprocess.TimeoutExpired:
                pass
            members = _tree(self._process.pid)
            held = sum(map(_held, members))
            if held > self._limits.memory_bytes:
                held = sum(map(_share, members))
            self.peak_bytes = max(self.peak_bytes, held)
            if time.monotonic() > end or self._stopped.is_set():
                return "time"
            if len(members) > self._limits.processes:
                return "processes"
            if self.peak_bytes > self._limits.memory_bytes:
                return "memory"
            if time.monotonic() > look_at_disk:
                if _too_much_in(self._folders, self._limits.disk_bytes):
                    return "disk"
                look_at_disk = time.monotonic() + 1


def _tree(root: int) -> list[psutil.Process]:
    try:
        top = psutil.Process(root)
        return [top, *top.children(recursive=True)]
    except psutil.Error:
        return []


def _held(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def _share(process: psutil.Process) -> int:
    """The same with what processes share, as after a fork, divided among them; slow to ask."""
    try:
        found = process.memory_full_info()
        return getattr(found, "pss", found.rss)
    except psutil.Error:
        return _held(process)


def _too_much_in(folders: tuple[Path, ...], most: int) -> bool:
    """Whether folders hold more bytes on the disk than that, or more files than anyone needs."""
    total = files = 0
    waiting = [*map(str, folders)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    files += 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except PermissionError:  # what is closed to us cannot be counted
            return True
        except OSError:  # gone meanwhile
            continue
        if total > most or files > MOST_FILES:
            return True
    return False


def end(process: subprocess.Popen) -> None:
    """End the whole tree. With a process namespace, its first process takes all others along."""
    for _ in range(50):
        members = _tree(process.pid)
        for member in members[::-1]:
            try:
                member.kill()
            except psutil.Error:
                continue
        if process.poll() is not None and not _alive(members):
            break
        time.sleep(0.05)
    process.wait()
    process.stdin.close()


def _alive(members: list[psutil.Process]) -> bool:
    return any(m.is_running() and m.status() != psutil.STATUS_ZOMBIE for m in members)
