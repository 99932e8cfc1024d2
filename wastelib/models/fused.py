"""Layers computed by TensorFlow's fused kernels: the same figures in a fraction of the time.

On a processor two things in Keras 3's layers cost more than the convolutions they stand beside.

- `BatchNormalization` is written as a dozen operations, each of which reads and writes the
  whole batch. TensorFlow has one kernel for them.
- The bias of a float32 `Conv2D`: TensorFlow merges its gradient with that of the filters into
  one oneDNN call, which takes two to five times as long as the two apart.

A layer stays what it is: only its `call` is replaced, on the one object, so it saves, loads and
lists its weights as the standard layer.
"""

import keras


def use_fused_kernels(model: keras.Model) -> None:
    """Have the layers of `model`, models inside it included, computed by fused kernels.

    Call it before the model is trained or called: what is compiled already stays as it is.
    Does nothing where Keras does not run on TensorFlow.
    """
    if keras.backend.backend() != "tensorflow":
        return
    for layer in model._flatten_layers(include_self=False):
        if _is_plain_normalization(layer):
            layer.call = _normalization(layer)
        elif _is_plain_convolution(layer):
            layer.call = _convolution(layer)


def _is_plain_normalization(layer: keras.layers.Layer) -> bool:
    return (
        type(layer) is keras.layers.BatchNormalization
        and layer.input_spec.ndim == 4
        and layer.axis in (3, -1)
        and not (layer.renorm or layer.synchronized)
    )


def _is_plain_convolution(layer: keras.layers.Layer) -> bool:
    return (
        type(layer) is keras.layers.Conv2D
        and layer.use_bias
        and layer.data_format == "channels_last"
        and layer.compute_dtype == "float32"
    )


def _normalization(layer: keras.layers.BatchNormalization):
    import tensorflow as tf

    def call(inputs, training=None, mask=None):
        channels = layer.moving_mean.shape
        learns = bool(training) and layer.trainable
        nothing = tf.zeros([0])
        result = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.convert_to_tensor(layer.gamma) if layer.scale else tf.ones(channels),
            offset=tf.convert_to_tensor(layer.beta) if layer.center else tf.zeros(channels),
            mean=nothing if learns else tf.convert_to_tensor(layer.moving_mean),
            variance=nothing if learns else tf.convert_to_tensor(layer.moving_variance),
            epsilon=layer.epsilon,
            is_training=learns,
        )
        if learns:
            # TensorFlow's kernel divides by n - 1, Keras by n.
            count = tf.cast(tf.reduce_prod(tf.shape(inputs)[:3]), tf.float32)
            variance = result.batch_variance * (count - 1) / count
            for moving, now in (
                (layer.moving_mean, result.batch_mean),
                (layer.moving_variance, variance),
            ):
                moving.assign(moving * layer.momentum + now * (1 - layer.momentum))
        return result.y

    return call


def _convolution(layer: keras.layers.Conv2D):
    import tensorflow as tf

    @tf.custom_gradient
    def add_bias(outputs, bias):
        def gradient(upstream):
            # A product with ones, and no BiasAddGrad, which would be merged.
            rows = tf.reshape(upstream, [-1, layer.filters])
            ones = tf.ones([1, tf.shape(rows)[0]], rows.dtype)
            return upstream, tf.reshape(ones @ rows, [-1])

        return tf.nn.bias_add(outputs, bias), gradient

    def call(inputs):
        outputs = add_bias(
            layer.convolution_op(inputs, layer.kernel), tf.convert_to_tensor(layer.bias)
        )
        return layer.activation(outputs)

    return call
