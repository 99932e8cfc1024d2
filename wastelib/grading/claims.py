"""What a record claims, each claim against the re-run: recorded, re-run, band, verdict."""

import itertools
import math
from collections.abc import Collection, Iterator

from wastelib.grading.contradictions import PRINTED, SAYS, contradiction, twice
from wastelib.grading.found import DataFacts, Found, RunFacts
from wastelib.grading.records import Claim, Value, Verdict
from wastelib.grading.reference import MODEL_FIGURES, Reference
from wastelib.grading.texts import MOST_TABLES, answer_claims, table_claims
from wastelib.report.results import ModelResult, RateResult, Results

MOST = 60  # models, rates and classes of one record that are looked at
LABELS = {
    "test_accuracy": ("test accuracy", "share"),
    "test_macro_f1": ("test macro F1", "share"),
    "test_loss": ("test loss", "number"),
    "validation_accuracy": ("validation accuracy", "share"),
    "validation_loss": ("validation loss", "number"),
    "parameters": ("parameters", "count"),
    "trainable_parameters": ("trained parameters", "count"),
    "epochs": ("epochs", "count"),
    "image_size": ("image size, pixels", "count"),
}
MODEL_COUNTS = ("parameters", "trainable_parameters", "epochs", "image_size")


def judge(
    recorded: Results | None, found: Found, reference: Reference, notebooks: Collection[str]
) -> list[Claim]:
    """All claims of a record, and of one that lacks something those that it should have.

    It should have the models of the reference, and an answer of each of the `notebooks`.
    """
    return [
        *_amounts(recorded),
        *_data_claims(recorded, found.data),
        *_model_claims(recorded, found, reference),
        *_order_claims(recorded, found, reference),
        *_rate_claims(recorded, found, reference),
        *table_claims(recorded, found, _widest_points(reference)),
        *answer_claims(recorded, found, _widest_points(reference), notebooks),
    ]


def _amounts(recorded: Results | None) -> Iterator[Claim]:
    """A claim that fails for each list that is longer than what is looked at."""
    if recorded is None:
        return
    lists = {
        "models": recorded.models,
        "learning rates": recorded.learning_rates,
        "classes": recorded.dataset.images_per_class,
        "tables": recorded.tables,
    }
    for name, entries in lists.items():
        most = MOST_TABLES if name == "tables" else MOST
        if len(entries) > most:
            reason = f"more than {most} are not looked at"
            yield exact(name, "Amounts", "count", len(entries), most, reason)


def exact(name: str, subject: str, form: str, recorded: Value, rerun: Value, reason="") -> Claim:
    """A claim with one right value."""
    verdict: Verdict = "reproduced" if recorded == rerun else "not reproduced"
    if recorded is None or rerun is None:
        verdict, reason = "missing", _absence(recorded, rerun)
    return Claim(
        name=name,
        subject=subject,
        form=form,
        recorded=recorded,
        rerun=rerun,
        by="grader",
        verdict=verdict,
        reason=reason,
    )


def _absence(recorded: object, rerun: object) -> str:
    if recorded is None and rerun is None:
        return "neither recorded nor found again"
    return "not recorded" if recorded is None else "the re-run has none"


def _data_claims(recorded: Results | None, found: DataFacts | None) -> Iterator[Claim]:
    subject = "Data"
    theirs, ours = {}, {}
    if recorded is not None:
        data = recorded.dataset
        split = data.split
        theirs = {"images": data.images, "groups": data.groups, "skipped": data.skipped}
        theirs |= {f"{name} images": getattr(split, name) for name in _SUBSETS}
        shown = itertools.islice(data.images_per_class.items(), MOST)
        theirs |= {f"images of {label}": count for label, count in shown}
        theirs["split"] = split.method
    if found is not None:
        ours = {name: getattr(found, name) for name in ("images", "groups", "skipped")}
        ours |= {f"{name} images": getattr(found, name) for name in _SUBSETS}
        ours |= {f"images of {label}": n for label, n in found.images_per_class.items()}
        ours["split"] = "random" if found.torn_groups else "group"
    for name in theirs | ours:
        form = "text" if name == "split" else "count"
        yield exact(name, subject, form, theirs.get(name), ours.get(name))


_SUBSETS = ("train", "validation", "test")


def _model_claims(recorded: Results | None, found: Found, reference: Reference) -> Iterator[Claim]:
    theirs = {m.name: m for m in recorded.models[:MOST]} if recorded else {}
    repeated = twice(m.name for m in recorded.models) if recorded else set()
    for name in theirs | found.models | dict.fromkeys(reference.models):
        mine, rerun = theirs.get(name), found.models.get(name)
        for figure in MODEL_COUNTS:
            label, form = LABELS[figure]
            values = (getattr(one, figure) if one else None for one in (mine, rerun))
            yield exact(label, name, form, *values)
        for figure in MODEL_FIGURES:
            against = contradiction(mine, figure) if mine else ""
            if name in repeated:
                against = f"{SAYS}: it has this model more than once"
            yield _score(figure, name, mine, rerun, reference, against)


