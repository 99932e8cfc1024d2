"""Sheets and fabrics: cardboard, paper, textile."""

import cv2
import numpy as np

from wastelib.demo.scene import Item
from wastelib.demo.shapes import blob, polygon, quad, rounded, torn
from wastelib.demo.textures import (
    SIZE,
    Rng,
    X,
    Y,
    along,
    blend,
    colour,
    creases,
    crumple,
    filled,
    mottled,
    noise,
    pictures,
    printed_lines,
    stains,
    weave,
)

DIRT = np.float32([0.25, 0.19, 0.13])


def board(rng: Rng) -> np.ndarray:
    """The colour of cardboard, (SIZE, SIZE, 3): kraft brown, now and then grey or printed."""
    kind = rng.random()
    if kind < 0.84:
        tone = colour(rng, (0.07, 0.1), (0.36, 0.52), (0.5, 0.8))
    elif kind < 0.94:
        tone = colour(rng, (0.05, 0.15), (0.03, 0.15), (0.5, 0.75))
    else:
        tone = colour(rng, (0, 1), (0.1, 0.45), (0.45, 0.85))
    fibres = cv2.blur(noise(rng, 5, 2), (9, 1)) * 0.05
    return mottled(rng, tone, 0.05) * (1 + fibres[..., None])


def soiled(rng: Rng, albedo: np.ndarray, most: float = 0.3) -> np.ndarray:
    """`albedo` with a film of dirt on up to the share `most` of it."""
    film = stains(rng, rng.uniform(0, most)) * rng.uniform(0.2, 0.75)
    return blend(albedo, albedo * DIRT * rng.uniform(1.4, 2.4), film)


def dye(rng: Rng) -> np.ndarray:
    """A colour that cloth is dyed: blues, purples, reds, black; seldom another."""
    if rng.random() < 0.8:
        return colour(rng, (0.55, 1.0), (0.15, 0.7), (0.12, 0.6))
    return colour(rng, (0, 1), (0, 0.5), (0.3, 0.85))


def corrugated_piece(rng: Rng) -> Item:
    """A torn piece of a box: flutes shimmer through, and lie open along one edge."""
    mask = torn(
        rng, quad(rng, rng.uniform(0.6, 0.88), rng.uniform(0.45, 0.85), 0.15), rng.uniform(1, 6)
    )
    angle = rng.uniform(0, np.pi)
    flutes = np.sin(along(angle) * rng.uniform(45, 80))
    open_edge = np.clip(along(angle + 1.5) * 6 - rng.uniform(0.5, 4.5), 0, 1)
    albedo = board(rng)
    if rng.random() < 0.4:
        albedo = blend(
            albedo,
            filled(colour(rng, (0, 1), (0.1, 0.9), (0.1, 0.5))),
            printed_lines(rng, 16, (50, 100)),
        )
    albedo = albedo * (1 - 0.3 * open_edge * (flutes < 0))[..., None]
    height = flutes * (0.12 + 0.9 * open_edge) + creases(rng, 3, 0.14, 2)
    return Item(soiled(rng, albedo), mask, height + np.minimum(mask, 1) * 3, lift=5)


def carton(rng: Rng) -> Item:
    """A small box seen from above at a slant: a lid and two darker sides, often with tape."""
    w, h = rng.uniform(0.35, 0.65), rng.uniform(0.35, 0.65)
    drop = rng.uniform(0.12, 0.35, 2)
    top = np.array([[-w, -h], [w, -h], [w, h], [-w, h]]) - drop / 2
    front, side = top[[3, 2, 2, 3]], top[[1, 2, 2, 1]]
    front = front + np.array([[0, 0], [0, 0], drop, drop])
    side = side + np.array([[0, 0], [0, 0], drop, drop])
    lid, a, b = polygon(top), polygon(front), polygon(side)
    albedo = board(rng)
    gloss = np.zeros((SIZE, SIZE), np.float32)
    if rng.random() < 0.5:
        tape = (np.abs(X + drop[0] / 2) < 0.09) * np.ones_like(X)
        albedo = blend(albedo, filled([0.75, 0.66, 0.5]), tape * 0.6 * lid)
        gloss = tape * lid * 0.5
    if rng.random() < 0.5:
        albedo = blend(albedo, pictures(rng, albedo, 3), lid)
    seam = 1 - 0.35 * np.exp(-((Y + drop[1] / 2) ** 2) * 900) * lid
    shade = (1 - 0.45 * a * (1 - lid) - 0.25 * b * (1 - lid) * (1 - a)) * seam
    height = creases(rng, 3, 0.1, 3)
    return Item(
        soiled(rng, albedo * shade[..., None]),
        np.maximum.reduce([lid, a, b]),
        height,
        gloss=gloss,
        lift=14,
    )


