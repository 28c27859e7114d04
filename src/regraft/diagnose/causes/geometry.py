"""GEO: pictures scrambled, cut or laid out wrongly, or with channels in the wrong order."""

import math
from collections import Counter
from collections.abc import Sequence

from regraft.diagnose.causes.scale import fits, is_gray, observed
from regraft.diagnose.conventions import BGR, CONVENTIONS, RGB, Affine
from regraft.diagnose.evidence import Backbone, Call, Ledger, Pixels, Site
from regraft.diagnose.repairs import (
    convert_pixels,
    read_layout,
    resize_before_crop,
    true_resize,
    true_transpose,
)
from regraft.diagnose.rule import Finding, clear, found, rule, unknown

RESHAPES = ("ndarray.reshape", "numpy.reshape")
LOST = 0.2  # of neighbour correlation: photographs have 0.8 to 0.99, interleaved ones far less
PLAUSIBLE = 0.3  # neighbours that agree less than this are not those of a picture
LEAST_READ = 3  # pictures read one by one
CUTTING = ("tf.image.resize_with_crop_or_pad", "tf.image.central_crop", "CenterCrop")
CUT = 1.5  # times what is left: the usual 256 of which 224 are left are 1.14
FLIPPING_MODULES = ("vgg16", "vgg19", "resnet", "resnet50", "imagenet_utils.caffe")  # RGB to BGR
PICTURE = 3  # axes of one
FLIPPING_CODES = ("BGR2RGB", "RGB2BGR", "4")  # cv2.COLOR_BGR2RGB == cv2.COLOR_RGB2BGR == 4


@rule(
    "GEO001",
    "np-resize-scrambles-pictures",
    source="https://numpy.org/doc/stable/reference/generated/numpy.resize.html, Warning: the axes "
    "are not considered separately, nothing is interpolated",
)
def np_resize_scrambles_pictures(ledger: Ledger) -> Finding:
    """`np.resize` repeats the buffer; it does not resize pictures.

    Why it hurts: the flat buffer is cut anew into bigger pictures. Each holds rows of several
        others, so pictures and labels no longer belong together and accuracy ends at chance.
    How it is found: the shapes that went into and came out of `np.resize` on picture-like
        arrays; adding an axis of one, or repeating whole pictures, is harmless and stays clear.
    Fix: `keras.ops.image.resize` (or a `Resizing` layer), batch by batch.
    Limits: none known for pictures; index arrays and masks are left alone.
    """
    calls = ledger.of("numpy.resize")
    pictures = [call for call in calls if call.details.get("picture_like")]
    broken = [call for call in pictures if _reinterprets(*_shapes(call))]
    if not broken:
        if any("picture_like" not in call.details for call in calls):
            return unknown("np.resize was called on an array that could not be looked at")
        return clear(
            "np.resize was not called" if not pictures else "np.resize kept every picture whole"
        )
    sites = tuple(dict.fromkeys(call.site for call in broken))
    before, after = _shapes(broken[0])
    return found(
        f"np.resize at line {sites[0].line} cuts the buffer of {tuple(before)} into "
        f"{tuple(after)}: each result holds pieces of several pictures",
        fix="resize picture by picture: keras.ops.image.resize, or a Resizing layer in the model",
        where=sites,
        repairs=tuple(true_resize(site) for site in sites),
        severity=0.9,
    )


@rule(
    "GEO002",
    "reshape-reinterprets-layout",
    source="https://numpy.org/doc/stable/reference/generated/numpy.reshape.html and the CIFAR-10 "
    "page, https://www.cs.toronto.edu/~kriz/cifar.html: channels first in each row",
)
def reshape_reinterprets_layout(ledger: Ledger) -> Finding:
    """`reshape` was used where axes had to be moved.

    Why it hurts: (n, 3, h, w) reshaped to (n, h, w, 3) keeps the numbers in place and changes
        what they mean: three thin stripes of other pixels in each row, not a picture.
    How it is found: correlation of neighbouring pixels before and after the call; found if it
        drops and a transpose brings it back.
    Fix: `np.transpose(x, (0, 2, 3, 1))`, after reshaping to the true layout if it was flat; of
        height and width the height comes first.
    Limits: pictures of pure noise have no neighbours to compare.
    """
    broken: list[tuple[Call, Sequence[int]]] = []
    unexplained = []
    for call in ledger.of(*RESHAPES):
        if not _lost_neighbours(call):
            continue
        axes = call.details.get("axes_fix")
        if axes and _is_usual(call, ledger):
            broken.append((call, axes))
        else:
            unexplained.append(call)
    if broken:
        call, axes = broken[0]
        before, after = call.details.get("correlation_before"), _number(call, "correlation_after")
        was = "" if before is None else f" from {float(before):.2f}"
        repairs = {c.site: true_transpose(c.site, a) for c, a in broken}
        return found(
            f"reshape at line {call.site.line} turns {tuple(call.details.get('in_shape', ()))} "
            f"into {tuple(call.details.get('out_shape', ()))}: neighbouring pixels agree "
            f"{after:.2f}{was}",
            fix=_layout_fix(call, axes),
            where=tuple(repairs),
            repairs=tuple(repairs.values()),
            severity=0.6,
        )
    if unexplained:
        return unknown(f"reshape at line {unexplained[0].site.line}: no transpose explains it")
    return clear("no reshape separated neighbouring pixels")


