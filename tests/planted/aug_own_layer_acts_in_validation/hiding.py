import tensorflow as tf


def hidden(pictures):
    """A third of each picture, the rest blank."""
    first = tf.random.uniform((tf.shape(pictures)[0], 1, 1, 1), 0, 20, tf.int32)
    rows = tf.range(28)[None, :, None, None]
    return tf.where((rows >= first) & (rows < first + 9), pictures, 0.0)