def egg_tray(rng: Rng) -> Item:
    """Moulded pulp: round cups in rows, and pegs between them."""
    pitch = rng.uniform(9, 13)
    cups = np.cos(X * pitch) + np.cos(Y * pitch)
    height = np.abs(cups) * rng.uniform(3, 5)
    tone = colour(rng, (0.06, 0.11), (0.12, 0.4), (0.5, 0.7))
    hollow = np.clip(-cups / 2, 0, 1) ** 2
    albedo = mottled(rng, tone, 0.06, 8) * (1 - 0.45 * hollow)[..., None]
    height = np.where(cups < 0, -height * 1.4, height) + noise(rng, 6, 2) * 0.4
    mask = torn(rng, rounded(rng.uniform(0.6, 0.9), rng.uniform(0.4, 0.85), 0.1), 3)
    return Item(soiled(rng, albedo), mask, height, gloss=0.0, lift=9)


def tube(rng: Rng) -> Item:
    """A cardboard roll, squashed, with its spiral seam and a dark end."""
    half, length = rng.uniform(0.22, 0.38), rng.uniform(0.55, 0.9)
    mask = rounded(half, length, 0.06)
    height = np.sqrt(np.clip(1 - (X / half) ** 2, 0, 1)) * half * 70 + creases(rng, 3, 0.1)
    seam = np.abs((Y + X * 0.9) % 0.55 - 0.27) < 0.012
    albedo = board(rng) * (1 - 0.3 * seam)[..., None]
    end = np.clip((half * 0.35 - np.hypot(X * 0.36, Y + length - 0.04)) * 60, 0, 1)
    return Item(
        soiled(rng, blend(albedo, filled([0.12, 0.09, 0.07]), end * 0.8)), mask, height, lift=12
    )


def sheet(rng: Rng) -> Item:
    """A printed page: text, headings, now and then a picture, a little creased."""
    paper = filled(colour(rng, (0.08, 0.65), (0, 0.08), (0.82, 0.98)))
    ink = filled(colour(rng, (0, 1), (0, 0.5), (0.05, 0.35)))
    page = blend(
        paper, ink, printed_lines(rng, int(rng.integers(5, 11)), ink=rng.uniform(0.3, 0.9))
    )
    if rng.random() < 0.5:
        page = pictures(rng, page, int(rng.integers(1, 5)))
    mask = quad(rng, rng.uniform(0.5, 0.85), rng.uniform(0.55, 0.9), rng.uniform(0.02, 0.25))
    if rng.random() < 0.5:
        mask = torn(rng, mask, rng.uniform(1, 10))
    height = creases(rng, int(rng.integers(2, 9)), rng.uniform(0.1, 0.4))
    return Item(soiled(rng, page, 0.2), mask, height, gloss=rng.uniform(0, 0.1), lift=4)


def crumpled_paper(rng: Rng) -> Item:
    """A paper ball or a crushed bag: white, cream, bluish or kraft brown."""
    tone = colour(rng, (0.08, 0.65), (0, 0.08), (0.82, 0.98))
    if rng.random() < 0.15:
        tone = colour(rng, (0.07, 0.11), (0.25, 0.5), (0.55, 0.8))
    albedo = mottled(rng, tone, 0.03)
    if rng.random() < 0.4:
        albedo = blend(albedo, filled([0.2, 0.2, 0.25]), printed_lines(rng, 7, ink=0.6))
    mask = torn(rng, blob(rng, rng.uniform(0.5, 0.85), 0.25, rng.uniform(0.6, 1)), 4)
    return Item(
        soiled(rng, albedo, 0.25), mask, crumple(rng, rng.uniform(0.6, 1.1)), gloss=0.03, lift=9
    )


