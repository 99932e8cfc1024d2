"""The nine classes and the families of items that each is drawn from."""

from wastelib.demo import items_hard, items_misc, items_organic, items_sheet
from wastelib.demo.scene import Item
from wastelib.demo.textures import Rng

MATERIALS = {
    "Cardboard": items_sheet.CARDBOARD,
    "Food Organics": items_organic.FOOD,
    "Glass": items_hard.GLASS,
    "Metal": items_hard.METAL,
    "Miscellaneous Trash": items_misc.MISCELLANEOUS,
    "Paper": items_sheet.PAPER,
    "Plastic": items_hard.PLASTIC,
    "Textile Trash": items_sheet.TEXTILE,
    "Vegetation": items_organic.VEGETATION,
}


def item_of(rng: Rng, material: str) -> Item:
    """One item of a class, of a family drawn at random."""
    families = MATERIALS[material]
    return families[rng.integers(len(families))](rng)


def any_item(rng: Rng) -> Item:
    """One item of any class: a scrap."""
    return item_of(rng, rng.choice(list(MATERIALS)))
