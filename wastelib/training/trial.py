"""Trial: the complete, frozen, serialisable description of one training."""

import hashlib
import json
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from wastelib.settings import Augmentation, View


def _added(default: Any, **limits: Any) -> Any:
    """A field that came when runs had been recorded already; `default` is how it was before.

    At its default it is left out of the description, so that old trials keep their hash, and
    their runs the names they are known by.
    """
    return Field(default, exclude_if=lambda value: value == default, **limits)


class _Description(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CustomModel(_Description):
    """A network trained from scratch; `network` is a key of `models.custom.CUSTOM`."""

    kind: Literal["custom"] = "custom"
    network: str = "published_cnn"


class PretrainedModel(_Description):
    """A backbone of `models.backbones.BACKBONES` with a new head.

    `weights` is the identity that `find_weights` returns, `unfrozen_layers` the number of
    top layers that are trained together with the head. `start` is the hash of a finished
    trial of the same backbone and head, with no more layers unfrozen, whose weights the
    training starts from: first the head alone, then layers from the top.
    """

    kind: Literal["pretrained"] = "pretrained"
    backbone: str
    weights: str
    head_units: int = Field(128, ge=1)
    unfrozen_layers: int = Field(0, ge=0)
    start: str | None = None


class Trial(_Description):
    """Everything that the outcome of a training depends on; equal trials are the same trial.

    `dataset` and `split` are fingerprints. `patience` ends the training after so many epochs
    without a lower validation loss (0: never); `restore_best` keeps the weights of the epoch
    with the lowest validation loss instead of the last. `precision` is that of the
    computation; weights and their updates are float32 always.

    `augmentation` names what changes training images at random (`models.augmentation`),
    `class_weights` how much the loss of each class counts in training ("balanced": in inverse
    proportion to its images), and `view` what the network is shown of each image
    (`data.views`); validation and test images have the same view, and are never augmented.

    The learning rate is reached in equal steps over the first `warmup_epochs`, and stays
    ("constant") or falls along half a cosine to 0, where it is after `epochs` ("cosine").
    `weight_decay` is AdamW's: in each step weights lose this share of themselves, times the
    learning rate; biases and normalizations lose nothing. `label_smoothing` is the share of a
    training label that is spread over all classes; the validation loss is of labels as they
    are. `averaging` is the momentum of an exponential moving average of the weights (0: none):
    validation, best epoch and the run's model are then those of the averaged weights.

    In fine-tuning, the learning rate of each unfrozen stage of the backbone is `rate_decay` times
    that of the stage above it (`models.layers.stages`); the head has the full rate.

    `teacher` is the hash of a finished run of the same dataset, split, image_size and view: the
    network learns the labels, and with a weight of `teacher_share` what the teacher's model says
    of the same images, both softened by `teacher_temperature` (see `training.distillation`). The
    validation loss is of the labels alone.

    `test_augmentation` averages the answers to several pictures of each validation and test
    image: it and its mirror image ("flips"), or all eight ways to turn and mirror it ("turns").
    `tested_on` is the fingerprint of another dataset, all of whose images of known classes are
    then the test subset.
    """

    dataset: str
    split: str
    model: Annotated[CustomModel | PretrainedModel, Field(discriminator="kind")]
    image_size: int = Field(ge=16)
    optimizer: Literal["adam", "sgd", "adamw"] = "adam"
    learning_rate: float = Field(gt=0)
    momentum: float = Field(0.0, ge=0, lt=1)
    batch_size: int = Field(32, ge=1)
    epochs: int = Field(ge=1)
    patience: int = Field(0, ge=0)
    restore_best: bool = False
    precision: Literal["float32", "bfloat16"] = "float32"
    augmentation: Augmentation = "none"
    class_weights: Literal["none", "balanced"] = "none"
    view: View = "colour"
    seed: int = Field(42, ge=0)
    weight_decay: float = _added(0.0, ge=0)
    schedule: Literal["constant", "cosine"] = _added("constant")
    warmup_epochs: int = _added(0, ge=0)
    label_smoothing: float = _added(0.0, ge=0, lt=1)
    averaging: float = _added(0.0, ge=0, lt=1)
    test_augmentation: Literal["none", "flips", "turns"] = _added("none")
    tested_on: str | None = _added(None)
    rate_decay: float = _added(1.0, gt=0, le=1)
    teacher: str | None = _added(None)
    teacher_share: float = _added(0.5, gt=0, le=1)
    teacher_temperature: float = _added(3.0, gt=0)

    @model_validator(mode="after")
    def _every_setting_has_an_effect(self) -> Self:
        if self.weight_decay and self.optimizer != "adamw":
            raise ValueError(f"weight_decay is adamw's, and the optimizer is {self.optimizer}")
        if self.warmup_epochs >= self.epochs:
            raise ValueError(
                f"warmup_epochs, {self.warmup_epochs}, must be less than epochs, {self.epochs}"
            )
        if self.rate_decay < 1 and not getattr(self.model, "unfrozen_layers", 0):
            raise ValueError("rate_decay is of unfrozen layers, and the model has none")
        if self.teacher is None and (self.teacher_share, self.teacher_temperature) != (0.5, 3.0):
            raise ValueError("teacher_share and teacher_temperature need a teacher")
        if self.teacher is not None and self.class_weights != "none":
            raise ValueError("class_weights have no part in what a teacher says")
        return self

    @property
    def trained(self) -> "Trial":
        """The trial whose training this one shares: it is tested plainly, on its own dataset."""
        return self.model_copy(update={"test_augmentation": "none", "tested_on": None})

    @property
    def reads_features(self) -> bool:
        """Whether it trains on stored features instead of pixels.

        Images that are changed in every epoch have no features to store: they go through the
        whole network, frozen layers too, and an epoch takes many times as long. So do those
        that a teacher looks at as well.
        """
        if self.model.kind != "pretrained":
            return False
        return self.augmentation == "none" and self.teacher is None

    @property
    def hash(self) -> str:
        """Names the run: 16 hexadecimal digits of the SHA-256 of the description."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
