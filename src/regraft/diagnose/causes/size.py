"""SIZ: the input is too small for the backbone."""

from regraft.diagnose.causes.pairing import READERS
from regraft.diagnose.evidence import Backbone, Ledger, Pixels, Training
from regraft.diagnose.repairs import enlarge_input
from regraft.diagnose.rule import Finding, clear, found, rule, unknown

STRIDE = 32  # input pixels per step of the last map, in every network of keras.applications
SMALLEST = 64  # two steps of it
ENLARGED = 2  # times: an enlargement that a choice of crops or of convenient numbers does not make


@rule(
    "SIZ001",
    "map-shrinks-to-one-cell",
    source="https://stackoverflow.com/questions/58392266 (VGG16 at 57 x 57) and "
    "https://bard.greatgrap.com/royhuang9/transfer_learning (VGG16 at 32 x 32)",
)
def map_shrinks_to_one_cell(
    backbone: Backbone, pixels: Pixels, training: Training | None = None
) -> Finding:
    """The backbone's last map is a single cell.

    Why it hurts: nothing is left of where things are, and most of what the last filters see is
        padding. VGG16 on digits: 0.918 at 32 pixels, 0.962 at 64 pixels with a 2 x 2 map.
    How it is found: the last map is 1 x 1, and either the input is no larger than the network's
        stride, or the pictures were larger before the script made them small.
    Fix: feed larger pictures, or read an earlier layer.
    Limits: a small input alone is no fault; larger ones cost time. A network that is trained itself
        learns to do with one cell in more updates than a sample has: nothing else broken, it is
        not asked.
    """
    height, width = backbone.input_height, backbone.input_width
    if backbone.last_map != (1, 1):
        return clear(f"the last map is {backbone.last_map[0]} x {backbone.last_map[1]}")
    source = min(pixels.source_height, pixels.source_width)
    seen = f"at {height} x {width} the last map of {backbone.name} is 1 x 1"
    is_tiny = min(height, width) <= STRIDE
    if not is_tiny and not source:
        return unknown(f"{seen}; the size of the original pictures is not known")
    if not is_tiny and source <= min(height, width):
        return clear(f"{seen}, but the pictures are no larger")
    is_learning = training is not None and training.is_cut_short and backbone.n_trainable_layers > 0
    larger = max(SMALLEST, 2 * min(height, width))
    was = f", where the pictures have {source} pixels" if source > min(height, width) else ""
    return found(
        f"{seen}{was}",
        fix=f"feed {larger} x {larger} pictures, or read an earlier layer of the backbone",
        where=(backbone.site,),
        repairs=(enlarge_input(larger),),
        severity=0.12,
        is_forecast=float(is_learning),
    )


@rule(
    "SIZ002",
    "read-small-then-enlarged",
    source="https://keras.io/api/data_loading/image/: what is read is resized to `image_size`",
)
def read_small_then_enlarged(backbone: Backbone, ledger: Ledger) -> Finding:
    """Pictures are read at a small size, and enlarged again for the network.

    Why it hurts: detail that was thrown away does not come back. The network pays for every pixel
        of its input and sees a blur.
    How it is found: the size that a folder is read at is at most half of the backbone's input, and
        at most half of what the files hold.
    Fix: read the pictures at the size that the network is given.
    Limits: only what Keras reads from folders or tables of files. Blurred pictures may be enough to
        tell the classes apart: the gain decides.
    """
    seen = min(backbone.input_height, backbone.input_width)
    read = [call for call in ledger.of(*READERS) if _side(call.details.get("image_size"))]
    if not read:
        return clear("no folder of pictures is read by Keras")
    small = [call for call in read if ENLARGED * _side(call.details["image_size"]) <= seen]
    if not small:
        return clear(f"pictures are not read at less than half of {seen} pixels")
    held = [min(size) for call in small for size in call.details.get("picture_sizes") or ()]
    if not held:
        return unknown("the size of the picture files is not known")
    side, source = _side(small[-1].details["image_size"]), sorted(held)[len(held) // 2]
    if source < ENLARGED * side:
        return clear(f"the files hold {source} pixels a side, and are read at {side}")
    size = min(seen, source)
    return found(
        f"files of {source} pixels a side are read at {side}, and enlarged to {seen} for "
        f"{backbone.name}",
        fix=f"read them at {size} pixels: image_size=({size}, {size})",
        where=tuple(dict.fromkeys(call.site for call in small)),
        repairs=(enlarge_input(size, side=side),),
        severity=0.12,
    )


def _side(size: object) -> int:
    """The shorter side of (height, width), 0 where there is none."""
    return min((int(part) for part in size), default=0) if isinstance(size, list | tuple) else 0


RULES = (map_shrinks_to_one_cell, read_small_then_enlarged)