@rule(
    "GEO003",
    "channels-reversed",
    source="https://github.com/keras-team/keras/issues/13293 and OpenCV imread: "
    "channels are in B G R order",
)
def channels_reversed(pixels: Pixels, backbone: Backbone, ledger: Ledger) -> Finding:
    """Red and blue are swapped on the way to the backbone.

    Why it hurts: colour filters of the first layer look for the wrong colours. Worth a few
        points on photographs, more where colour tells the classes apart.
    How it is found: the order is followed from the reader (OpenCV reads BGR) through
        conversions, reversed slices and `preprocess_input` (which reverses for VGG and ResNet),
        and compared with what the backbone wants; so it is where pixels are on the scale of
        `preprocess_input` of VGG or ResNet, and that was not called.
    Fix: `cv2.cvtColor(x, cv2.COLOR_BGR2RGB)` after reading, once.
    Limits: gray pictures have no order. Several readers with fewer conversions give "unknown".
    """
    stats = pixels.backbone_train
    if stats is None:
        return unknown("no picture was seen entering a recognised backbone")
    if is_gray(stats):
        return clear("the three channels are the same: their order does not matter")
    reads = Counter(call.site for call in ledger.of("cv2.imread"))
    often = max(reads.values(), default=0) / 2
    readers = {site for site, n in reads.items() if n >= often}
    flips = _flips_of_all(ledger, often)
    caffe = [
        call.site
        for call in ledger.of("preprocess_input")
        if str(call.details.get("module", "")).startswith(FLIPPING_MODULES)
        and not str(call.details.get("module", "")).startswith("resnet_v2")
    ]
    wants_bgr = CONVENTIONS[backbone.convention].order == BGR
    is_by_hand = wants_bgr and not caffe and fits(stats, backbone.convention)
    if not readers and not flips and not is_by_hand:
        return clear("no call changes the order of channels by hand")
    if flips and readers and len(flips) != len(readers):
        return unknown(f"{len(readers)} places read BGR and {len(flips)} reverse the channels")
    is_bgr = bool(readers) ^ bool(flips) ^ bool(caffe)
    wanted = CONVENTIONS[backbone.convention].order
    if (BGR if is_bgr else RGB) == wanted:
        return clear(f"channels arrive in the order {backbone.name} expects")
    how = "cv2.COLOR_BGR2RGB" if readers else "x[..., ::-1]"
    sites = tuple(dict.fromkeys([*sorted(flips, key=_line), *sorted(readers, key=_line)]))
    return found(
        f"channels reach {backbone.name} as {'BGR' if is_bgr else 'RGB'}, but it was trained on "
        f"{'BGR' if wanted == BGR else 'RGB'}",
        fix=f"reverse the channels once, right after reading ({how})",
        where=sites,
        repairs=(convert_pixels(_reversal(observed(stats) or backbone.convention)),),
        severity=0.08,
    )


