"""Repairs as edits of the user's own script, shown as a diff.

Only the script itself is edited, in places the run recorded, and what is not touched keeps its
formatting and comments. Where no edit is known the answer is None: a patch never guesses.
"""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from regraft.diagnose.draft import Draft, UnknownEdit
from regraft.diagnose.edits import geometry, network, pixels, rows, training
from regraft.diagnose.edits.context import Mend, Mends, PatchContext
from regraft.diagnose.evidence import Site
from regraft.diagnose.rule import Repair
from regraft.diagnose.syntax import undefined

__all__ = ["PatchContext", "as_diff", "patch", "patch_what_is_known"]

Edit = Callable[[Draft, Mends, PatchContext], None]

#: Kind of repair -> edit, in the order they are made: pictures first, then what reads them.
EDITS: Mapping[str, Edit] = {
    "true-resize": geometry.true_resize,
    "true-transpose": geometry.true_transpose,
    "float-arithmetic": geometry.float_arithmetic,
    "copy-before-preprocessing": pixels.copy_before_preprocessing,
    "convert-pixels": pixels.convert_pixels,
    "load-imagenet-weights": network.load_imagenet_weights,
    "load-in-order": network.load_in_order,
    "pool-features": network.pool_features,
    "set-output": network.set_output,
    "batchnorm-momentum": network.batchnorm_momentum,
    "call-backbone-in-inference": network.call_backbone_in_inference,
    "freeze-backbone": network.freeze_backbone,
    "freeze-batchnorm": network.freeze_batchnorm,
    "make-head-trainable": network.make_head_trainable,
    "thaw-top": network.thaw_top,
    "set-learning-rate": training.set_learning_rate,
    "release-optimiser": training.release_optimiser,
    "drop-penalties": training.drop_penalties,
    "ignore-weights": training.ignore_weights,
    "order-by-number": rows.order_by_number,
    "set-arguments": training.set_arguments,
    "keep-order": rows.keep_order,
    "drop-call": training.drop_call,
    "drop-augmentation": rows.drop_augmentation,
    "shuffle-training": rows.shuffle_training,
    "resplit": rows.resplit,
    "remap-labels": rows.remap_labels,
    "recompile": network.recompile,  # last: it repeats compile as it then is
}
#: Rule -> edit, where the score is wrong and not the training, so that there is no repair.
SCORE_EDITS: Mapping[str, Edit] = {
    "MET001": training.true_accuracy,
    "MET003": training.true_accuracy,
    "ORD001": rows.ordered_predictions,
}


def patch(
    source: str,
    repairs: Sequence[tuple[str, Repair | None, tuple[Site, ...]]],
    context: PatchContext,
) -> str | None:
    """The script with all these repairs made, or None where the edit of one is not known.

    Args:
        source: Text of the script; of a notebook, its code cells as they were run.
        repairs: Id of the rule, its repair, and where the rule points. For an evaluation
            artefact, which has no repair, None: the rule decides what is edited.
        context: The run the repairs come from.
    """
    mends = [Mend(*repair) for repair in repairs]
    draft = Draft(source, script=context.script)
    try:
        for kind, edit in EDITS.items():
            same = [m for m in mends if m.repair is not None and m.repair.kind == kind]
            if same:
                edit(draft, same, context)
        for mend in mends:
            if mend.repair is None:
                _score_edit(mend)(draft, [mend], context)
            elif mend.repair.kind not in EDITS:
                return None
        _ = draft.tree  # what no longer parses is no patch
        if undefined(draft.text) - undefined(source):  # put where a name is not known
            return None
    except Exception:  # noqa: BLE001 - an edit not known, or one that stumbles over the script
        return None
    return draft.text if draft.text != source else None


def patch_what_is_known(
    source: str,
    repairs: Sequence[tuple[str, Repair | None, tuple[Site, ...]]],
    context: PatchContext,
) -> tuple[str | None, tuple[str, ...]]:
    """The script with every rule repaired whose edits are known, and the ids of those rules.

    Rules come in order of worth: one whose edits do not go together with those of the rules
    before it is left out.

    Returns:
        None and no ids where nothing can be edited.
    """
    taken: list[tuple[str, Repair | None, tuple[Site, ...]]] = []
    text: str | None = None
    for rule in dict.fromkeys(id for id, _, _ in repairs):
        more = [*taken, *(repair for repair in repairs if repair[0] == rule)]
        patched = patch(source, more, context)
        if patched is not None and patched != text:
            taken, text = more, patched
    return text, tuple(dict.fromkeys(id for id, _, _ in taken))


def as_diff(before: str, after: str, *, script: str | Path, newline: str = "\n") -> str:
    """A unified diff that `patch` and `git apply` take, in the script's folder.

    Args:
        before: The text, its lines ended by one character.
        after: The text as it should be.
        script: Its file. Of a notebook there is none: the diff is of a script of its cells.
        newline: What ends the lines of the file.
    """
    name = Path(script).with_suffix(".py").name
    name += "\t" if " " in name else ""  # else `patch` would end the name there
    lines = difflib.unified_diff(
        _lines(before), _lines(after), fromfile=f"a/{name}", tofile=f"b/{name}"
    )
    return "".join(_ended(line, newline) for line in lines)


def _lines(text: str) -> list[str]:
    """As `splitlines`, which would also cut at characters that end no line of a file."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _ended(line: str, newline: str) -> str:
    if not line.endswith("\n"):
        return f"{line}\n\\ No newline at end of file\n"
    is_of_the_file = not line.startswith(("---", "+++", "@@"))
    return line[:-1] + newline if is_of_the_file else line


def _score_edit(mend: Mend) -> Edit:
    edit = SCORE_EDITS.get(mend.rule)
    if edit is None:
        raise UnknownEdit("the rule has no repair and no edit of its own")
    return edit
