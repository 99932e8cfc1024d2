"""Pretrained backbones: found by name, built, and given their weights."""

import warnings
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from wastelib.errors import WasteError
from wastelib.files import sha256_of
from wastelib.models.backbone_table import BACKBONES
from wastelib.settings import words

if TYPE_CHECKING:
    import keras

DEMO_WEIGHTS = Path(__file__).parent.parent / "demo" / "weights"

IMAGENET_DEVIATIONS = (0.229, 0.224, 0.225)  # of red, green and blue in 0..1


def backbone_names(text: str) -> list[str]:
    """The backbones named in a parameter such as "DenseNet121, MobileNetV2".

    Raises `WasteError` for an empty list and a name that is not in the table.
    """
    names = words(text)
    unknown = [name for name in names if name not in BACKBONES]
    if unknown or not names:
        raise WasteError(
            f"unknown backbone {unknown[0]!r}" if unknown else "no backbone is named",
            where="parameter backbones of notebook 04",
            remedy=f"choose from: {', '.join(BACKBONES)}",
        )
    return names


@dataclass(frozen=True)
class Weights:
    """Pretrained weights of one backbone: `identity` goes into the trial, `file` is read.

    `file` is None for Keras's own ImageNet download.
    """

    identity: str
    file: Path | None


def find_weights(weights: str, backbone: str, image_size: int) -> Weights:
    """Resolve the `weights` parameter: "demo", "imagenet", or a folder of Keras weight files.

    Raises `WasteError` if the folder lacks a file for the backbone, naming the one expected.
    """
    if weights == "imagenet":
        return Weights("imagenet", None)
    folder = DEMO_WEIGHTS if weights == "demo" else Path(weights)
    pattern = BACKBONES[backbone].weights_file
    found = sorted(folder.glob(pattern))
    if not found:
        present = sorted(path.name for path in folder.glob("*.h5")) or "none"
        raise WasteError(
            f"no weights for {backbone}: expected a file named {pattern}, found {present}",
            where=folder if folder.is_dir() else f"{folder} (not a folder)",
            remedy="add the file, choose other backbones, or pass WEIGHTS=imagenet with a network",
        )
    exact = [path for path in found if f"_{image_size}_" in path.name]
    file = (exact or found[-1:])[0]
    return Weights(f"sha256:{sha256_of(file)[:32]}", file)


def build_backbone(name: str, image_size: int, weights: Weights | None) -> "keras.Model":
    """The backbone without its top; `weights` None leaves it randomly initialised.

    Takes inputs as its own preprocessing makes them; see `preprocess`.
    """
    import keras  # here, so that the table can be read without waiting for TensorFlow

    row = BACKBONES[name]
    if image_size < row.smallest_size:
        raise WasteError(
            f"{name} needs images of at least {row.smallest_size} px, not {image_size}",
            where="parameter image_size of notebook 04",
            remedy=f"its own default is {row.default_size}",
        )
    application = getattr(keras.applications, row.application)
    options = {"include_top": False, "input_shape": (image_size, image_size, 3), **row.options}
    if weights is None:
        return application(weights=None, **options)
    if weights.file is None:
        return _downloaded(name, application, options)
    model = application(weights=None, **options)
    _load(model, name, weights.file)
    return model


def preprocess(name: str, pixels):
    """Pixels 0..255 as the backbone wants them: each family was trained with its own scaling."""
    module = import_module(f"keras.applications.{BACKBONES[name].module}")
    return module.preprocess_input(pixels)


def _downloaded(name: str, application, options: dict) -> "keras.Model":
    try:
        return application(weights="imagenet", **options)
    except Exception as error:  # Keras raises a plain Exception when a download fails
        raise WasteError(
            f"Keras could not download the ImageNet weights of {name}: {error}",
            remedy="check the network, or pass WEIGHTS=<folder with Keras weight files>",
        ) from error


def _load(model: "keras.Model", name: str, file: Path) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Keras only warns where a layer finds no weights
            model.load_weights(file)
    except (ValueError, OSError, KeyError, UserWarning) as error:
        raise WasteError(
            f"the weights do not fit {name}: {error}",
            where=file,
            remedy="use the file that Keras keeps in its own cache for this backbone",
        ) from error
    if BACKBONES[name].module == "efficientnet":
        _divide_by_variance(model)


def _divide_by_variance(model: "keras.Model") -> None:
    """Make an EfficientNet scale pixels as it was trained, by variance instead of deviation.

    With its own download Keras adds a layer for that; with a file it does not, and the
    network would answer, only worse. Source: TensorFlow issue 49930.
    """
    from keras import layers

    scale = next(layer for layer in model.layers if isinstance(layer, layers.Normalization))
    scale.adapt_variance.assign(scale.adapt_variance * IMAGENET_DEVIATIONS)
    scale.finalize_state()
