"""A trial that is trained in a second, for tests in several folders."""

from wastelib.training.trial import CustomModel, Trial


def trial_of(dataset, **changes) -> Trial:
    """The published network at 16 px on a dataset as `prepare_small` makes it."""
    settings = {
        "dataset": dataset.fingerprint,
        "split": dataset.splits["group"].fingerprint,
        "model": CustomModel(),
        "image_size": 16,
        "learning_rate": 1e-3,
        "batch_size": 8,
        "epochs": 2,
    }
    return Trial(**settings | changes)
