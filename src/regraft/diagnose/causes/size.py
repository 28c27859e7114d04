"""SIZ: the input is too small for the backbone."""

from regraft.diagnose.evidence import Backbone, Pixels, Training
from regraft.diagnose.repairs import enlarge_input
from regraft.diagnose.rule import Finding, clear, found, rule, unknown

STRIDE = 32  # input pixels per step of the last map, in every network of keras.applications
SMALLEST = 64  # two steps of it


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


RULES = (map_shrinks_to_one_cell,)
