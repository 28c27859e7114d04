def batched(dataset, size, buffer=None):
    return dataset.shuffle(buffer or size, seed=1).batch(size).prefetch(1)
