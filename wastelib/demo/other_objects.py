"""Things that are none of the nine classes: what the small backbone learns to tell apart."""

import cv2
import numpy as np

from wastelib.demo.items_organic import Heap
from wastelib.demo.scene import Item
from wastelib.demo.shapes import blob, curve, inflated, polygon, ring, stroke
from wastelib.demo.textures import (
    SIZE,
    Rng,
    X,
    Y,
    along,
    blend,
    colour,
    facets,
    filled,
    mottled,
    noise,
)


def scattered(rng: Rng, mask: np.ndarray, far: float) -> np.ndarray:
    """`mask` turned at random and moved by up to `far` pixels each way."""
    matrix = cv2.getRotationMatrix2D((SIZE / 2, SIZE / 2), rng.uniform(0, 360), 1)
    matrix[:, 2] += rng.uniform(-far, far, 2)
    return cv2.warpAffine(mask, matrix, (SIZE, SIZE))


def coins(rng: Rng) -> Item:
    """Coins of copper, brass and nickel, overlapping."""
    heap, relief = Heap(), noise(rng, 6, 2)
    for _ in range(rng.integers(3, 9)):
        x, y, r = rng.uniform(-0.6, 0.6), rng.uniform(-0.6, 0.6), rng.uniform(0.18, 0.32)
        metal = colour(
            rng,
            *[
                ((0.04, 0.07), (0.4, 0.65), (0.5, 0.8)),
                ((0.11, 0.14), (0.3, 0.55), (0.6, 0.85)),
                ((0.1, 0.6), (0, 0.06), (0.6, 0.85)),
            ][rng.integers(3)],
        )
        disc = ring(-1, r, (x, y))
        heap.add(disc, metal, ring(r * 0.85, r, (x, y)) * 3 + relief * ring(-1, r * 0.6, (x, y)))
    return Item(heap.albedo, heap.alpha, heap.height, metal=0.75, gloss=0.5, lift=3)


def buttons(rng: Rng) -> Item:
    """Coloured buttons with a rim and four holes."""
    heap = Heap()
    for _ in range(rng.integers(3, 10)):
        x, y, r = rng.uniform(-0.6, 0.6), rng.uniform(-0.6, 0.6), rng.uniform(0.14, 0.3)
        tone = colour(rng, (0, 1), (0, 0.9), (0.15, 0.95))
        heap.add(ring(-1, r, (x, y)), tone, ring(r * 0.75, r, (x, y)) * 4)
        for dx, dy in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
            heap.add(ring(-1, r * 0.13, (x + dx * r * 0.25, y + dy * r * 0.25)), tone * 0.15, 0 * X)
    return Item(heap.albedo, heap.alpha, heap.height, gloss=0.5, lift=4)


def mesh(rng: Rng) -> Item:
    """Wire netting: thin wires, the ground seen between."""
    n, angle, width = rng.uniform(9, 22), rng.uniform(0, 3), rng.uniform(0.18, 0.35)
    wires = [
        np.abs((along(angle + turn) * n) % 1 - 0.5) < width / 2
        for turn in (0, rng.uniform(0.8, 1.6))
    ]
    mask = cv2.GaussianBlur(np.maximum(*wires).astype(np.float32), (0, 0), 0.7) * blob(
        rng, 0.85, 0.2
    )
    tone = colour(rng, (0, 1), (0, 0.3), (0.3, 0.9))
    return Item(
        filled(tone), mask, cv2.GaussianBlur(mask, (0, 0), 1) * 4, metal=0.6, gloss=0.4, lift=5
    )


def rope(rng: Rng) -> Item:
    """Coils of twisted rope."""
    heap, tone = (
        Heap(),
        colour(rng, (0, 1) if rng.random() < 0.4 else (0.08, 0.13), (0.15, 0.7), (0.4, 0.9)),
    )
    twist = np.abs(np.sin((X + Y) * rng.uniform(25, 40)))
    width = rng.uniform(0.05, 0.11)
    for _ in range(rng.integers(2, 5)):
        line = curve(
            rng, rng.uniform(-0.5, 0.5, 2), rng.uniform(0, 6.3), rng.uniform(1.2, 2.2), 2.5
        )
        mask = stroke(line, width, width)
        heap.add(
            mask,
            filled(tone) * (0.45 + 0.55 * twist)[..., None],
            inflated(mask, width * 70) + twist * 2,
        )
    return Item(heap.albedo, heap.alpha, heap.height, gloss=0.02, lift=5)