@rule(
    "GEO004",
    "pixels-without-neighbours",
    source="Simoncelli and Olshausen, Natural Image Statistics and Neural Representation, 2001: "
    "neighbouring pixels are strongly correlated",
)
def pixels_without_neighbours(pixels: Pixels, ledger: Ledger) -> Finding:
    """Neighbouring pixels at the model's input have nothing to do with each other.

    Why it hurts: convolutions look for local patterns; where there are none, nothing transfers.
    How it is found: mean correlation of adjacent pixels in a sample at the model's input; found
        if it is below 0.3 and a recorded reshape is where it was lost.
    Fix: keep the height, width and channel axes what they are; resize with a resize.
    Limits: noise-like pictures (spectrograms, permuted pixels) are like this by nature: without
        a call that lost the correlation the answer is "unknown".
    """
    stats = pixels.model_train
    seen = f"neighbouring pixels agree {stats.neighbour_correlation:.2f}"
    if math.isnan(stats.neighbour_correlation):
        return unknown("the pictures are constant or too small to have neighbours")
    if stats.neighbour_correlation >= PLAUSIBLE:
        return clear(f"{seen} at the model's input")
    calls = [
        call
        for call in ledger.of(*RESHAPES)
        if _lost_neighbours(call) and not call.details.get("axes_fix")
    ]
    if not calls:
        return unknown(f"{seen}, which no picture does, and no recorded call explains it")
    sites = tuple(dict.fromkeys(call.site for call in calls))
    return found(
        f"{seen} at the model's input; they did before the reshape at line {sites[0].line}",
        fix="reshape must not move pixels: resize with a resize, move axes with a transpose",
        where=sites,
        repairs=tuple(true_resize(site) for site in sites),
        severity=0.6,
    )


@rule(
    "GEO005",
    "cut-instead-of-resized",
    source="https://www.tensorflow.org/api_docs/python/tf/image/resize_with_crop_or_pad: crops or "
    "pads, and does not resize in spite of its name",
)
def cut_instead_of_resized(ledger: Ledger) -> Finding:
    """A small piece out of the middle is taken for the whole picture.

    Why it hurts: of a photograph of 500 x 375, 64 x 64 pixels are two per cent: some fur, and
        no animal.
    How it is found: `tf.image.resize_with_crop_or_pad`, `tf.image.central_crop` or a `CenterCrop`
        layer on pictures at least one and a half times as large as what is left, or of a size that
        is known only when they are read; then a replay in which they are made smaller instead.
    Fix: `tf.image.resize`, or resize first and cut then.
    Limits: other ways of cutting (slices, boxes) are not seen. Pictures that were made smaller
        before the call gain nothing in the replay, and are not accused.
    """
    calls = ledger.of(*CUTTING)
    cutting = [call for call in calls if _may_cut_much(call)]
    if not cutting and any(_left(call) is None for call in calls):
        return unknown("how much a cut leaves is known in the graph only")
    if not cutting:
        return clear("no call cuts a small piece out of large pictures")
    sites = tuple(dict.fromkeys(call.site for call in cutting))
    return found(
        f"{cutting[0].what.rpartition('.')[2]} leaves {_left(cutting[0])} of the middle of "
        f"{_size(cutting[0])}: it does not resize",
        fix="tf.image.resize, or resize first and cut then",
        where=sites,
        repairs=tuple(resize_before_crop(site) for site in sites),
        severity=0.2,
    )


@rule(
    "GEO006",
    "buffer-read-with-another-shape",
    source="https://numpy.org/doc/stable/reference/generated/numpy.reshape.html and PIL, "
    "Image.size: width comes first there, height in arrays",
)
def buffer_read_with_another_shape(pixels: Pixels, ledger: Ledger) -> Finding:
    """The bytes of each picture were read with another shape than they were written with.

    Why it hurts: with height and width exchanged every row slips against the one above; with
        channels first taken for last the picture falls into stripes. It is no picture any more.
    How it is found: in one other layout of the same numbers neighbouring pixels are far more
        alike, in nearly every picture at the model's input.
    Fix: read with the shape that was written: height before width, channels where they are.
    Limits: pictures that were resized after the mistake cannot be read back. What a recorded
        `reshape` did is left to GEO002.
    """
    parts = {"train": pixels.layout_train, "validation": pixels.layout_validation}
    wrong = {part: layout for part, layout in parts.items() if layout}
    if not wrong:
        return clear("in no other layout of the same numbers are neighbours more alike")
    if any(_lost_neighbours(call) for call in ledger.of(*RESHAPES)):
        return clear("a recorded reshape did it: GEO002 is about that")
    layouts = set(wrong.values())
    whole = len(wrong) == len(parts) and len(layouts) == 1
    stats = pixels.model_train
    shape = f"({stats.height}, {stats.width}, {stats.channels})"
    which = "pictures" if whole else " and ".join(wrong) + " pictures"
    calls = ledger.of("tf.data.map", "fit")
    return found(
        f"the buffers of {which} arrive as {shape}, and make smooth pictures when read as "
        f"{' and '.join(sorted(layouts))}",
        fix="reshape to the shape the bytes were written with, height before width; then resize",
        where=tuple(call.site for call in calls[:1]),
        repairs=(
            (read_layout(layouts.pop(), part="all"),)
            if whole
            else tuple(read_layout(layout, part=part) for part, layout in wrong.items())
        ),
        severity=0.6,
    )


