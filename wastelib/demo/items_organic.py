"""What grew, what was eaten, and what is left over: vegetation, food, miscellaneous."""

import cv2
import numpy as np

from wastelib.demo.items_sheet import soiled
from wastelib.demo.scene import Item
from wastelib.demo.shapes import blob, curve, inflated, polygon, stroke, torn
from wastelib.demo.textures import (
    SIZE,
    Rng,
    X,
    Y,
    blend,
    colour,
    filled,
    mottled,
    noise,
    stains,
)


class Heap:
    """Pieces painted over each other, the later ones above."""

    def __init__(self):
        self.albedo = filled([0.3, 0.3, 0.3])
        self.alpha = np.zeros((SIZE, SIZE), np.float32)
        self.height = np.zeros((SIZE, SIZE), np.float32)

    def add(self, mask: np.ndarray, rgb: np.ndarray, height: np.ndarray) -> None:
        """Lay a piece of one colour, or of (SIZE, SIZE, 3) colours, on top."""
        rgb = np.broadcast_to(np.float32(rgb), self.albedo.shape)
        self.albedo = blend(self.albedo, rgb, mask)
        self.height += (height + 0.3 * self.height - self.height) * mask
        self.alpha = np.maximum(self.alpha, mask)


def leaf_colour(rng: Rng, dry: float) -> np.ndarray:
    """Green, or with probability `dry` yellow to brown."""
    if rng.random() < dry:
        return colour(rng, (0.05, 0.13), (0.35, 0.7), (0.3, 0.65))
    return colour(rng, (0.21, 0.34), (0.4, 0.8), (0.22, 0.6))


def add_leaf(rng: Rng, heap: Heap, base: np.ndarray, angle: float, length: float, rgb) -> None:
    """One pointed leaf with a midrib, growing from `base`."""
    t = np.linspace(0, 1, 16)
    half = length * rng.uniform(0.16, 0.3) * np.sin(np.pi * t**0.8)
    ahead, aside = (
        np.array([np.cos(angle), np.sin(angle)]),
        np.array([-np.sin(angle), np.cos(angle)]),
    )
    spine = (
        base + t[:, None] * length * ahead + (t**2)[:, None] * aside * rng.normal(0, 0.2) * length
    )
    mask = polygon(
        np.concatenate([spine + half[:, None] * aside, (spine - half[:, None] * aside)[::-1]])
    )
    across = (X - base[0]) * aside[0] + (Y - base[1]) * aside[1]
    rib = np.exp(-((across / 0.012) ** 2))
    tone = blend(filled(rgb), filled(np.float32(rgb) * 1.3), rib * 0.7)
    heap.add(mask, tone, np.abs(across) * -20 + rng.uniform(4, 12))


def twig(rng: Rng) -> Item:
    """One to three stems with leaves to the left and right, fresh or dry."""
    heap, dry = Heap(), rng.choice([0.03, 0.15, 0.5])
    for _ in range(rng.integers(1, 4)):
        angle = rng.uniform(0, 2 * np.pi)
        start = rng.normal(0, 0.2, 2) - 0.75 * np.array([np.cos(angle), np.sin(angle)])
        line = curve(rng, start, angle, 1.5, 0.4)
        stem = stroke(line, 0.03, 0.012)
        heap.add(stem, colour(rng, (0.06, 0.2), (0.3, 0.6), (0.25, 0.5)), inflated(stem, 4))
        side = 1
        for step in range(2, 24, int(rng.integers(2, 4))):
            heading = np.arctan2(*(line[step] - line[step - 1])[::-1]) + side * rng.uniform(
                0.5, 1.2
            )
            add_leaf(rng, heap, line[step], heading, rng.uniform(0.2, 0.42), leaf_colour(rng, dry))
            side = -side
    height = heap.height + noise(rng, 6, 2) * 0.3
    return Item(soiled(rng, heap.albedo, 0.1), heap.alpha, height, gloss=0.12)


def grass(rng: Rng) -> Item:
    """A bundle or heap of blades."""
    heap, dry, lean = Heap(), rng.choice([0.03, 0.2, 0.6]), rng.uniform(0.1, 1.2)
    for _ in range(rng.integers(25, 50)):
        start, heading = rng.normal(0, 0.25, 2) - [0.4, 0], rng.normal(0, lean)
        line = curve(rng, start, heading, rng.uniform(0.6, 1.2), 0.5)
        heap.add(stroke(line, 0.024, 0.004), leaf_colour(rng, dry), X * 0 + rng.uniform(2, 9))
    return Item(heap.albedo, heap.alpha, heap.height, gloss=0.1, lift=4)


def litter(rng: Rng) -> Item:
    """A heap of soil, moss and bits of bark."""
    mask = torn(rng, blob(rng, rng.uniform(0.6, 0.85), 0.25), 14)
    base = colour(rng, (0.12, 0.3), (0.35, 0.65), (0.2, 0.45))
    height = noise(rng, 9, 3) * 3 + inflated(mask, 25)
    heap = Heap()
    heap.add(mask, mottled(rng, base, 0.3, 10), height)
    for _ in range(rng.integers(5, 25)):
        line = curve(
            rng, rng.uniform(-0.5, 0.5, 2), rng.uniform(0, 6.3), rng.uniform(0.1, 0.4), 0.4
        )
        heap.add(stroke(line, 0.015, 0.01), leaf_colour(rng, 0.6), height + 4)
    return Item(heap.albedo, heap.alpha, heap.height, gloss=0.03, lift=6)


