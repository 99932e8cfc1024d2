"""The classes that the small backbone is pre-trained on: none of the nine of the demo."""

from wastelib.demo import other_objects, other_surfaces
from wastelib.demo.scene import Item
from wastelib.demo.textures import Rng

OTHER_CLASSES = {
    function.__name__: function
    for function in (
        other_surfaces.asphalt,
        other_surfaces.brick,
        other_surfaces.circuit,
        other_surfaces.cobbles,
        other_surfaces.coral,
        other_surfaces.cork,
        other_surfaces.fur,
        other_surfaces.gravel,
        other_surfaces.honeycomb,
        other_surfaces.knit,
        other_surfaces.leather,
        other_surfaces.leopard,
        other_surfaces.marble,
        other_surfaces.planks,
        other_surfaces.sand,
        other_surfaces.snow,
        other_surfaces.tiles,
        other_surfaces.water,
        other_surfaces.wicker,
        other_objects.ball,
        other_objects.beads,
        other_objects.buttons,
        other_objects.chain,
        other_objects.coins,
        other_objects.crystals,
        other_objects.feathers,
        other_objects.gear,
        other_objects.mesh,
        other_objects.nuts,
        other_objects.pebbles,
        other_objects.pencils,
        other_objects.rope,
        other_objects.shells,
        other_objects.tyre,
    )
}


def any_other(rng: Rng) -> Item:
    """One item of any of these classes: a scrap beside another."""
    return rng.choice(list(OTHER_CLASSES.values()))(rng)