def chain(rng: Rng) -> Item:
    """Links of a chain along a bent line."""
    heap, tone = Heap(), colour(rng, (0, 1), (0, 0.35), (0.4, 0.9))
    line = curve(rng, (-0.75, rng.uniform(-0.4, 0.4)), rng.uniform(-0.4, 0.4), 1.7, 0.7)
    thick = rng.uniform(0.3, 0.55)
    for start in range(0, 22, 3):
        x, y = line[min(start + 1, 23)]
        r = rng.uniform(0.13, 0.15)
        link = ring(r * (1 - thick), r, (x, y))
        heap.add(link, tone, inflated(link, 5))
    return Item(heap.albedo, heap.alpha, heap.height, metal=0.8, gloss=0.6, lift=5)


def nuts(rng: Rng) -> Item:
    """Hexagonal nuts and bolts."""
    heap = Heap()
    for _ in range(rng.integers(3, 9)):
        r, turn = rng.uniform(0.15, 0.28), rng.uniform(0, 1)
        x, y = rng.uniform(-0.6, 0.6, 2)
        angle = np.arange(6) * np.pi / 3 + turn
        body = polygon(np.stack([x + r * np.cos(angle), y + r * np.sin(angle)], 1))
        hole = ring(-1, r * 0.5, (x, y)) * (rng.random() < 0.7)
        tone = colour(rng, (0.05, 0.6), (0, 0.2), (0.5, 0.9))
        heap.add(body, tone, inflated(body, 6))
        heap.add(hole, tone * 0.12, 0 * X)
    return Item(heap.albedo, heap.alpha, heap.height, metal=0.8, gloss=0.5, lift=6)


def beads(rng: Rng) -> Item:
    """Small glossy spheres in many colours."""
    heap, r = Heap(), rng.uniform(0.06, 0.13)
    hues = (0, 1) if rng.random() < 0.6 else (0.5, 0.65)
    for _ in range(rng.integers(25, 70)):
        x, y = rng.normal(0, 0.38, 2)
        bead = ring(-1, r, (x, y))
        dome = np.sqrt(np.clip(1 - ((X - x) ** 2 + (Y - y) ** 2) / r**2, 0, 1)) * r * 75
        heap.add(bead, colour(rng, hues, (0.3, 0.95), (0.3, 0.95)), dome)
    return Item(heap.albedo, heap.alpha, heap.height, gloss=0.9, lift=5)


def pebbles(rng: Rng) -> Item:
    """Smooth river stones, each of its own grey."""
    heap, skin = Heap(), noise(rng, 8, 3)
    for _ in range(rng.integers(5, 14)):
        mask = scattered(rng, blob(rng, rng.uniform(0.15, 0.32), 0.12, rng.uniform(0.6, 1)), 55)
        stone = filled(colour(rng, (0, 1), (0, 0.2), (0.25, 0.85))) * (1 + 0.12 * skin)[..., None]
        heap.add(mask, stone, inflated(mask, 14))
    return Item(heap.albedo, heap.alpha, heap.height, gloss=0.15, lift=8)


def crystals(rng: Rng) -> Item:
    """A cluster of transparent gems with flat faces."""
    mask = blob(rng, rng.uniform(0.55, 0.8), 0.3)
    height = facets(rng, int(rng.integers(10, 30)), 1.6)
    tone = colour(rng, (0, 1), (0.3, 0.9), (0.6, 1))
    return Item(
        filled(tone), mask, height, clear=rng.uniform(0.3, 0.7), metal=0.25, gloss=1.0, lift=9
    )


def shells(rng: Rng) -> Item:
    """Scallops: fans with ribs and growth rings."""
    heap = Heap()
    for _ in range(rng.integers(1, 5)):
        x, y = rng.uniform(-0.4, 0.4, 2)
        r = rng.uniform(0.35, 0.6)
        angle, far = np.arctan2(Y - y, X - x), np.hypot(X - x, Y - y)
        heading = rng.uniform(-2, 2)
        inside = np.cos(angle - heading) > 0.35
        edge = r * (1 + 0.04 * np.cos(angle * 22))
        mask = cv2.GaussianBlur(((far < edge) & inside).astype(np.float32), (0, 0), 0.7)
        ribs, rings = np.cos(angle * 22), np.sin(far * rng.uniform(20, 50))
        tone = (
            filled(colour(rng, (-0.05, 0.15), (0.05, 0.5), (0.65, 0.95)))
            * (0.85 + 0.15 * rings)[..., None]
        )
        heap.add(mask, tone, ribs * 2 + inflated(mask, 12))
    return Item(heap.albedo, heap.alpha, heap.height, gloss=0.3, lift=6)


