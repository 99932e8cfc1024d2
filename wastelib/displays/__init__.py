"""Every figure, drawn from numbers that were computed elsewhere, and how it is published."""

from wastelib.displays.architecture import ArchitectureDisplay
from wastelib.displays.counts import ClassCountsDisplay, SplitDisplay
from wastelib.displays.groups import AgreementDisplay, LikenessDisplay
from wastelib.displays.publish import escape_markdown, say, show, table
from wastelib.displays.scores import ConfusionDisplay, CostDisplay, PerClassDisplay
from wastelib.displays.sheets import GroupSheetDisplay, SampleSheetDisplay
from wastelib.displays.training import LearningCurvesDisplay, RateChoiceDisplay

__all__ = [
    "AgreementDisplay",
    "ArchitectureDisplay",
    "ClassCountsDisplay",
    "ConfusionDisplay",
    "CostDisplay",
    "GroupSheetDisplay",
    "LearningCurvesDisplay",
    "LikenessDisplay",
    "PerClassDisplay",
    "RateChoiceDisplay",
    "SampleSheetDisplay",
    "SplitDisplay",
    "escape_markdown",
    "say",
    "show",
    "table",
]