def branch(rng: Rng) -> Item:
    """A bare piece of wood with bark and stumps."""
    heap = Heap()
    bark = mottled(rng, colour(rng, (0.05, 0.12), (0.15, 0.45), (0.25, 0.55)), 0.2, 12)
    line = curve(rng, (-0.85, rng.uniform(-0.3, 0.3)), 0, 1.7, 0.25)
    for start in (None, 8, 15):
        part = line if start is None else curve(rng, line[start], rng.choice([-0.8, 0.8]), 0.5, 0.3)
        width = rng.uniform(0.07, 0.14) if start is None else 0.04
        mask = stroke(part, width, width * 0.7)
        heap.add(mask, bark, inflated(mask, width * 75) + noise(rng, 10, 3))
    for _ in range(rng.integers(0, 6)):
        add_leaf(
            rng, heap, line[rng.integers(4, 24)], rng.uniform(0, 6.3), 0.35, leaf_colour(rng, 0.3)
        )
    return Item(soiled(rng, heap.albedo), heap.alpha, heap.height, gloss=0.04, lift=7)


def peel(rng: Rng) -> Item:
    """Strips of banana or citrus peel, browning."""
    heap = Heap()
    skin = colour(rng, (0.06, 0.2), (0.5, 0.9), (0.5, 0.9))
    inside = blend(filled(skin), filled([0.9, 0.85, 0.7]), np.full((SIZE, SIZE), 0.75))
    for angle in np.linspace(0, 6.28, int(rng.integers(2, 6))) + rng.uniform(0, 6):
        mask = stroke(
            curve(rng, rng.normal(0, 0.08, 2), angle, rng.uniform(0.6, 0.9), 0.7),
            rng.uniform(0.12, 0.2),
            0.04,
        )
        side = inside if rng.random() < 0.35 else filled(skin)
        heap.add(mask, side * rng.uniform(0.8, 1.05), inflated(mask, 12))
    rot = stains(rng, rng.uniform(0.1, 0.6), 22)
    albedo = blend(heap.albedo, filled([0.2, 0.12, 0.06]), rot * 0.85)
    return Item(albedo, heap.alpha, heap.height + noise(rng, 8, 2) * 0.7, gloss=0.25, lift=6)


def fruit(rng: Rng) -> Item:
    """Whole or halved fruit and vegetables, bruised."""
    heap = Heap()
    for _ in range(rng.integers(1, 4)):
        mask = blob(rng, rng.uniform(0.3, 0.55), 0.12, rng.uniform(0.6, 1))
        move = rng.uniform(-35, 35, 2)
        mask = cv2.warpAffine(mask, np.float32([[1, 0, move[0]], [0, 1, move[1]]]), (SIZE, SIZE))
        skin = mottled(rng, colour(rng, (-0.05, 0.2), (0.6, 0.95), (0.45, 0.9)), 0.08)
        if rng.random() < 0.4:
            core = cv2.erode(mask, np.ones((7, 7)))
            spokes = 0.85 + 0.15 * np.cos(
                np.arctan2(Y - move[1] / 80, X - move[0] / 80) * rng.integers(6, 12)
            )
            flesh = filled(colour(rng, (0.02, 0.2), (0.2, 0.7), (0.7, 0.95))) * spokes[..., None]
            skin = blend(skin, flesh, core)
        heap.add(mask, skin, inflated(mask, 24))
    albedo = blend(
        heap.albedo, filled([0.25, 0.16, 0.08]), stains(rng, rng.uniform(0, 0.35), 25) * 0.8
    )
    return Item(albedo, heap.alpha, heap.height + noise(rng, 5, 2) * 0.2, gloss=0.4, lift=12)


def leftovers(rng: Rng) -> Item:
    """A pile of cooked food, coffee grounds or mash."""
    mask = torn(rng, blob(rng, rng.uniform(0.55, 0.85), 0.3), 10)
    base = colour(rng, (0.02, 0.15), (0.45, 0.85), (0.3, 0.8))
    lumps = noise(rng, rng.uniform(8, 22), 3)
    albedo = mottled(rng, base, 0.18, 14)
    height = lumps * 4 + inflated(mask, 20)
    heap = Heap()
    heap.add(mask, albedo, height)
    for _ in range(rng.integers(6, 30)):
        spot = blob(rng, rng.uniform(0.04, 0.13), 0.3)
        move = rng.normal(0, 26, 2)
        spot = (
            cv2.warpAffine(spot, np.float32([[1, 0, move[0]], [0, 1, move[1]]]), (SIZE, SIZE))
            * mask
        )
        heap.add(spot, colour(rng, (-0.03, 0.33), (0.3, 0.9), (0.25, 0.9)), height + 5 * spot)
    return Item(heap.albedo, heap.alpha, heap.height, gloss=rng.uniform(0.1, 0.5), lift=7)


def bread(rng: Rng) -> Item:
    """A slice or crust: spongy, brown at the rim."""
    mask = torn(rng, blob(rng, rng.uniform(0.5, 0.75), 0.2, rng.uniform(0.7, 1)), 5)
    inside = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    crust = np.exp(-inside / 7)
    pores = noise(rng, 6, 2)
    albedo = (
        mottled(rng, colour(rng, (0.08, 0.12), (0.25, 0.5), (0.65, 0.9)), 0.07)
        * (1 - 0.1 * (pores > 0.6))[..., None]
    )
    albedo = blend(albedo, filled([0.45, 0.26, 0.1]), crust)
    albedo = blend(albedo, filled([0.4, 0.48, 0.38]), stains(rng, rng.uniform(0, 0.25), 20))
    return Item(albedo, mask, inflated(mask, 8) + pores * 1.0, gloss=0.03, lift=7)


VEGETATION = (twig, twig, grass, litter, branch)
FOOD = (peel, fruit, leftovers, leftovers, bread)
