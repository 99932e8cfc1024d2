"""Temperature: one number that makes a model's probabilities mean what they say."""

import numpy as np

SMALLEST_PROBABILITY = 1e-12  # has a logarithm, and is smaller than any that softmax gives


def tempered(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """What (..., classes) probabilities become if the model's logits are divided by `temperature`.

    They are raised to the power 1 / temperature and made to sum to 1 again, so the most
    probable class stays the same (Guo et al. 2017, On calibration of modern neural networks).
    Above 1 they come closer together.
    """
    # Not scipy's softmax: `predict` with an exported file starts without scipy.
    logits = np.log(probabilities.clip(SMALLEST_PROBABILITY)) / temperature
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)