def _left(call: Call) -> str | None:
    """How much a cut leaves, for a sentence; None where that is not known."""
    if "share" in call.details:
        share = call.details["share"]
        return None if share is None else f"{share:.0%} of each side"
    height, width = call.details["target"]
    return None if None in (height, width) else f"{height} x {width} pixels"


def _may_cut_much(call: Call) -> bool:
    if "share" in call.details:
        share = call.details["share"]
        return share is not None and share * CUT <= 1
    sides = (call.details["height"], call.details["width"])
    return all(
        target is not None and (side is None or side >= CUT * target)
        for side, target in zip(sides, call.details["target"], strict=True)
    )


def _size(call: Call) -> str:
    height, width = call.details["height"], call.details["width"]
    return f"{height} x {width}" if height and width else "pictures of any size"


def _shapes(call: Call) -> tuple[Sequence[int], Sequence[int]]:
    return call.details.get("in_shape", ()), call.details.get("out_shape", ())


def _reinterprets(before: Sequence[int], after: Sequence[int]) -> bool:
    """Does filling `after` from the flat buffer of `before` break pictures apart?"""
    # axes of one change nothing; whole pictures repeated or cut off stay pictures
    a, b = [n for n in before if n != 1], [n for n in after if n != 1]
    return a != b and a[1:] != b[1:]


def _is_usual(call: Call, ledger: Ledger) -> bool:
    """Of pictures that are read one by one, is it so for most? One may look so by chance."""
    if len(call.details.get("in_shape", ())) != 1 or len(call.details.get("out_shape", ())) > 3:
        return True
    same = [c for c in ledger.of(call.what) if c.site == call.site]
    broken = sum(bool(c.details.get("axes_fix")) for c in same)
    return broken >= LEAST_READ and broken > len(same) / 2


def _layout_fix(call: Call, axes: Sequence[int]) -> str:
    """How to read the layout that there is."""
    if len(call.details.get("in_shape", ())) > 2 or len(axes) == 2:  # flat rows, a column each
        return f"move axes: np.transpose(x, {tuple(axes)})"
    if tuple(axes[:3]) in ((0, 2, 1), (1, 0, 2)):
        return "give height before width in the shape"
    return "reshape to (n, channels, height, width), then move the channels to the end"


def _lost_neighbours(call: Call) -> bool:
    after = call.details.get("correlation_after")
    if after is None:
        return False
    if call.details.get("axes_fix"):
        return True
    before = call.details.get("correlation_before")
    if before is None:  # flat rows
        return float(after) < PLAUSIBLE
    return float(before) - float(after) > LOST


def _number(call: Call, name: str) -> float:
    return float(call.details.get(name, math.nan))


def _flips_of_all(ledger: Ledger, often: float) -> set[Site]:
    """Where the channels of whole arrays are reversed, or of pictures about as often as read.

    A picture or two are reversed to be shown. Calls in a loop are told up to the same number.
    """
    flips = _flips(ledger)
    whole = {call.site for call in flips if len(call.details.get("shape", ())) > PICTURE}
    times = Counter(call.site for call in flips)
    return whole | {site for site, n in times.items() if n >= often}


def _flips(ledger: Ledger) -> list[Call]:
    """Calls that reverse the channels by hand."""
    converted = [
        call
        for call in ledger.of("cv2.cvtColor")
        if str(call.details.get("code", "")).removeprefix("COLOR_") in FLIPPING_CODES
    ]
    return [*converted, *ledger.of("channel-flip")]


def _reversal(convention: str) -> Affine:
    """Swap red and blue in pictures that are in `convention`."""
    right = CONVENTIONS[convention]
    reverse = Affine(
        order=BGR if right.order == RGB else RGB, scale=right.scale, offset=right.offset
    )
    return right.after(reverse.inverse())


def _line(site: Site) -> tuple[str, int]:
    return site.file, site.line


RULES = (
    np_resize_scrambles_pictures,
    reshape_reinterprets_layout,
    channels_reversed,
    pixels_without_neighbours,
    cut_instead_of_resized,
    buffer_read_with_another_shape,
)