def feathers(rng: Rng) -> Item:
    """Quills with barbs."""
    heap = Heap()
    for _ in range(rng.integers(1, 5)):
        tone = colour(rng, (0, 1), (0, 0.6), (0.15, 0.95))
        t = np.linspace(0, 1, 30)
        half = rng.uniform(0.12, 0.24) * np.sin(np.pi * t**0.6) * (1 + 0.12 * rng.normal(size=30))
        line = np.stack([t * 1.5 - 0.75, np.sin(t * 2) * rng.normal(0, 0.2)], 1)
        vane = polygon(
            np.concatenate(
                [line + np.stack([0 * t, half], 1), (line - np.stack([0 * t, half], 1))[::-1]]
            )
        )
        barbs = np.sin((X - np.abs(Y) * 0.9) * 70)
        matrix = cv2.getRotationMatrix2D((SIZE / 2, SIZE / 2), rng.uniform(0, 360), 1)
        mask, barbs, rachis = (
            cv2.warpAffine(p.astype(np.float32), matrix, (SIZE, SIZE))
            for p in (vane, barbs, stroke(line, 0.015, 0.006))
        )
        heap.add(mask, filled(tone) * (0.85 + 0.2 * barbs)[..., None], barbs * 0.8)
        heap.add(rachis, tone * 0.5 + 0.4, rachis * 3)
    return Item(np.clip(heap.albedo, 0, 1), heap.alpha * 0.95, heap.height, gloss=0.1, lift=4)


def pencils(rng: Rng) -> Item:
    """Coloured pencils with sharpened tips."""
    heap = Heap()
    for _ in range(rng.integers(2, 7)):
        tone, half, move = (
            colour(rng, (0, 1), (0.4, 0.95), (0.3, 0.95)),
            rng.uniform(0.05, 0.08),
            rng.uniform(-0.5, 0.5),
        )
        shaft = polygon(
            np.array(
                [[-0.75, move - half], [0.5, move - half], [0.5, move + half], [-0.75, move + half]]
            )
        )
        tip = polygon(np.array([[0.5, move - half], [0.8, move], [0.5, move + half]]))
        lead = polygon(np.array([[0.7, move - half / 3], [0.8, move], [0.7, move + half / 3]]))
        matrix = cv2.getRotationMatrix2D((SIZE / 2, SIZE / 2), rng.normal(0, 25), 1)
        shaft, tip, lead = (cv2.warpAffine(p, matrix, (SIZE, SIZE)) for p in (shaft, tip, lead))
        heap.add(shaft, tone, inflated(shaft, 5))
        heap.add(tip, np.float32([0.85, 0.68, 0.45]), inflated(tip, 5))
        heap.add(lead, tone * 0.8, 3 * lead)
    return Item(heap.albedo, heap.alpha, heap.height, gloss=0.35, lift=5)


def tyre(rng: Rng) -> Item:
    """Black rubber with a tread: a ring or a piece of it."""
    r = rng.uniform(0.65, 0.88)
    inner = r * rng.uniform(0.4, 0.65)
    angle, far = np.arctan2(Y, X), np.hypot(X, Y)
    tread = np.sin(angle * rng.integers(20, 45) + far * rng.uniform(-30, 30)) > 0.1
    height = tread * 3.0 + inflated(ring(inner, r), 14)
    tone = colour(rng, (0, 1), (0, 0.1), (0.08, 0.22))
    return Item(mottled(rng, tone, 0.1), ring(inner, r), height, gloss=0.15, lift=9)


def ball(rng: Rng) -> Item:
    """A ball with coloured panels or dimples."""
    r = rng.uniform(0.55, 0.85)
    dome = np.sqrt(np.clip(1 - (X**2 + Y**2) / r**2, 0, 1)) * r * 75
    panel = np.sin(X * rng.uniform(4, 9) + dome / 20) * np.sin(Y * rng.uniform(4, 9)) > 0
    albedo = blend(
        filled(colour(rng, (0, 1), (0, 0.9), (0.3, 1))),
        filled(colour(rng, (0, 1), (0, 0.9), (0.1, 1))),
        panel,
    )
    dimples = np.maximum(np.sin(X * 35) * np.sin(Y * 35), 0) * rng.choice([0, 2.0])
    return Item(albedo, ring(-1, r), dome - dimples, gloss=rng.uniform(0.1, 0.7), lift=18)


def gear(rng: Rng) -> Item:
    """A toothed wheel with spokes and a hub."""
    r, teeth = rng.uniform(0.5, 0.75), int(rng.integers(10, 26))
    angle, far = np.arctan2(Y, X), np.hypot(X, Y)
    edge = r * (1 + rng.uniform(0.05, 0.12) * np.sign(np.sin(angle * teeth)))
    spokes = np.abs(np.sin(angle * rng.integers(3, 7) / 2)) < rng.uniform(0.25, 0.9)
    solid = (far < edge) & ((far > r * 0.75) | (far < r * 0.3) | spokes) & (far > r * 0.1)
    mask = cv2.GaussianBlur(solid.astype(np.float32), (0, 0), 0.7)
    tone = colour(rng, (0, 1), (0, 0.5), (0.4, 0.9))
    return Item(
        mottled(rng, tone, 0.05),
        mask,
        inflated(mask, 5),
        metal=rng.uniform(0, 0.9),
        gloss=0.4,
        lift=7,
    )
