"""Things that shine: glass, metal, plastic."""

import cv2
import numpy as np

from wastelib.demo.items_sheet import soiled
from wastelib.demo.scene import Item
from wastelib.demo.shapes import (
    blob,
    bottle,
    curve,
    inflated,
    ring,
    rounded,
    shards,
    stroke,
    torn,
)
from wastelib.demo.textures import (
    SIZE,
    Rng,
    X,
    Y,
    blend,
    colour,
    creases,
    crumple,
    facets,
    filled,
    mottled,
    noise,
    pictures,
    printed_lines,
    stains,
)


def glass_tint(rng: Rng) -> np.ndarray:
    """Clear, green, brown or bluish: the colour that light keeps on its way through."""
    hues = [(0.45, 0.06, 0.97), (0.36, 0.6, 0.6), (0.08, 0.75, 0.5), (0.48, 0.25, 0.85)]
    hue, saturation, value = hues[rng.choice(4, p=[0.3, 0.34, 0.16, 0.2])]
    return colour(
        rng, (hue - 0.05, hue + 0.05), (saturation * 0.6, saturation), (value * 0.8, value)
    )


def label(rng: Rng, albedo: np.ndarray, where: np.ndarray) -> np.ndarray:
    """`albedo` with a printed label where `where` is 1."""
    paper = filled(colour(rng, (0, 1), (0, 0.8), (0.3, 0.95)))
    print_ = pictures(rng, paper, int(rng.integers(1, 6)))
    print_ = blend(print_, filled([0.1, 0.1, 0.1]), printed_lines(rng, 8, ink=0.5))
    return blend(albedo, print_, where)


def glass_bottle(rng: Rng) -> Item:
    """A bottle or flask, at times labelled, with the streaks of light that glass shows."""
    body = rng.uniform(0.28, 0.42)
    mask = bottle(rng, body, body * rng.uniform(0.3, 0.5), rng.uniform(-0.5, 0.0))
    height = inflated(mask, body * 70)
    edge = np.exp(-height / 5) * mask
    streak = np.exp(-(((X - body * rng.uniform(-0.6, 0.6)) / 0.04) ** 2)) * (
        noise(rng, 60, 1) > -0.5
    )
    clear = np.full((SIZE, SIZE), rng.uniform(0.7, 0.92), np.float32) - 0.25 * edge
    albedo = filled(glass_tint(rng)) * (1 - 0.35 * edge)[..., None]
    albedo = blend(albedo, filled([1, 1, 1]), streak * 0.7)
    clear = clear * (1 - 0.7 * streak)
    if rng.random() < 0.45:
        where = ((Y > 0.1) & (rng.uniform(0.4, 0.75) > Y)) * mask
        albedo, clear = label(rng, albedo, where), clear * (1 - where)
    return Item(soiled(rng, albedo, 0.12), mask, height, clear=clear, gloss=0.9, lift=10)


def shard(rng: Rng) -> Item:
    """Pieces of a broken pane or vessel: sharp corners, bright green edges, see-through."""
    mask = np.zeros((SIZE, SIZE), np.float32)
    height = np.zeros((SIZE, SIZE), np.float32)
    for _ in range(rng.integers(1, 4)):
        piece = shards(rng, int(rng.integers(5, 9)), rng.uniform(0.45, 0.8))
        move = rng.uniform(-25, 25, 2)
        piece = cv2.warpAffine(piece, np.float32([[1, 0, move[0]], [0, 1, move[1]]]), (SIZE, SIZE))
        height = np.where(piece > 0.5, inflated(piece, 4) + creases(rng, 1, 0.2), height)
        mask = np.maximum(mask, piece)
    rim = np.clip(cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((4, 4))), 0, 1)
    albedo = blend(filled(glass_tint(rng)), filled([0.75, 0.95, 0.88]), rim * 0.7)
    clear = rng.uniform(0.7, 0.9) - 0.4 * rim
    return Item(
        soiled(rng, albedo, 0.1), mask, height + noise(rng, 40, 2), clear=clear, gloss=0.8, lift=4
    )


