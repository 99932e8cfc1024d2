"""Every figure, drawn from numbers that were computed elsewhere, and how it is published."""

from wastelib.displays.answers import AnswerSheetDisplay, HeatSheetDisplay
from wastelib.displays.architecture import ArchitectureDisplay
from wastelib.displays.calibration import AbstentionDisplay, ReliabilityDisplay
from wastelib.displays.counts import ClassCountsDisplay, SplitDisplay
from wastelib.displays.differences import FoldsDisplay, LeakDisplay, RankingDisplay
from wastelib.displays.front import DropDisplay, FrontDisplay
from wastelib.displays.groups import AgreementDisplay, LikenessDisplay
from wastelib.displays.ladder import LadderDisplay, StepsDisplay
from wastelib.displays.publish import difference, escape_markdown, estimate, say, show, table
from wastelib.displays.questions import ArmsDisplay, DataCurveDisplay
from wastelib.displays.scores import ConfusionDisplay, CostDisplay, PerClassDisplay
from wastelib.displays.search import ImportancesDisplay, RangeTestDisplay, SearchHistoryDisplay
from wastelib.displays.seeds import SeedCurvesDisplay
from wastelib.displays.sheets import GroupSheetDisplay, SampleSheetDisplay
from wastelib.displays.training import LearningCurvesDisplay, RateChoiceDisplay

__all__ = [
    "AbstentionDisplay",
    "AgreementDisplay",
    "AnswerSheetDisplay",
    "ArchitectureDisplay",
    "ArmsDisplay",
    "ClassCountsDisplay",
    "ConfusionDisplay",
    "CostDisplay",
    "DataCurveDisplay",
    "DropDisplay",
    "FoldsDisplay",
    "FrontDisplay",
    "GroupSheetDisplay",
    "HeatSheetDisplay",
    "ImportancesDisplay",
    "LadderDisplay",
    "LeakDisplay",
    "LearningCurvesDisplay",
    "LikenessDisplay",
    "PerClassDisplay",
    "RangeTestDisplay",
    "RankingDisplay",
    "RateChoiceDisplay",
    "ReliabilityDisplay",
    "SampleSheetDisplay",
    "SearchHistoryDisplay",
    "SeedCurvesDisplay",
    "SplitDisplay",
    "StepsDisplay",
    "difference",
    "escape_markdown",
    "estimate",
    "say",
    "show",
    "table",
]
