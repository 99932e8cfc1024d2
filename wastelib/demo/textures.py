"""Fields that surfaces are made of: noise, creases, weave, print.

A field is a (SIZE, SIZE) float32 array in item space; `X` and `Y` are its coordinates,
-1..1, y downwards. Heights are in pixels. Colours are RGB, 0..1. Every function draws
from the generator it is given and from nothing else, so an item is a function of its seed.
"""

import colorsys
import math

import cv2
import numpy as np

SIZE = 160
Y, X = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j].astype(np.float32)
Rng = np.random.Generator


def noise(rng: Rng, cell: float, octaves: int = 3, size: int = SIZE) -> np.ndarray:
    """Fractal value noise, mean about 0, standard deviation about 0.6.

    `cell` is the size in pixels of the coarsest lumps; each octave halves size and strength.
    """
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        cells = max(2, round(size * 2**octave / cell) + 1)
        grid = rng.standard_normal((cells, cells), dtype=np.float32)
        total += cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC) * 0.5**octave
    return total * 0.8


def warp(field: np.ndarray, dx: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """`field` read at positions moved by (dx, dy) pixels, reflected at the border."""
    rows, columns = field.shape[:2]
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    return cv2.remap(field, x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def along(angle: float) -> np.ndarray:
    """The coordinate, -1.4..1.4, in the direction `angle` (radians)."""
    return X * np.float32(np.cos(angle)) + Y * np.float32(np.sin(angle))


def creases(rng: Rng, count: int, depth: float, bend: float = 6.0) -> np.ndarray:
    """Height of a sheet folded `count` times along bent lines and smoothed out again."""
    height = np.zeros((SIZE, SIZE), np.float32)
    for _ in range(count):
        line = along(rng.uniform(0, np.pi)) - rng.uniform(-0.7, 0.7)
        height += np.abs(line) * rng.normal(0, 1)
    height *= depth * SIZE / 2 / math.sqrt(count)
    return warp(height, noise(rng, 40, 2) * bend, noise(rng, 40, 2) * bend)


def facets(rng: Rng, count: int, depth: float, size: int = SIZE) -> np.ndarray:
    """Height of a crumpled sheet: cones around `count` random points, meeting in ridges."""
    seeds = np.full((size, size), 255, np.uint8)
    seeds[rng.integers(0, size, count), rng.integers(0, size, count)] = 0
    distance = cv2.distanceTransform(seeds, cv2.DIST_L2, 5)
    bend = size / math.sqrt(count) * 0.2
    distance = warp(distance, noise(rng, 24, 2, size) * bend, noise(rng, 24, 2, size) * bend)
    return distance * np.float32(depth)


def crumple(rng: Rng, depth: float) -> np.ndarray:
    """Height of crumpled paper or foil: large folds, ridges, small ridges."""
    large = creases(rng, 7, 0.25)
    return (large + facets(rng, 14, 0.8) + facets(rng, 60, 0.6)) * np.float32(depth)


def weave(rng: Rng, threads: float, angle: float = 0.0) -> np.ndarray:
    """Plain weave, 0..1: warp and weft crossing `threads` times over the field."""
    bend = noise(rng, 50, 2) * 0.012
    u, v = (along(angle) + bend) * threads * np.pi / 2, along(angle + np.pi / 2) * threads
    v = v * np.pi / 2
    over = np.sin(u) * np.sin(v) > 0
    return np.where(over, np.abs(np.sin(u)), np.abs(np.sin(v))).astype(np.float32)


def colour(rng: Rng, hue: tuple, saturation: tuple, value: tuple) -> np.ndarray:
    """One RGB colour with hue (0..1, may wrap), saturation and value from these ranges."""
    h, s, v = rng.uniform(*hue), rng.uniform(*saturation), rng.uniform(*value)
    return np.array(colorsys.hsv_to_rgb(h % 1, s, v), np.float32)


def filled(rgb: np.ndarray) -> np.ndarray:
    """A (SIZE, SIZE, 3) array of one colour."""
    return np.broadcast_to(np.asarray(rgb, np.float32), (SIZE, SIZE, 3)).copy()


def blend(base: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    """`base` with `other` laid over it where `share` (SIZE, SIZE; 0..1) says so."""
    return base + (other - base) * np.clip(share, 0, 1).astype(np.float32)[..., None]


def mottled(rng: Rng, rgb: np.ndarray, strength: float, cell: float = 30) -> np.ndarray:
    """One colour made uneven in brightness, and a little in hue."""
    light = 1 + strength * noise(rng, cell, 4)[..., None]
    drift = 1 + strength * 0.4 * noise(rng, cell * 1.5, 2)[..., None] * rng.normal(0, 1, 3)
    return np.clip(filled(rgb) * light * drift, 0, 1).astype(np.float32)


def stains(rng: Rng, amount: float, cell: float = 30) -> np.ndarray:
    """Where dirt sits, 0..1: soft patches that cover about `amount` of the field."""
    field = noise(rng, cell, 4)
    edge = np.quantile(field, 1 - amount)
    return np.clip((field - edge) * 2.5, 0, 1)


def printed_lines(rng: Rng, pitch: int, rows: tuple = (6, 154), ink: float = 0.75) -> np.ndarray:
    """Where lines of text put ink, 0..1: words as dashes, ragged right, `pitch` px apart."""
    page = np.zeros((SIZE, SIZE), np.float32)
    for top in range(rows[0], rows[1], pitch):
        column, end = 8, SIZE - 8 - int(rng.integers(0, 50))
        while column < end:
            length = int(rng.integers(3, 14))
            page[top : top + max(1, pitch // 2), column : column + length] = rng.uniform(0.4, 1)
            column += length + 3
    return cv2.GaussianBlur(page, (0, 0), 0.6) * np.float32(ink)


def pictures(rng: Rng, base: np.ndarray, count: int) -> np.ndarray:
    """`base` with `count` coloured boxes, discs and letters printed on it."""
    page = (np.clip(base, 0, 1) * 255).astype(np.uint8)  # OpenCV draws text on bytes only
    for _ in range(count):
        ink = (colour(rng, (0, 1), (0.3, 1), (0.2, 1)) * 255).tolist()
        x, y = (int(v) for v in rng.integers(5, SIZE - 40, 2))
        w, h = (int(v) for v in rng.integers(12, 70, 2))
        kind = rng.integers(3)
        if kind == 0:
            cv2.rectangle(page, (x, y), (x + w, y + h), ink, -1)
        elif kind == 1:
            cv2.ellipse(page, (x + w // 2, y + h // 2), (w // 2, h // 2), 0, 0, 360, ink, -1)
        else:
            letters = "".join(chr(65 + int(c)) for c in rng.integers(0, 26, 4))
            scale = float(rng.uniform(0.5, 1.3))
            cv2.putText(page, letters, (x, y + h // 2), cv2.FONT_HERSHEY_DUPLEX, scale, ink, 2)
    return page.astype(np.float32) / 255
