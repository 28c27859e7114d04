"""The model card: what the classifier is, how good, on what data, under which licence."""

from typing import TYPE_CHECKING, Any

from regraft.backbones.table import get
from regraft.evaluate.scores import confusions

if TYPE_CHECKING:
    from regraft.artefact.classifier import Classifier

MOST_CONFUSIONS = 10  # lines of the table


def model_card(classifier: "Classifier", command: str) -> str:
    """The README.md of an artefact, as Markdown."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("regraft.artefact", "templates"),
        autoescape=True,  # class names hold any character; Markdown passes HTML on
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["cell"] = _cell
    environment.filters["points"] = _points
    template = environment.get_template("card.md.j2")
    return template.render(
        recipe=classifier.recipe,
        backbone=get(classifier.recipe.backbone),
        class_names=classifier.class_names,
        metrics=classifier.metrics,
        confusions=confusions(classifier.metrics["test"]["confusion_matrix"], MOST_CONFUSIONS),
        data=classifier.origin,
        command=command,
    )


def _cell(text: str) -> str:
    r"""Text for one cell of a Markdown table: no line break, no bar that ends the cell."""
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    for special in "\\|`*_[]":
        line = line.replace(special, "\\" + special)
    return line


def _points(value: Any) -> str:
    return f"{float(value):.4f}"
