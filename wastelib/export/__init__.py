"""A run's model as one file that runs without TensorFlow, and what that file costs."""
