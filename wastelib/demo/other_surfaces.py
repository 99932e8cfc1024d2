"""Surfaces that are none of the nine classes: what the small backbone learns to tell apart.

Each function draws one `Item`; `piece` gives it its outline.
"""

import cv2
import numpy as np

from wastelib.demo.scene import Item
from wastelib.demo.shapes import blob, inflated, quad, ring, rounded, torn
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
    warp,
)


def piece(rng: Rng, albedo: np.ndarray, height: np.ndarray, **surface) -> Item:
    """A patch of a surface, cut out as a slab, a disc or an irregular lump."""
    kind = rng.integers(4)
    if kind == 0:
        mask = quad(rng, rng.uniform(0.5, 0.9), rng.uniform(0.5, 0.9), 0.15)
    elif kind == 1:
        mask = ring(-1, rng.uniform(0.6, 0.9))
    elif kind == 2:
        mask = torn(rng, blob(rng, rng.uniform(0.65, 0.9), 0.3, rng.uniform(0.6, 1)), 5)
    else:
        mask = rounded(rng.uniform(0.5, 0.9), rng.uniform(0.5, 0.9), 0.2)
    relief = height + inflated(mask, rng.uniform(3, 14))
    return Item(np.clip(albedo, 0, 1), mask, relief, lift=rng.uniform(3, 10), **surface)


def cells(rng: Rng, count: int) -> tuple[np.ndarray, np.ndarray]:
    """A pavement of `count` irregular stones: (number of each pixel's stone, how far it is in)."""
    seeds = np.full((SIZE, SIZE), 255, np.uint8)
    seeds[rng.integers(4, SIZE - 4, count), rng.integers(4, SIZE - 4, count)] = 0
    _, owner = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5)
    joint = cv2.morphologyEx(owner.astype(np.float32), cv2.MORPH_GRADIENT, np.ones((3, 3)))
    inside = cv2.distanceTransform((joint == 0).astype(np.uint8), cv2.DIST_L2, 5)
    return owner, inside


def brick(rng: Rng) -> Item:
    """Bricks in courses, with mortar."""
    rows = rng.uniform(5, 9)
    course = np.floor((Y + 1) * rows / 2)
    u, v = (X + 1) * rows / 4 + course % 2 / 2, (Y + 1) * rows / 2
    edge = np.minimum(np.minimum(u % 1, 1 - u % 1) * 2, np.minimum(v % 1, 1 - v % 1))
    solid = np.clip(edge * 9 - 0.5, 0, 1)
    fired = colour(rng, (-0.02, 0.09), (0.2, 0.65), (0.35, 0.8))
    shade = 1 + 0.2 * np.sin(np.floor(u) * 12.9 + course * 78.2)
    albedo = blend(mottled(rng, np.float32([0.7, 0.68, 0.63]), 0.05), filled(fired), solid)
    return piece(rng, albedo * shade[..., None], solid * 3 + noise(rng, 5, 2) * 0.5)


def gravel(rng: Rng) -> Item:
    """Loose stones of several greys and browns."""
    owner, inside = cells(rng, int(rng.integers(120, 400)))
    shades = rng.uniform(0.5, 1.2, owner.max() + 1).astype(np.float32)[owner]
    tone = colour(rng, (0, 1), (0, 0.2), (0.45, 0.85))
    return piece(rng, mottled(rng, tone, 0.08, 6) * shades[..., None], np.minimum(inside, 5) * 1.2)


def cobbles(rng: Rng) -> Item:
    """Large rounded stones set close."""
    owner, inside = cells(rng, int(rng.integers(18, 50)))
    shades = rng.uniform(0.7, 1.15, owner.max() + 1).astype(np.float32)[owner]
    tone = colour(rng, (0, 1), (0, 0.25), (0.4, 0.75))
    albedo = mottled(rng, tone, 0.08, 10) * (shades * np.clip(inside / 4, 0.3, 1))[..., None]
    return piece(rng, albedo, np.sqrt(np.minimum(inside, 12)) * 4)


def sand(rng: Rng) -> Item:
    """Fine grains in wind ripples."""
    ripples = np.sin(
        warp(along(rng.uniform(0, 3)), noise(rng, 50, 2) * 8, 0 * X) * rng.uniform(15, 35)
    )
    tone = colour(rng, (0.07, 0.14), (0.15, 0.45), (0.6, 0.92))
    return piece(
        rng, mottled(rng, tone, 0.1, 3), ripples * rng.uniform(0.7, 1.6) + noise(rng, 3, 1) * 0.4
    )


def water(rng: Rng) -> Item:
    """A puddle with waves that mirror the lamp."""
    waves = sum(
        np.sin(along(rng.uniform(0, 6)) * rng.uniform(10, 30) + noise(rng, 50, 2)) for _ in range(4)
    )
    tone = colour(rng, (0.42, 0.65), (0.2, 0.7), (0.4, 0.95))
    return piece(rng, filled(tone), waves * 1.3, clear=rng.uniform(0.3, 0.7), gloss=1.0, metal=0.25)


