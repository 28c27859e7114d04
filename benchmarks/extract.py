"""Features a second: regraft against `model.predict` of the same cut trunk, and against the peak.

    .venv/bin/python benchmarks/extract.py [--pictures 1024] [--repeat 3] [--only NAME]

Both sides get the same MNIST pictures, gray, 28 x 28. The plain side resizes them, repeats the
channel and preprocesses beforehand, outside the clock: only `predict` is timed. regraft's time has
resize and pooling in it, but not the conversion of the network, as predict's has no trace. Which
precision regraft takes is asked first, of a head on these pictures, as `fit` asks. The peak is the
fastest large matrix product of OpenVINO in the same precision. Where torch and timm are installed,
timm's MobileNetV2 runs beside Keras's. Writes benchmarks/results/extract.json.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from record import in_turn, summary, timed, use_offline_weights, write

CASES = {
    "vgg16 32 px block3_pool": ("vgg16", 32, ("block3_pool", 2)),
    "vgg16 64 px block5_pool": ("vgg16", 64, ("block5_pool", 2)),
    "mobilenet_v2 96 px out_relu": ("mobilenet_v2", 96, ("out_relu", 1)),
    "mobilenet_v2 96 px block_12_add": ("mobilenet_v2", 96, ("block_12_add", 3)),
    "efficientnet_lite0 64 px block5c_add": ("efficientnet_lite0", 64, ("block5c_add", 4)),
}
SIDE = 4096  # of the matrices of the peak
PROBE = 4096


def measure(name: str, n: int, repeat: int) -> dict:
    from regraft.adapt.channels import as_rgb_in_graph
    from regraft.adapt.pixels import normalise_in_graph
    from regraft.adapt.resize import resize_in_graph
    from regraft.backbones.table import get
    from regraft.backbones.trunk import build_trunk
    from regraft.backbones.weights import find_weights
    from regraft.data.open import open_data
    from regraft.features.cache import default_folder
    from regraft.features.runtimes.choose import choose_runtime
    from regraft.features.stream import Job, default_batch_size, load
    from regraft.planning.default import Choice
    from regraft.planning.precision import choose_precision
    from regraft.planning.probe import nested_rows

    backbone, size, request = CASES[name]
    row = get(backbone)
    weights = find_weights(row)
    images = open_data("mnist")
    images = images.take(nested_rows(images.labels, np.arange(60_000), seed=0)[: max(n, PROBE)])
    batch = min(default_batch_size(size), n)
    n -= n % batch
    pictures = np.asarray(images.read(np.arange(n)))
    exact = choose_runtime("auto", folder=default_folder())
    choice = Choice(row=row, size=size, taps=(request[0],), grids=(request[1],))
    with tempfile.TemporaryDirectory() as folder:
        taken, _ = choose_precision(
            images, choice, exact, weights=weights, n_classes=10, seed=0, folder=Path(folder),
            note=lambda text: print(f"  {text}", flush=True),
        )  # fmt: skip
    job = Job(images=images, row=row, weights=weights, size=size, batch_size=batch)

    def runner(runtime):
        run = load(job, runtime, (request,)).run
        run(pictures[:batch])
        return lambda: [run(pictures[i : i + batch])[0] for i in range(0, n, batch)]

    trunk = build_trunk(row, size=size, taps=(request[0],), weights=weights)
    ready = np.concatenate([
        np.asarray(normalise_in_graph(
            as_rgb_in_graph(resize_in_graph(pictures[i : i + batch], height=size, width=size)),
            row.pixels,
        ))
        for i in range(0, n, batch)
    ])  # fmt: skip
    trunk.predict(ready[:batch], batch_size=batch, verbose=0)
    sides = {f"regraft {r.precision}": runner(r) for r in (exact, *exact.faster())}
    sides["model.predict"] = lambda: trunk.predict(ready, batch_size=batch, verbose=0)
    if backbone == "mobilenet_v2" and (timm := _timm(ready, batch)) is not None:
        sides["timm"] = timm
    seconds = in_turn(sides, repeat=repeat)
    speeds = {side: [n / s for s in values] for side, values in seconds.items()}
    ours = speeds[f"regraft {taken.precision}"]
    peak = matmul_peak(taken)
    flops = 2 * row.macs(request[0], size)
    return {
        "case": name,
        "pictures": n,
        "batch": batch,
        "runtime": taken.name,
        "precision": taken.precision,
        "images_per_second": {side: summary(values) for side, values in speeds.items()},
        "ratio_to_predict": summary(
            [a / b for a, b in zip(ours, speeds["model.predict"], strict=True)]
        ),
        "matmul_gflops": round(peak / 1e9, 1),
        "share_of_peak": summary([pace * flops / peak for pace in ours]),
    }


def matmul_peak(runtime) -> float:
    """Operations a second of the fastest of several large products in a runtime's precision."""
    import keras

    rows = keras.Input(batch_shape=(SIDE, SIDE))
    model = keras.Model(rows, keras.layers.Dense(SIDE, use_bias=False)(rows))
    x = np.random.default_rng(0).random((SIDE, SIDE), np.float32)
    model(x)
    run = _product(model, runtime.precision, x)
    run()
    return max(2 * SIDE**3 / timed(run) for _ in range(4))


def _product(model, precision, x):
    """As `regraft.features.runtimes.openvino` does, which spares products of this kind."""
    import openvino

    converted = openvino.convert_model(model)
    if precision == "int8":
        import nncf

        converted = nncf.quantize(converted, nncf.Dataset([x]), subset_size=1)
    hint = {"float32": "f32", "bfloat16": "bf16", "int8": "f32"}[precision]
    compiled = openvino.compile_model(
        converted, "CPU", {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": hint}
    )
    request = compiled.create_infer_request()
    return lambda: request.infer({0: x}, share_inputs=True)


def _timm(ready, batch):
    """Their forward pass on the same pictures, if it is there."""
    try:
        import timm
        import torch
    except ImportError:
        return None
    network = timm.create_model("mobilenetv2_100", pretrained=False).eval()
    batches = torch.from_numpy(ready.transpose(0, 3, 1, 2).copy()).split(batch)

    def run():
        with torch.inference_mode():
            for each in batches:
                network.forward_features(each)

    run()
    return run


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
        ratio, share = row["ratio_to_predict"], row["share_of_peak"]
        pace = row["images_per_second"][f"regraft {row['precision']}"]["median"]
        print(
            f"{name:38} {row['precision']:9} {pace:6.0f} a second, {ratio['median']:.2f} x predict "
            f"({ratio['min']:.2f} to {ratio['max']:.2f}), {share['median']:.0%} of the peak",
            flush=True,
        )
    write("extract", rows, arguments=vars(options))


if __name__ == "__main__":
    main()
