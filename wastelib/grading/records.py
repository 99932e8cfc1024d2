"""The schema of `grade.json`: every claim with its verdict, and how each was come by."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Verdict = Literal["reproduced", "within noise", "not reproduced", "missing"]
VERDICTS: tuple[Verdict, ...] = ("reproduced", "within noise", "not reproduced", "missing")
Value = int | float | str | None
LONGEST = 2000  # characters that are kept of any words


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _keep_words_that_can_be_written(cls, facts: object) -> object:
        """Names of files and a submission's words may be endless, or hold what UTF-8 cannot."""
        if not isinstance(facts, dict):
            return facts
        return {k: _writable(v) if isinstance(v, str) else v for k, v in facts.items()}


def _writable(words: str) -> str:
    return words[:LONGEST].encode("utf-8", "backslashreplace").decode("utf-8")


class Claim(_Record):
    """One thing that a record says. Shares lie in 0..1; `form` says how a value is printed."""

    name: str
    subject: str = Field(description="the heading that it stands under")
    form: Literal["share", "number", "count", "text"]
    recorded: Value = None
    rerun: Value = None
    band: tuple[float, float] | None = Field(
        None, description="values that other seeds would give; null where there is one right one"
    )
    by: Literal["grader", "notebook"] = Field(
        description="who computed the re-run value: the grader, from a run that it trained "
        "itself, or the submission's own code"
    )
    verdict: Verdict
    reason: str = ""


class Problem(_Record):
    """What a reader of the verdicts must know of a submission."""

    kind: Literal[
        "stopped",  # a limit ended a notebook
        "failed",  # a cell raised, or a notebook's process died
        "outside",  # a cell was kept from files or connections outside its folder
        "check restored",
        "contradiction",  # the record disagrees with itself
        "unreadable",
        "missing",
        "parameters",
        "not used",
    ]
    notebook: str | None = None
    what: str


class Exercise(_Record):
    """How one check cell of the course ended."""

    notebook: str
    name: str
    outcome: Literal["passed", "failed", "not run"]
    says: str = Field("", description="what the check said is wrong")


class Execution(_Record):
    """One notebook, run again."""

    notebook: str
    ended: Literal["done", "failed", "stopped", "missing"]
    seconds: float
    peak_bytes: int = Field(description="largest memory of all its processes together, as sampled")
    changed_cells: int = Field(description="code cells that are not as in the project's notebook")


class Grade(_Record):
    """One submission."""

    submission: str
    verdict: Verdict = Field(description="the worst of its claims")
    claims: list[Claim]
    problems: list[Problem]
    exercises: list[Exercise]
    notebooks: list[Execution]
    trained: list[str] = Field(description="hashes of trials that were trained for it alone")
    seconds: float


class Spread(_Record):
    """The same figure of one trial under several seeds, as trained by the grader."""

    name: str
    figure: str
    values: list[float]


class Grading(_Record):
    """All submissions of one call."""

    schema_version: Literal[1] = 1
    profile: str
    dataset: str
    finished: str = Field(description="UTC time, ISO 8601")
    seconds: float
    jobs: int = Field(description="submissions graded side by side")
    enforced: dict[str, str] = Field(description="what kept submissions in their place, in words")
    limits: dict[str, str] = Field(description="of each notebook, in words")
    spreads: list[Spread]
    environment: dict
    grades: list[Grade]