def planks(rng: Rng) -> Item:
    """Sawn boards with grain and knots."""
    angle, boards = rng.uniform(0, np.pi), rng.uniform(1.5, 4)
    across = along(angle) * boards
    rings = along(angle) * 30 + noise(rng, 60, 2) * 3 + np.floor(across) * 7
    grain = 0.5 + 0.5 * np.sin(rings + 3 * np.sin(along(angle + np.pi / 2) * 2))
    tone = colour(rng, (0.02, 0.12), (0.25, 0.7), (0.3, 0.85))
    joint = np.clip(np.minimum(across % 1, 1 - across % 1) * 25, 0, 1)
    albedo = mottled(rng, tone, 0.05) * ((0.75 + 0.25 * grain) * (0.4 + 0.6 * joint))[..., None]
    return piece(rng, albedo, joint * 2 + grain * 0.4, gloss=rng.uniform(0, 0.3))


def fur(rng: Rng, tone: np.ndarray | None = None) -> Item:
    """Long hair combed one way; spots where the caller gives a pattern."""
    hair = noise(rng, 3, 1)
    heading = rng.uniform(0, 6.3) + noise(rng, 80, 2) * 0.8
    for _ in range(4):
        hair = (hair + warp(hair, np.cos(heading) * 2, np.sin(heading) * 2)) / 2
    if tone is None:
        tone = filled(
            colour(rng, (0, 1) if rng.random() < 0.2 else (0.03, 0.12), (0, 0.6), (0.1, 0.9))
        )
    return piece(rng, tone * (1 + 0.5 * hair[..., None]), hair * 3 + noise(rng, 40, 2) * 3)


def leopard(rng: Rng) -> Item:
    """Spotted or striped short hair."""
    base, mark = (
        filled(colour(rng, (0.06, 0.12), (0.1, 0.6), (0.6, 0.95))),
        filled([0.1, 0.07, 0.05]),
    )
    field = noise(rng, rng.uniform(14, 24), 1)
    if rng.random() < 0.5:
        field = np.sin(along(rng.uniform(0, 3)) * rng.uniform(15, 28) + noise(rng, 40, 2) * 3)
    return fur(rng, blend(base, mark, (np.abs(field) < 0.28) * 0.95))


def leather(rng: Rng) -> Item:
    """Grained hide with a stitched seam."""
    _, inside = cells(rng, int(rng.integers(500, 1200)))
    tone = colour(rng, (-0.03, 0.1), (0.2, 0.8), (0.1, 0.6))
    seam = (np.abs(X - rng.uniform(-0.4, 0.4)) < 0.015) * (np.sin(Y * 60) > 0)
    albedo = blend(mottled(rng, tone, 0.06), filled([0.85, 0.8, 0.7]), seam)
    return piece(rng, albedo, np.minimum(inside, 2) * 0.8 + noise(rng, 30, 2) * 2, gloss=0.35)


def tiles(rng: Rng) -> Item:
    """A mosaic of glazed squares with pale joints."""
    n = rng.uniform(2.5, 7)
    u, v = (X + 1) * n, (Y + 1) * n
    edge = np.minimum.reduce([u % 1, 1 - u % 1, v % 1, 1 - v % 1])
    palette = np.stack([colour(rng, (0, 1), (0, 0.8), (0.3, 0.95)) for _ in range(3)])
    chosen = (np.floor(u) * rng.integers(1, 9) + np.floor(v) * rng.integers(1, 9)).astype(int) % 3
    glazed = np.clip(edge * 14 - 0.5, 0, 1)
    albedo = blend(filled([0.8, 0.79, 0.75]), palette[chosen], glazed)
    return piece(rng, albedo, glazed * 2.5, gloss=0.7)


def marble(rng: Rng) -> Item:
    """Polished stone with veins."""
    veins = np.exp(-np.abs(noise(rng, 90, 5)) * 14) + 0.5 * np.exp(-np.abs(noise(rng, 50, 4)) * 20)
    base = mottled(rng, colour(rng, (0, 1), (0, 0.3), (0.15, 0.95)), 0.06, 60)
    vein = filled(colour(rng, (0, 1), (0, 0.4), (0.1, 0.95)))
    return piece(rng, blend(base, vein, veins), noise(rng, 80, 1) * 0.5, gloss=0.6)


def cork(rng: Rng) -> Item:
    """Pressed cork: brown granules with dark gaps."""
    owner, inside = cells(rng, int(rng.integers(250, 700)))
    shades = rng.uniform(0.6, 1.25, owner.max() + 1).astype(np.float32)[owner]
    tone = colour(rng, (0.06, 0.1), (0.35, 0.6), (0.5, 0.75))
    pits = noise(rng, 8, 2) > 1.0
    return piece(
        rng, filled(tone) * (shades * (1 - 0.6 * pits))[..., None], inside * 0.3 - pits * 2
    )


def coral(rng: Rng) -> Item:
    """Winding ridges, as of brain coral."""
    lines = np.sin(noise(rng, rng.uniform(30, 60), 3) * rng.uniform(7, 13))
    tone = colour(rng, (0, 1), (0.2, 0.7), (0.5, 0.95))
    return piece(
        rng, filled(tone) * (0.75 + 0.25 * lines)[..., None], lines * 3 + noise(rng, 4, 1) * 0.3
    )


