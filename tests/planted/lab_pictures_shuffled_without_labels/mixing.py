import random


def mix(*arrays, seed):
    """Shuffle all arrays in place."""
    rng = random.Random(seed)
    for array in arrays:
        order = list(range(len(array)))
        rng.shuffle(order)
        array[:] = array[order]
