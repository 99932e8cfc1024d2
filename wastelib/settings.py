"""The parameters of every notebook: names, types, defaults, and what is allowed.

Each notebook's `parameters` cell repeats the names, types and defaults of its model here;
a test holds the two together. Profiles fill them (see `profiles`).
"""

import itertools
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Share = Annotated[float, Field(gt=0, lt=1)]
Rate = Annotated[float, Field(gt=0, le=10)]
Count = Annotated[int, Field(ge=1)]
Name = Annotated[str, Field(pattern=r"^[\w.-]+$")]
FORMATS = ("litert-float32", "litert-float16", "litert-int8", "onnx")  # of exported models
ImageSize = Annotated[int, Field(ge=16, le=1024)]
View = Literal["colour", "grey", "edges"]  # what a network is shown of a photograph
Augmentation = Literal[
    "none", "flips_shifts", "published", "randaugment", "mixup", "cutmix", "strong"
]


class Parameters(BaseModel):
    """What every notebook takes. Strict: a string is never read as a number or a switch."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    build_folder: str = "../report/build/demo"
    seed: int = Field(42, ge=0, lt=2**31)


class DataPreparation(Parameters):
    """01: which photographs, which files to skip, how to split."""

    data: str = "demo"
    dataset_name: str = ""
    demo_images: int = Field(1200, ge=90, le=100_000)
    unreadable_limit: float = Field(0.05, ge=0, le=1)
    group_similarity: float = Field(0.8, gt=0, le=1)
    group_neighbours: int = Field(3, ge=0, le=20)
    group_hash_distance: int = Field(4, ge=0, le=16)
    train_share: Share = 0.6
    validation_share: Share = 0.2

    @model_validator(mode="after")
    def _leave_some_for_the_test(self) -> Self:
        if self.train_share + self.validation_share > 0.99:
            raise ValueError("train_share and validation_share leave less than 1 % for the test")
        return self


class Computing(Parameters):
    """What every notebook that trains takes."""

    batch_size: Count = 16
    precision: Literal["float32", "bfloat16"] = "float32"
    scheduler: str = ""


class Training(Computing):
    """The same for notebooks that train on one split."""

    split_method: Literal["group", "random"] = "group"


class CustomCNN(Training):
    """02: the published network, under several seeds, and cross-validated if `folds` is not 0.

    Then its sequel, a residual network by a recipe, if `residual` names one, and what each
    ingredient of the recipe is worth, if `ablation_seeds` is not 0.
    """

    image_size: ImageSize = 64
    epochs: Count = 20
    learning_rate: Rate = 1e-3
    patience: int = Field(0, ge=0)
    restore_best: bool = True
    seeds: int = Field(3, ge=1, le=20)
    folds: int = Field(0, ge=0, le=20)
    residual: Literal["", "residual_s", "residual_m", "residual_l"] = "residual_s"
    residual_size: ImageSize = 64
    residual_epochs: Count = 12
    residual_rate: Rate = 3e-3
    residual_decay: float = Field(0.05, ge=0, le=10)
    residual_augmentation: Augmentation = "strong"
    residual_patience: int = Field(0, ge=0)
    ablation_seeds: int = Field(0, ge=0, le=20)
    ablation_size: ImageSize = 32
    ablation_epochs: Count = 4

    @field_validator("folds")
    @classmethod
    def _have_three_parts(cls, folds: int) -> int:
        if 0 < folds < 3:
            raise ValueError("folds need a part each to train on, to choose with and to test on")
        return folds

    @field_validator("ablation_seeds")
    @classmethod
    def _show_how_much_seeds_matter(cls, seeds: int) -> int:
        if seeds == 1:
            raise ValueError("one seed alone does not show how much seeds matter")
        return seeds

    @model_validator(mode="after")
    def _have_a_recipe_to_take_apart(self) -> Self:
        if self.ablation_seeds and not self.residual:
            raise ValueError("ablation_seeds asks for a residual network, and residual is empty")
        return self


class LearningRates(Training):
    """03: the rates to compare, the optimizers, and a search if `search_trials` is not 0."""

    image_size: ImageSize = 64
    epochs: Count = 5
    lowest_rate: Rate = 1e-4
    highest_rate: Rate = 1e-1
    rate_count: int = Field(4, ge=2, le=20)
    sgd_rate: Rate = 1e-2
    momentum: float = Field(0.9, gt=0, lt=1)
    range_steps: int = Field(100, ge=2, le=10_000)
    search_trials: int = Field(8, ge=0, le=1000)
    search_epochs: Count = 4
    search_size: ImageSize = 32

    @model_validator(mode="after")
    def _have_an_order(self) -> Self:
        if self.lowest_rate >= self.highest_rate:
            raise ValueError("lowest_rate is not below highest_rate")
        return self


class PretrainedFineTuning(Training):
    """04: the backbones, their heads, and how the rounds of fine-tuning go on from there."""

    weights: str = "demo"
    backbones: str = "MobileNetV2-0.35"
    image_size: int = Field(96, ge=0, le=1024)
    head_units: Count = 128
    epochs: Count = 10
    learning_rate: Rate = 1e-3
    patience: int = Field(0, ge=0)
    class_weights: Literal["none", "balanced"] = "none"
    unfrozen_layers: str = "20, 60"
    fine_tuning_epochs: Count = 5
    fine_tuning_rates: str = "1e-4, 3e-4"
    rate_decay: float = Field(0.5, gt=0, le=1)
    weight_decay: float = Field(0.0, ge=0, le=1)
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    augmentation: Augmentation = "none"

    @model_validator(mode="after")
    def _have_rounds_and_rates(self) -> Self:
        layer_counts(self.unfrozen_layers)
        learning_rates(self.fine_tuning_rates)
        return self


class ModelComparison(Parameters):
    """05: reads runs, trains nothing."""


class TheLeak(Computing):
    """06: the same models on random and on grouped splits."""

    split_seeds: int = Field(5, ge=2, le=20)
    weights: str = "demo"
    backbone: Name = "MobileNetV2-0.35"
    backbone_size: ImageSize = 96
    image_size: ImageSize = 32
    epochs: Count = 12
    learning_rate: Rate = 1e-3


class Trust(Parameters):
    """07: reads runs, trains nothing."""

    bins: int = Field(10, ge=2, le=50)
    wanted_accuracy: Share = 0.8
    shown: int = Field(8, ge=1, le=12)
    wrong_share: float = Field(0.05, gt=0, lt=0.5)


class OpenQuestions(Training):
    """08: the budget of every experiment, and what the experiments vary."""

    weights: str = "demo"
    backbone: Name = "MobileNetV2-0.35"
    backbone_size: ImageSize = 64
    image_size: ImageSize = 32
    seeds: int = Field(2, ge=2, le=20)
    epochs: Count = 4
    most_epochs: Count = 8
    learning_rate: Rate = 1e-3
    sgd_rate: Rate = 1e-2
    momentum: float = Field(0.9, gt=0, lt=1)
    training_shares: str = "10, 30, 100"
    fine_tuning_epochs: Count = 1
    fine_tuning_rate: Rate = 1e-4

    @model_validator(mode="after")
    def _have_shares_to_fit(self) -> Self:
        percentages(self.training_shares)
        return self


# What 09 can train, from the bottom of its ladder to the top; how it can look at an image.
LADDER = ("published", "large", "small", "distilled", "frozen", "tuned")
PICTURES = ("flips", "turns")


class ModelsThatWin(Computing):
    """09: which models are on the ladder, at which sizes, and how long each is trained."""

    split_seeds: int = Field(2, ge=2, le=20)
    models: str = "published, large, small, distilled, frozen, tuned"
    members: int = Field(2, ge=1, le=20)
    test_augmentations: str = "flips, turns"
    image_size: ImageSize = 32
    epochs: Count = 6
    small_size: ImageSize = 96
    recipe_epochs: Count = 3
    recipe_augmentation: Augmentation = "strong"
    teacher_share: Share = 0.5
    weights: str = "demo"
    backbone: Name = "MobileNetV2-0.35"
    backbone_size: ImageSize = 96
    unfrozen_layers: str = "20"
    fine_tuning_epochs: Count = 1
    fine_tuning_rate: Rate = 1e-4
    rate_decay: float = Field(0.5, gt=0, le=1)
    fine_tuning_augmentation: Augmentation = "none"

    @model_validator(mode="after")
    def _name_what_there_is(self) -> Self:
        if not named(self.models, LADDER):
            raise ValueError(f"models names none of: {', '.join(LADDER)}")
        named(self.test_augmentations, PICTURES)
        if not layer_counts(self.unfrozen_layers):
            raise ValueError("unfrozen_layers names no layers to fine-tune")
        return self


def words(text: str) -> list[str]:
    """The words of a parameter such as "10, 30, 100"."""
    return text.replace(",", " ").split()


def named(text: str, known: Sequence[str]) -> list[str]:
    """The words of a parameter such as "flips, turns", in the order of `known`.

    Raises `ValueError` for a word that is not known.
    """
    found = words(text)
    if unknown := [word for word in found if word not in known]:
        raise ValueError(f"{unknown[0]!r} is none of: {', '.join(known)}")
    return [word for word in known if word in found]


class OutOfTheNotebook(Parameters):
    """10: which models are exported, what the belt has room for, and other photographs."""

    formats: str = "litert-float32, litert-float16, litert-int8, onnx"
    most_parameters: Count = 30_000_000
    per_kind: int = Field(0, ge=0)
    belt_kilobytes: float = Field(1000.0, gt=0)
    belt_milliseconds: float = Field(10.0, gt=0)
    other_data: str = "demo-clean"
    other_images: int = Field(180, ge=90, le=100_000)
    unreadable_limit: float = Field(0.05, ge=0, le=1)

    @field_validator("formats")
    @classmethod
    def _name_formats(cls, formats: str) -> str:
        names = words(formats)
        if not names or set(names) - set(FORMATS):
            raise ValueError(f"{formats!r} does not name formats of: {', '.join(FORMATS)}")
        return formats


def percentages(text: str) -> list[float]:
    """The shares that a parameter such as "10, 30, 100" names, in per cent, as 0.1, 0.3, 1.0.

    Raises `ValueError` unless they are three or more, ascend from above 0 and end with 100.
    """
    values = _rising(text)
    if len(values) < 3 or values[-1] != 100:
        raise ValueError(f"{text!r} are not three or more rising percentages that end with 100")
    return [value / 100 for value in values]


def layer_counts(text: str) -> list[int]:
    """How many top layers each round of fine-tuning trains: "20, 60" as [20, 60]; "": no round.

    Raises `ValueError` unless they are whole numbers that ascend from above 0.
    """
    given = words(text)
    counts = [int(word) for word in given if word.isdecimal()]
    ascending = all(fewer < more for fewer, more in itertools.pairwise([0, *counts]))
    if len(counts) < len(given) or not ascending:
        raise ValueError(f"{text!r} are not rising numbers of layers, each above 0")
    return counts


def learning_rates(text: str) -> list[float]:
    """The rates that a parameter such as "1e-4, 3e-4" names, as [0.0001, 0.0003].

    Raises `ValueError` unless there is at least one, and they ascend from above 0 to 10 at most.
    """
    rates = _rising(text)
    if not rates or not rates[-1] <= 10:
        raise ValueError(f"{text!r} are not one or more rising rates from above 0 to 10")
    return rates


def _rising(text: str) -> list[float]:
    """The numbers of a parameter; none unless all are, and they ascend from above 0."""
    try:
        values = [float(word) for word in words(text)]
    except ValueError:
        return []
    ascending = all(low < high for low, high in itertools.pairwise([0.0, *values]))
    return values if ascending else []


NOTEBOOKS: dict[str, type[Parameters]] = {
    "01_data_preparation": DataPreparation,
    "02_custom_cnn": CustomCNN,
    "03_learning_rate_comparison": LearningRates,
    "04_pretrained_fine_tuning": PretrainedFineTuning,
    "05_model_comparison": ModelComparison,
    "06_the_leak": TheLeak,
    "07_trust": Trust,
    "08_open_questions": OpenQuestions,
    "09_models_that_win": ModelsThatWin,
    "10_out_of_the_notebook": OutOfTheNotebook,
}

# Whose files in the build folder a notebook reads. It is run after these; what does not read
# from each other may run side by side.
READS: dict[str, tuple[str, ...]] = {
    "01_data_preparation": (),
    "02_custom_cnn": ("01_data_preparation",),
    "03_learning_rate_comparison": ("01_data_preparation",),
    "04_pretrained_fine_tuning": ("01_data_preparation",),
    "05_model_comparison": (
        "01_data_preparation",
        "02_custom_cnn",
        "03_learning_rate_comparison",
        "04_pretrained_fine_tuning",
    ),
    "06_the_leak": ("01_data_preparation",),
    "07_trust": ("01_data_preparation", "02_custom_cnn", "04_pretrained_fine_tuning"),
    "08_open_questions": ("01_data_preparation",),
    "09_models_that_win": ("01_data_preparation",),
    "10_out_of_the_notebook": (
        "01_data_preparation",
        "02_custom_cnn",
        "04_pretrained_fine_tuning",
        "09_models_that_win",
    ),
}

# Notebooks that measure time, beside which no other is run.
ALONE = ("10_out_of_the_notebook",)
