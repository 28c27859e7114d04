"""Features a second: regraft against `model.predict` of the same cut trunk, and the float32 peak.

    .venv/bin/python benchmarks/extract.py [--pictures 1024] [--repeat 3] [--only NAME]

Both sides get the same gray 28 x 28 pictures. The plain side resizes them, repeats the channel and
preprocesses beforehand, outside the clock: only `predict` and pooling are timed. regraft's time has
the resize in it, but not the conversion of the network, as predict's has no trace. Writes
benchmarks/results/extract.json.
"""

import argparse

import numpy as np

from record import in_turn, summary, timed, use_offline_weights, write

CASES = {
    "vgg16 32 px block3_pool": ("vgg16", 32, ("block3_pool", 2)),
    "vgg16 64 px block4_pool": ("vgg16", 64, ("block4_pool", 4)),
    "mobilenet_v2 96 px block_12_add": ("mobilenet_v2", 96, ("block_12_add", 3)),
    "efficientnet_lite0 64 px block5c_add": ("efficientnet_lite0", 64, ("block5c_add", 4)),
}


def measure(name: str, n: int, repeat: int) -> dict:
    from regraft.adapt.channels import as_rgb
    from regraft.adapt.pixels import normalise
    from regraft.adapt.resize import resize
    from regraft.backbones.table import get
    from regraft.backbones.trunk import build_trunk
    from regraft.backbones.weights import find_weights
    from regraft.features.cache import default_folder
    from regraft.features.graph import build_extractor
    from regraft.features.runtimes.choose import RUNTIMES, choose_runtime
    from regraft.features.stream import default_batch_size

    backbone, size, request = CASES[name]
    row = get(backbone)
    weights = find_weights(row)
    pictures = np.random.default_rng(0).integers(0, 256, (n, 28, 28, 1), np.uint8)
    batch = min(default_batch_size(size), n)
    n -= n % batch

    def runner(runtime):
        model = build_extractor(
            row, size=size, requests=(request,), weights=weights, picture_shape=(28, 28, 1),
            batch_size=batch,
        )  # fmt: skip
        run = runtime.load(model)
        run(pictures[:batch])
        return lambda: [run(pictures[i : i + batch])[0] for i in range(0, n, batch)]

    trunk = build_trunk(row, size=size, taps=(request[0],), weights=weights)
    ready = np.stack([
        normalise(as_rgb(resize(picture, height=size, width=size)), row.pixels)
        for picture in pictures[:n]
    ])  # fmt: skip
    trunk.predict(ready[:batch], batch_size=batch, verbose=0)
    chosen = choose_runtime("auto", folder=default_folder())
    sides = {
        "regraft": runner(chosen),
        "model.predict": lambda: trunk.predict(ready, batch_size=batch, verbose=0),
        "regraft, tensorflow": runner(RUNTIMES["tensorflow"]),
    }
    seconds = in_turn(sides, repeat=repeat)
    speeds = {side: [n / s for s in values] for side, values in seconds.items()}
    peak = matmul_peak()
    flops = 2 * row.macs(request[0], size)
    ratios = [a / b for a, b in zip(speeds["regraft"], speeds["model.predict"], strict=True)]
    return {
        "case": name,
        "pictures": n,
        "runtime": chosen.name,
        "images_per_second": {side: summary(values) for side, values in speeds.items()},
        "ratio_to_predict": summary(ratios),
        "matmul_gflops": round(peak / 1e9, 1),
        "share_of_peak": round(max(speeds["regraft"]) * flops / peak, 3),
    }


def matmul_peak() -> float:
    """Operations a second of the fastest of several large float32 products."""
    a = np.random.default_rng(0).random((2048, 2048), np.float32)
    return max(2 * 2048**3 / timed(lambda: a @ a) for _ in range(4))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=1024)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", choices=CASES, action="append")
    options = parser.parse_args()
    use_offline_weights()
    rows = []
    for name in options.only or CASES:
        rows.append(measure(name, options.pictures, options.repeat))
        row = rows[-1]
        print(
            f"{name:38} {row['images_per_second']['regraft']['median']:8.0f} a second, "
            f"{row['ratio_to_predict']['median']:.2f} x predict, "
            f"{row['share_of_peak']:.0%} of the matrix-product peak",
            flush=True,
        )
    write("extract", rows, arguments=vars(options))


if __name__ == "__main__":
    main()
