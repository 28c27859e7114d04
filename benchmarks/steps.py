"""Features a second of OpenVINO, by how many pictures a step holds and how many run side by side.

    .venv/bin/python benchmarks/steps.py [--pictures 1536] [--repeat 3]

In float32, on drawn gray pictures of 28 x 28 that the network resizes, as it does MNIST. Every
network is compiled once for each pair of a step and a number of streams, and once with the
plug-in's own latency hint and 256 pictures; all run in turn. Decision 16 rests on this. Writes
benchmarks/results/steps.json.
"""

import argparse

import numpy as np

from record import in_turn, summary, use_offline_weights, write

CASES = (
    ("vgg16", 32, "block3_pool", 2),
    ("efficientnet_lite0", 64, "block5c_add", 4),
    ("mobilenet_v2", 96, "block_12_add", 3),
)
STEPS = (8, 32, 64, 256)
WHOLE = 256  # pictures of a batch that is not taken apart


def converted(name, size, tap, grid, step):
    import openvino

    from regraft.backbones.table import get
    from regraft.features.graph import build_extractor
    from regraft.planning.run import at_hand

    row = get(name)
    model = build_extractor(
        row,
        size=size,
        requests=((tap, grid),),
        weights=at_hand(row),
        picture_shape=(28, 28, 1),
        batch_size=step,
    )
    return openvino.convert_model(model)


def run_of(network, step, n_streams, pictures, config):
    """A function that reads all pictures once."""
    import openvino

    exact = {"INFERENCE_PRECISION_HINT": "f32", **config}
    queue = openvino.AsyncInferQueue(openvino.compile_model(network, "CPU", exact), n_streams)
    queue.set_callback(lambda request, _: request.get_output_tensor(0).data.copy())

    def run():
        for start in range(0, len(pictures), step):
            queue.start_async({0: pictures[start : start + step]}, start, share_inputs=True)
        queue.wait_all()

    run()  # the first time it makes itself ready
    return run


def measure(case, pictures, repeat):
    sides = {
        "latency hint": run_of(
            converted(*case, WHOLE), WHOLE, 1, pictures, {"PERFORMANCE_HINT": "LATENCY"}
        )
    }
    for step in STEPS:
        network = converted(*case, step)
        for streams in (1, 2):
            config = {"NUM_STREAMS": str(streams), "INFERENCE_NUM_THREADS": "2"}
            sides[f"{step} x {streams}"] = run_of(network, step, streams, pictures, config)
    seconds = in_turn(sides, repeat=repeat)
    return {side: summary([len(pictures) / s for s in times]) for side, times in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=1536)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    use_offline_weights()
    n = options.pictures - options.pictures % WHOLE  # whole steps
    pictures = np.random.default_rng(0).integers(0, 256, (n, 28, 28, 1), np.uint8)
    rows = []
    for case in CASES:
        name, size, tap, grid = case
        found = measure(case, pictures, options.repeat)
        print(name, size, {side: round(pace["median"]) for side, pace in found.items()}, flush=True)
        rows.append({"backbone": name, "size": size, "tap": tap, "grid": grid, "a_second": found})
    write("steps", rows, arguments=vars(options))


if __name__ == "__main__":
    main()
