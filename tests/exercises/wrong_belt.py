"""Typical wrong answers to the exercises of notebook 10, by what their check says."""

import numpy as np


def bytes_of(steps=255, rounded=round, widened="both", sign=-1):
    def found(low, high):
        if widened:
            low, high = min(low, 0), max(high, 0) if widened == "both" else high
        scale = (high - low) / steps
        return scale, rounded(sign * low / scale)

    return found


def fold(root=np.sqrt, with_epsilon=True, scaled=True, bias_too="normalized"):
    def found(weights, bias, gamma, beta, mean, variance, epsilon):
        deviation = np.sqrt(variance + epsilon)
        by = root(variance + (epsilon if with_epsilon else 0))
        new = {
            "normalized": beta + gamma * (bias - mean) / deviation,
            "lost": beta - gamma * mean / deviation,
            "added": bias + beta - gamma * mean / deviation,
        }
        return weights * gamma / by if scaled else weights, new[bias_too]

    return found


def drawn(subset="train", replace=False, seeded=True, shuffled=True, at_most=True):
    def found(table, count, seed):
        names = table.loc[table["subset"] == subset, "image"].to_numpy(str)
        if not shuffled:
            return names[:count].tolist()
        count = min(count, len(names)) if at_most else count
        rng = np.random.default_rng(seed if seeded else None)
        return rng.choice(names, count, replace=replace or not at_most).tolist()

    return found


def beaten_by(smaller, better, either=lambda *_: True):
    """A front of what nobody beats by these two comparisons of the other with the one."""

    def found(sizes, accuracies):
        beaten = [
            any(
                smaller(s, size) and better(a, accuracy) and either(s, size, a, accuracy)
                for s, a in zip(sizes, accuracies, strict=True)
            )
            for size, accuracy in zip(sizes, accuracies, strict=True)
        ]
        return ~np.array(beaten)

    return found


def elsewhere(drop=True, common_only=False, by_place=False, per_class=False, nothing=None):
    def found(probabilities, ours, labels):
        known = np.isin(labels, ours)
        names = np.array(sorted(ours) if by_place else ours)
        if common_only:
            probabilities = probabilities * np.isin(names, labels)
        right = names[probabilities.argmax(axis=1)] == labels
        if drop:
            if not known.any():
                return nothing
            right, labels = right[known], labels[known]
        if per_class:
            return np.mean([right[labels == label].mean() for label in np.unique(labels)])
        return right.mean()

    return found


WRONG = {
    "scale_and_zero": {
        "255 steps": bytes_of(steps=256),
        "exactly 0": bytes_of(rounded=float),
        "cut off": bytes_of(rounded=int),
        "below all bytes": bytes_of(sign=1),
        "above all bytes": bytes_of(widened="low"),
        "zeros around it": bytes_of(widened=""),
    },
    "folded": {
        "divided by the variance": fold(root=lambda variance: variance),
        "epsilon is missing": fold(with_epsilon=False),
        "have not changed": fold(scaled=False),
        "own bias is lost": fold(bias_too="lost"),
        "is not normalized": fold(bias_too="added"),
        "instead of (1, 1, 3, 2)": lambda weights, *rest: (weights[0], rest[0]),
        "no pair": lambda weights, *rest: weights,
    },
    "calibration_images": {
        "of the test subset": drawn(subset="test"),
        "of the validation subset": drawn(subset="validation"),
        "drawn twice": drawn(replace=True),
        "the second time": drawn(seeded=False),
        "another seed draws the same": drawn(shuffled=False),
        "no list of names": lambda table, count, seed: table.sample(count, random_state=seed),
        "100 images are drawn": lambda table, count, seed: (
            drawn()(table, count, seed) if count < 20 else ["0.jpg"] * count
        ),
    },
    "front": {
        "only the most accurate": lambda sizes, accuracies: accuracies == accuracies.max(),
        "only the smallest": lambda sizes, accuracies: sizes == sizes.min(),
        "not on the front": lambda sizes, accuracies: np.array([False, False, True, False]),
        "by itself": beaten_by(np.less_equal, np.greater_equal),
        "still on the front": beaten_by(np.less, np.greater),
    },
    "accuracy_elsewhere": {
        "counts as a mistake": elsewhere(drop=False),
        "kept from naming": elsewhere(common_only=True),
        "never by its place": elsewhere(by_place=True),
        "no image can be judged": elsewhere(nothing=0.0),
    },
}
