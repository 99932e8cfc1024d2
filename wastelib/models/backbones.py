"""The table of pretrained backbones: what each one expects, and where its weights are."""

import warnings
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from wastelib.errors import WasteError
from wastelib.files import sha256_of

if TYPE_CHECKING:
    import keras

DEMO_WEIGHTS = Path(__file__).parent.parent / "demo" / "weights"


@dataclass(frozen=True)
class Backbone:
    """One convolutional network of `keras.applications`.

    `default_size` is the side in pixels that its ImageNet weights were trained at,
    `smallest_size` the least that Keras builds it for, `weights_file` the name that Keras
    gives the weights without top, with `*` for an image size that convolutions do not mind.
    """

    application: str
    module: str
    default_size: int
    smallest_size: int
    weights_file: str
    options: dict[str, float] = field(default_factory=dict)


def _mobilenet(alpha: float, name: str) -> Backbone:
    file = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{name}_*_no_top*.h5"
    return Backbone("MobileNetV2", "mobilenet_v2", 224, 32, file, {"alpha": alpha})


_TF = "_weights_tf_dim_ordering_tf_kernels_notop.h5"

BACKBONES = {
    "InceptionResNetV2": Backbone(
        "InceptionResNetV2", "inception_resnet_v2", 299, 75, f"inception_resnet_v2{_TF}"
    ),
    "DenseNet121": Backbone("DenseNet121", "densenet", 224, 32, f"densenet121{_TF}"),
    "ResNet50": Backbone("ResNet50", "resnet50", 224, 32, f"resnet50{_TF}"),
    "MobileNetV2": _mobilenet(1.0, "1.0"),
    "MobileNetV2-0.35": _mobilenet(0.35, "0.35"),
    "InceptionV3": Backbone("InceptionV3", "inception_v3", 299, 75, f"inception_v3{_TF}"),
    "VGG16": Backbone("VGG16", "vgg16", 224, 32, f"vgg16{_TF}"),
}


def backbone_names(text: str) -> list[str]:
    """The backbones named in a parameter such as "DenseNet121, MobileNetV2".

    Raises `WasteError` for an empty list and a name that is not in the table.
    """
    names = text.replace(",", " ").split()
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
    model = getattr(keras.applications, row.application)(
        include_top=False, weights=None, input_shape=(image_size, image_size, 3), **row.options
    )
    if weights is not None:
        _load(model, name, image_size, weights)
    return model


def preprocess(name: str, pixels):
    """Pixels 0..255 as the backbone wants them: each family was trained with its own scaling."""
    module = import_module(f"keras.applications.{BACKBONES[name].module}")
    return module.preprocess_input(pixels)


def _load(model: "keras.Model", name: str, image_size: int, weights: Weights) -> None:
    import keras

    if weights.file is None:
        try:
            source = getattr(keras.applications, BACKBONES[name].application)(
                include_top=False,
                weights="imagenet",
                input_shape=(image_size, image_size, 3),
                **BACKBONES[name].options,
            )
        except Exception as error:  # Keras raises a plain Exception when a download fails
            raise WasteError(
                f"Keras could not download the ImageNet weights of {name}: {error}",
                remedy="check the network, or pass WEIGHTS=<folder with Keras weight files>",
            ) from error
        model.set_weights(source.get_weights())
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Keras only warns where a layer finds no weights
            model.load_weights(weights.file)
    except (ValueError, OSError, KeyError, UserWarning) as error:
        raise WasteError(
            f"the weights do not fit {name}: {error}",
            where=weights.file,
            remedy="use the file that Keras keeps in its own cache for this backbone",
        ) from error