def _score(
    figure: str,
    subject: str,
    mine: ModelResult | RateResult | None,
    rerun: RunFacts | None,
    reference: Reference,
    against: str = "",  # how the record contradicts itself
) -> Claim:
    """A claim about a figure that other seeds would have made another."""
    label, form = LABELS[figure]
    before = getattr(mine, figure) if mine else None
    after = getattr(rerun, figure) if rerun else None
    found = reference.band(figure, subject)
    limits = (0.0, 1.0) if form == "share" else (0.0, math.inf)
    interval = found.around(after, *limits) if found and after is not None else None
    verdict, reason = _verdict(before, after, found.half if found else 0.0)
    if mine is None or rerun is None:  # which is not the same as a figure that is no number
        verdict, reason = "missing", _absence(mine, rerun)
    if mine and rerun and mine.run != rerun.run:
        reason = "; ".join(filter(None, [reason, "the re-run trained another trial"]))
    if against:
        verdict, reason = "not reproduced", against
    return Claim(
        name=label,
        subject=subject,
        form=form,
        recorded=_finite(before),
        rerun=_finite(after),
        band=interval,
        by="grader",
        verdict=verdict,
        reason=reason,
    )


def _verdict(before: float | None, after: float | None, half: float) -> tuple[Verdict, str]:
    if before is None and after is None:
        return "reproduced", "diverged, then and now"
    if before is None or after is None:
        return "missing", _absence(before, after)
    apart = abs(before - after)
    if apart <= PRINTED:
        return "reproduced", ""
    if apart <= half:
        return "within noise", ""
    return "not reproduced", "further apart than other seeds explain"


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _order_claims(recorded: Results | None, found: Found, reference: Reference) -> Iterator[Claim]:
    """Which of two models is better on the test, for every pair."""
    theirs = {m.name: m.test_accuracy for m in recorded.models[:10]} if recorded else {}
    ours = {name: facts.test_accuracy for name, facts in found.models.items()}
    for one, other in itertools.combinations(theirs or ours, 2):
        before, after = _ahead(theirs, one, other), _ahead(ours, one, other)
        halves = [b.half if (b := reference.band("test_accuracy", n)) else 0 for n in (one, other)]
        half = math.hypot(*halves)
        verdict, reason = "missing", _absence(before, after)
        if before is not None and after is not None:
            same = (before > 0) == (after > 0) and (before < 0) == (after < 0)
            near = abs(before - after) <= half
            verdict = "reproduced" if same else "within noise" if near else "not reproduced"
            reason = "" if same else "the order changed" + (", as seeds may" if near else "")
        yield Claim(
            name=f"{one} or {other}",
            subject="Which model is better on the test",
            form="text",
            recorded=_order(before, one, other),
            rerun=_order(after, one, other),
            by="grader",
            verdict=verdict,
            reason=reason,
        )


def _ahead(scores: dict[str, float], one: str, other: str) -> float | None:
    return scores[one] - scores[other] if one in scores and other in scores else None


def _order(ahead: float | None, one: str, other: str) -> str | None:
    if ahead is None or not math.isfinite(ahead):
        return None
    if ahead == 0:
        return "neither"
    return f"{one if ahead > 0 else other}, by {100 * abs(ahead):.1f} points"


def _rate_claims(recorded: Results | None, found: Found, reference: Reference) -> Iterator[Claim]:
    theirs = {_rate_name(rate): rate for rate in recorded.learning_rates[:MOST]} if recorded else {}
    ours = {_rate_name(rate): rate for rate in found.rates}
    repeated = twice(map(_rate_name, recorded.learning_rates)) if recorded else set()
    for name in theirs | ours:
        mine, rerun = theirs.get(name), ours.get(name)
        epochs = (one and one.epochs for one in (mine, rerun))
        yield exact("epochs", name, "count", *epochs)
        against = f"{SAYS}: it has this rate more than once" if name in repeated else ""
        for figure in ("validation_accuracy", "validation_loss"):
            yield _score(figure, name, mine, rerun, reference, against)
    chosen = [name for name, rate in theirs.items() if rate.chosen]
    before = chosen[0] if len(chosen) == 1 else None
    after = _rate_name(found.chosen) if found.chosen else None
    claim = exact("chosen learning rate", "Learning rates", "text", before, after)
    if claim.verdict == "not reproduced":
        claim = claim.model_copy(update=_near_choice(before, ours, found.chosen, reference))
    best = min(_losses(theirs), key=_losses(theirs).get, default=None)
    if before and best and before != best:
        reason = f"{SAYS}: it has a lower loss for {best}"
        claim = claim.model_copy(update={"verdict": "not reproduced", "reason": reason})
    yield claim


def _near_choice(
    before: str, ours: dict[str, RunFacts], chosen: RunFacts, reference: Reference
) -> dict:
    """Another choice is noise if the re-run has hardly another loss for the recorded one."""
    found = reference.band("validation_loss")
    rival = ours.get(before)
    losses = (rival and rival.validation_loss, chosen.validation_loss)
    if found is None or None in losses:
        return {}
    apart = abs(losses[0] - losses[1])
    if apart > found.half:
        return {"reason": f"the losses of the two are {apart:.3f} apart"}
    reason = f"the losses of the two are {apart:.3f} apart, as seeds may"
    return {"verdict": "within noise", "reason": reason}


def _losses(rates: dict[str, RateResult]) -> dict[str, float]:
    """Of Adam's rates, among which the choice is made."""
    adam = {n: r.validation_loss for n, r in rates.items() if r.optimizer == "adam"}
    return {n: loss for n, loss in adam.items() if loss is not None and math.isfinite(loss)}


def _rate_name(rate: RateResult | RunFacts) -> str:
    momentum = f", momentum {rate.momentum:g}" if rate.momentum else ""
    return f"{rate.optimizer} at {rate.learning_rate:g}{momentum}"[:80]


def _widest_points(reference: Reference) -> float:
    """Half the widest band of a test score, in percentage points."""
    found = reference.band("test_accuracy", "of no model")
    return 100 * found.half if found else 0.0
