import tensorflow as tf


def stream(pictures, prepare, mix=False, size=50):
    ds = tf.data.Dataset.from_tensor_slices(pictures)
    if mix:
        ds = ds.shuffle(len(pictures), seed=1)
    return ds.map(prepare).batch(size).prefetch(2)
