import tensorflow as tf


def mixed(x, y):
    """Every picture with another of its batch."""
    first, second = tf.random.gamma([2, tf.shape(x)[0]], 0.3)[0], tf.random.gamma([tf.shape(x)[0]], 0.3)
    share = first / (first + second)
    other = tf.random.shuffle(tf.range(tf.shape(x)[0]))
    w = tf.reshape(share, (-1, 1, 1, 1))
    x = w * x + (1 - w) * tf.gather(x, other)
    w = tf.reshape(share, (-1, 1))
    return x, w * tf.gather(y, other) + (1 - w) * y