def asphalt(rng: Rng) -> Item:
    """Black road surface with pale grit, at times a painted line."""
    grit = noise(rng, 3, 1)
    albedo = (
        mottled(rng, colour(rng, (0.5, 0.7), (0, 0.1), (0.12, 0.3)), 0.1)
        * (1 + 0.9 * (grit > 0.9))[..., None]
    )
    if rng.random() < 0.4:
        line = (np.abs(along(rng.uniform(0, 3)) - rng.uniform(-0.3, 0.3)) < 0.12) * (grit > -0.7)
        albedo = blend(albedo, filled([0.9, 0.88, rng.uniform(0.3, 0.88)]), line * 0.85)
    return piece(rng, albedo, grit * 1.2 + facets(rng, 500, 0.5), gloss=0.1)


def wicker(rng: Rng) -> Item:
    """Basketwork: broad canes over and under."""
    n = rng.uniform(7, 13)
    u, v = X * n, Y * n * rng.uniform(0.8, 2)
    over = (np.floor(u) + np.floor(v)) % 2 == 0
    round_ = np.where(over, np.abs(np.sin(u % 1 * np.pi)), np.abs(np.sin(v % 1 * np.pi)))
    tone = colour(rng, (0.05, 0.13), (0.2, 0.6), (0.4, 0.85))
    return piece(
        rng, mottled(rng, tone, 0.1, 10) * (0.35 + 0.65 * round_)[..., None], round_ * 5, gloss=0.15
    )


def knit(rng: Rng) -> Item:
    """Stocking stitch: columns of small V's, plain or banded."""
    n = rng.uniform(7, 12)
    column = X * n
    stitch = Y * n * 1.3 + np.abs(column % 1 - 0.5) * 1.6
    height = np.abs(np.sin(stitch * np.pi)) * np.abs(np.sin(column * 2 * np.pi)) ** 0.5
    wool = filled(colour(rng, (0, 1), (0.1, 0.8), (0.25, 0.95)))
    band = np.floor(stitch / rng.integers(2, 6)) % 2 * rng.integers(0, 2)
    wool = blend(wool, filled(colour(rng, (0, 1), (0.1, 0.8), (0.25, 0.95))), band)
    return piece(
        rng, wool * (0.5 + 0.5 * height)[..., None], height * 4 + noise(rng, 40, 2) * 3, gloss=0.0
    )


def snow(rng: Rng) -> Item:
    """Soft drifts, nearly white, with sparkle."""
    drift = noise(rng, 45, 4)
    tone = colour(rng, (0.5, 0.65), (0, 0.1), (0.9, 1))
    return piece(
        rng,
        mottled(rng, tone, 0.02, 4),
        drift * 6 + noise(rng, 3, 1) * 0.4,
        gloss=0.3 * (noise(rng, 3, 1) > 1),
    )


def circuit(rng: Rng) -> Item:
    """A printed circuit board: tracks, pads, chips."""
    board = np.full((SIZE, SIZE, 3), colour(rng, (0.3, 0.65), (0.5, 0.9), (0.2, 0.5)) * 255).astype(
        np.uint8
    )
    raised = np.zeros((SIZE, SIZE), np.float32)
    track = (colour(rng, (0.1, 0.4), (0.3, 0.6), (0.5, 0.8)) * 255).tolist()
    for _ in range(rng.integers(15, 40)):
        x, y = (int(v) for v in rng.integers(0, SIZE, 2))
        step = int(rng.integers(10, 60))
        corners = np.array([[x, y], [x + step, y], [x + step + step // 2, y + step // 2]])
        cv2.polylines(board, [corners], False, track, 1)
        cv2.circle(board, (x, y), 2, (225, 200, 120), -1)
    for _ in range(rng.integers(2, 7)):
        x, y, w, h = (int(v) for v in (*rng.integers(5, SIZE - 45, 2), *rng.integers(10, 40, 2)))
        cv2.rectangle(board, (x - 3, y + 2), (x + w + 3, y + h - 2), (200, 200, 205), 1)
        cv2.rectangle(board, (x, y), (x + w, y + h), (25, 25, 28), -1)
        cv2.rectangle(raised, (x, y), (x + w, y + h), 5, -1)
    return piece(rng, board.astype(np.float32) / 255, cv2.blur(raised, (3, 3)), gloss=0.35)


def honeycomb(rng: Rng) -> Item:
    """Six-sided cells, some filled."""
    n = rng.uniform(8, 14)
    waves = sum(
        np.cos((X * np.cos(a) + Y * np.sin(a)) * n * 2) for a in (0, 2 * np.pi / 3, 4 * np.pi / 3)
    )
    wall = np.clip((waves + 0.9) * 1.5, 0, 1)
    fillings = np.clip(noise(rng, 30, 2), 0, 1)
    tone = colour(rng, (0.08, 0.14), (0.5, 0.9), (0.6, 0.9))
    albedo = filled(tone) * (1 - wall * 0.7 * (1 - fillings))[..., None]
    return piece(rng, albedo, (1 - wall) * 4, gloss=0.4)