def jar(rng: Rng) -> Item:
    """A jar or tumbler from above: rings of thick glass, at times under a lid."""
    r = rng.uniform(0.5, 0.8)
    mask = ring(-1, r)
    radius = np.hypot(X, Y) / r
    height = 7 * np.sin(radius * rng.uniform(8, 14)) * (radius < 1) + inflated(mask, 12)
    clear = np.full((SIZE, SIZE), rng.uniform(0.6, 0.85), np.float32)
    albedo = filled(glass_tint(rng)) * (0.85 + 0.15 * np.cos(radius * 20))[..., None]
    if rng.random() < 0.35:
        lid = ring(-1, r * rng.uniform(0.6, 0.85))
        albedo, clear = label(rng, albedo, lid), clear * (1 - lid)
    return Item(soiled(rng, albedo, 0.15), mask, height, clear=clear, gloss=0.9, lift=14)


def steel(rng: Rng) -> np.ndarray:
    """The colour of bare metal: aluminium, tin, brass."""
    tone = colour(rng, (0.55, 0.65), (0, 0.06), (0.75, 0.95))
    if rng.random() < 0.15:
        tone = colour(rng, (0.1, 0.14), (0.3, 0.5), (0.7, 0.9))
    return filled(tone)


def rusted(rng: Rng, albedo: np.ndarray, most: float) -> tuple[np.ndarray, np.ndarray]:
    """(albedo with rust, where the rust is)."""
    rust = stains(rng, rng.uniform(0, most), 35)
    return blend(albedo, mottled(rng, np.float32([0.42, 0.22, 0.1]), 0.2, 12), rust), rust


def can(rng: Rng) -> Item:
    """A drink or food can on its side: bare or printed, ribbed, dented."""
    half, length = rng.uniform(0.32, 0.5), rng.uniform(0.6, 0.9)
    mask = rounded(half, length, 0.1)
    height = np.sqrt(np.clip(1 - (X / half) ** 2, 0, 1)) * half * 75
    height += np.sin(Y * rng.uniform(20, 60)) * rng.choice([0, 1.0]) + crumple(
        rng, rng.uniform(0, 0.9)
    )
    albedo, metal = steel(rng), np.full((SIZE, SIZE), 0.9, np.float32)
    if rng.random() < 0.45:
        where = (np.abs(Y) < length - 0.12) * mask
        albedo, metal = label(rng, albedo, where), metal * (1 - 0.55 * where)
    albedo, rust = rusted(rng, albedo, 0.2)
    return Item(
        soiled(rng, albedo, 0.15), mask, height, metal=metal * (1 - rust), gloss=0.6, lift=13
    )


def foil(rng: Rng) -> Item:
    """Crushed aluminium foil or a flattened tray."""
    mask = torn(rng, blob(rng, rng.uniform(0.5, 0.88), 0.3, rng.uniform(0.5, 1)), 3)
    albedo, rust = rusted(rng, steel(rng), 0.12)
    height = crumple(rng, rng.uniform(0.8, 1.6)) + facets(rng, 160, 0.5)
    return Item(soiled(rng, albedo, 0.2), mask, height, metal=0.95 * (1 - rust), gloss=0.7, lift=7)


def tin_lid(rng: Rng) -> Item:
    """A lid or a can from above: concentric ribs, a rim."""
    r = rng.uniform(0.45, 0.85)
    radius = np.hypot(X, Y) / r
    ribs = np.sin(radius * rng.uniform(15, 35)) * (radius < 0.85) * rng.uniform(0.5, 2.5)
    height = (
        ribs + 4 * np.exp(-(((radius - 0.93) / 0.06) ** 2)) + creases(rng, 2, rng.uniform(0, 0.25))
    )
    albedo, rust = rusted(rng, steel(rng), 0.3)
    return Item(
        soiled(rng, albedo, 0.2), ring(-1, r), height, metal=0.85 * (1 - rust), gloss=0.5, lift=6
    )


