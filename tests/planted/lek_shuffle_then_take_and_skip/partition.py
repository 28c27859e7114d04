def partition(ds, n, share, batch=32):
    ds = ds.cache().shuffle(n, seed=42)
    first = int(n * share)
    return ds.take(first).batch(batch), ds.skip(first).batch(batch)