def magazine(rng: Rng) -> Item:
    """A leaflet: coloured blocks edge to edge, slightly glossy."""
    page = pictures(
        rng, filled(colour(rng, (0, 1), (0.1, 0.8), (0.4, 0.95))), int(rng.integers(6, 16))
    )
    page = blend(
        page, filled(colour(rng, (0, 1), (0, 0.4), (0, 1))), printed_lines(rng, 9, (90, 150))
    )
    mask = quad(rng, rng.uniform(0.5, 0.85), rng.uniform(0.6, 0.9), rng.uniform(0.02, 0.15))
    height = creases(rng, 4, rng.uniform(0.05, 0.4))
    return Item(soiled(rng, page, 0.15), mask, height, gloss=rng.uniform(0.05, 0.3), lift=3)


def rag(rng: Rng) -> Item:
    """A rag: woven, plain, striped or checked, lying in soft folds with a frayed edge."""
    angle = rng.uniform(0, np.pi)
    threads = weave(rng, rng.uniform(22, 42), angle)
    cloth = filled(dye(rng))
    kind = rng.random()
    if kind < 0.6:
        stripe = np.sin(along(angle) * rng.uniform(8, 30)) > rng.uniform(-0.3, 0.7)
        cloth = blend(cloth, filled(dye(rng)), stripe * 0.8)
        if kind < 0.25:
            cross = np.sin(along(angle + np.pi / 2) * rng.uniform(8, 30)) > 0.3
            cloth = blend(cloth, filled(dye(rng)), cross * 0.5)
    folds = noise(rng, rng.uniform(35, 70), 2) * rng.uniform(7, 14)
    albedo = cloth * (0.72 + 0.33 * threads)[..., None]
    mask = torn(
        rng, blob(rng, rng.uniform(0.65, 0.9), 0.35, rng.uniform(0.6, 1)), rng.uniform(2, 6)
    )
    return Item(soiled(rng, albedo, 0.3), mask, folds + threads * 0.7, gloss=0.0, lift=6)


def garment(rng: Rng) -> Item:
    """A sock or a sleeve: a bent soft tube with a ribbed cuff."""
    leg = polygon(
        np.array(
            [
                [-0.35, -0.9],
                [0.15, -0.9],
                [0.2, 0.1],
                [0.75, 0.35],
                [0.8, 0.75],
                [0.5, 0.85],
                [-0.25, 0.6],
                [-0.4, 0.2],
            ]
        )
        * rng.uniform(0.75, 1.05)
    )
    mask = (cv2.GaussianBlur(leg, (0, 0), 5) > 0.5).astype(np.float32)
    mask = torn(rng, mask, 2)
    threads = weave(rng, rng.uniform(28, 50), rng.uniform(0, 0.3))
    cuff = (Y < -0.62) * (0.5 + 0.5 * np.sin(X * 60))
    cloth = mottled(rng, dye(rng), 0.04)
    if rng.random() < 0.5:
        band = np.sin(Y * rng.uniform(10, 30)) > rng.uniform(-0.2, 0.8)
        cloth = blend(cloth, filled(dye(rng)), band)
    folds = noise(rng, 45, 2) * rng.uniform(4, 10)
    return Item(
        soiled(rng, cloth * (0.75 + 0.3 * threads)[..., None]),
        mask,
        folds + threads * 0.5 + cuff * 1.5,
        gloss=0.0,
    )


CARDBOARD = (corrugated_piece, corrugated_piece, carton, egg_tray, tube)
PAPER = (sheet, sheet, crumpled_paper, crumpled_paper, magazine)
TEXTILE = (rag, rag, garment)
