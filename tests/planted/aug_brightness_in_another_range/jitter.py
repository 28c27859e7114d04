import tensorflow as tf

STRENGTH = 0.3 * 255


def jitter(x, y):
    """Brighter and darker pictures, as in Keras."""
    shape = (tf.shape(x)[0], 1, 1, 1)
    delta = tf.random.uniform(shape, -STRENGTH, STRENGTH)
    return tf.clip_by_value(x + delta, 0.0, 255.0), y