def scrap_iron(rng: Rng) -> Item:
    """One or two bent bars, mostly rust."""
    mask = np.zeros((SIZE, SIZE), np.float32)
    for angle in rng.uniform(0, 2 * np.pi, rng.integers(1, 3)):
        start = -0.75 * np.array([np.cos(angle), np.sin(angle)])
        width = rng.uniform(0.09, 0.24)
        mask = np.maximum(mask, stroke(curve(rng, start, angle, 1.5, 0.5), width, width))
    albedo, rust = rusted(rng, steel(rng) * 0.7, 1.0)
    height = inflated(mask, 10) + noise(rng, 8, 3)
    return Item(soiled(rng, albedo), torn(rng, mask, 2), height, metal=0.7 * (1 - rust), gloss=0.2)


def vivid(rng: Rng) -> np.ndarray:
    """A colour that plastic is dyed: bright, or black, or milky."""
    kind = rng.random()
    if kind < 0.76:
        return colour(rng, (0, 1), (0.6, 0.95), (0.5, 0.98))
    return colour(rng, (0, 1), (0, 0.2), (0.05, 0.2) if kind < 0.88 else (0.75, 0.95))


def plastic_bottle(rng: Rng) -> Item:
    """A ribbed bottle with a coloured cap and a label: clear, tinted or opaque."""
    body = rng.uniform(0.28, 0.42)
    mask = bottle(rng, body, body * rng.uniform(0.28, 0.5), rng.uniform(-0.6, -0.2))
    height = inflated(mask, body * 70) + np.sin(Y * rng.uniform(18, 40)) * rng.uniform(0.3, 1.6)
    height += crumple(rng, rng.uniform(0, 0.6))
    opaque = rng.random() < 0.45
    dye = vivid(rng) if opaque else colour(rng, (0.3, 0.6), (0, 0.25), (0.8, 1))
    clear = np.full((SIZE, SIZE), 0.0 if opaque else rng.uniform(0.55, 0.85), np.float32)
    where = (np.abs(Y - 0.2) < rng.uniform(0.1, 0.3)) * mask * (rng.random() < 0.65)
    albedo, clear = label(rng, filled(dye), where), clear * (1 - where)
    cap = (Y < -0.78) * mask * (rng.random() < 0.7)
    albedo, clear = (
        blend(albedo, filled(colour(rng, (0, 1), (0.3, 1), (0.3, 1))), cap),
        clear * (1 - cap),
    )
    return Item(soiled(rng, albedo, 0.12), mask, height, clear=clear, gloss=0.7, lift=10)


def film(rng: Rng) -> Item:
    """A bag or wrapper: thin, crinkled, glossy, half transparent."""
    mask = torn(rng, blob(rng, rng.uniform(0.6, 0.9), 0.4, rng.uniform(0.5, 1)), 3)
    height = crumple(rng, rng.uniform(0.5, 1.0)) + facets(rng, 120, 0.4)
    dye = filled(vivid(rng))
    if rng.random() < 0.3:
        dye = pictures(rng, dye, 6)
    return Item(
        soiled(rng, dye, 0.15),
        mask,
        height,
        clear=rng.uniform(0, 0.6),
        gloss=rng.uniform(0.5, 1),
        lift=5,
    )


def tray(rng: Rng) -> Item:
    """A food tray, tub or lid: moulded steps and ribs, one colour, glossy."""
    w, h = rng.uniform(0.45, 0.85), rng.uniform(0.45, 0.85)
    mask = rounded(w, h, rng.uniform(0.1, min(w, h)))
    inner = cv2.GaussianBlur(rounded(w * 0.78, h * 0.78, 0.12), (0, 0), 3)
    ribs = np.sin(X * rng.uniform(15, 35)) * inner * rng.choice([0, 1.5])
    dye = vivid(rng)
    clear = rng.choice([0, 0, 0, rng.uniform(0.5, 0.8)])
    height = inflated(mask, 7) - inner * rng.uniform(6, 14) + ribs
    return Item(
        soiled(rng, mottled(rng, dye, 0.02), 0.25), mask, height, clear=clear, gloss=0.6, lift=8
    )


GLASS = (glass_bottle, shard, shard, jar)
METAL = (can, can, foil, foil, tin_lid, scrap_iron)
PLASTIC = (plastic_bottle, film, film, tray, tray)
