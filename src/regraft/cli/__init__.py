"""The command line: the only place that prints and that decides an exit status.

Exit status: 0 done, 1 problems found (commands that look for problems), 2 wrong use or bad
input, 3 the user's script failed, 4 an internal error, 130 stopped by Ctrl-C
(or, where something could be saved first, by SIGTERM).
"""

import errno
import importlib
import os
import sys
import traceback
from typing import Annotated, TypeGuard

import typer

from regraft import __version__
from regraft.cli.libraries import set_up_libraries
from regraft.cli.options import STOPPED
from regraft.errors import RegraftError, expected_received

# To add a command: write cli/NAME.py with a function NAME, and add its line here.
# These modules are imported for `regraft --help`: what they need, they import when they run.
COMMANDS = (
    "fit",
    "search",
    "predict",
    "evaluate",
    "backbones",
    "cache",
    "why",
    "explain",
    "demo",
)


# \b keeps the line breaks of a paragraph
EPILOG = """
\b
Exit status:
  0    done
  1    causes found (why)
  2    wrong use or bad input: one line says what was expected
  3    the script given to why failed
  4    a fault of regraft
  130  stopped by Ctrl-C, or by SIGTERM with the best so far saved

\b
Environment:
  REGRAFT_CACHE    folder of the cached features
  REGRAFT_WEIGHTS  folder of weight files, looked at before the network
  REGRAFT_DEBUG    1: show tracebacks, and what libraries say of themselves
"""


def build_app() -> typer.Typer:
    """The Typer application with every command in `COMMANDS`."""
    app = typer.Typer(
        name="regraft",
        help="Put a pretrained image backbone on your own pictures, and measure its worth.",
        no_args_is_help=True,
        rich_markup_mode=None,  # plain help: loading rich would triple the start-up time
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(epilog=EPILOG)(_root)
    for name in COMMANDS:
        module = importlib.import_module(f"regraft.cli.{name}")
        app.command(name)(getattr(module, name))
    return app


def main() -> None:
    """Run the command line of this process and exit with the status of the design."""
    set_up_libraries()
    try:
        build_app()(prog_name="regraft")
    except SystemExit as exit_:
        if exit_.code == STOPPED:
            typer.echo("regraft: stopped", err=True)
        raise
    except KeyboardInterrupt:
        typer.echo("regraft: stopped", err=True)
        sys.exit(STOPPED)
    except RegraftError as error:
        typer.echo(f"regraft: {_one_line(error)}", err=True)
        sys.exit(2)
    except Exception as error:  # noqa: BLE001 - the last resort: name it, say where to report it
        if _is_of_a_place(error):
            typer.echo(f"regraft: {_place(error)}", err=True)
            sys.exit(2)
        _explain_internal_error(error)
        sys.exit(4)


# no space, over a quota, too large a file for this disk; names too long, links in a loop
_OF_PLACES = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS),
    *(errno.ENAMETOOLONG, errno.ELOOP),
)
_PLACES = (PermissionError, FileExistsError, IsADirectoryError, NotADirectoryError)


def _is_of_a_place(error: Exception) -> TypeGuard[OSError]:
    """A folder that vanished, a file in its place, no permission, a full disk, a bad name."""
    is_known = isinstance(error, OSError) and error.errno in _OF_PLACES
    return is_known or isinstance(error, _PLACES)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"regraft {__version__}")
        raise typer.Exit


def _root(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Typer needs a function to hang the options of `regraft` itself on."""


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _place(error: OSError) -> str:
    return expected_received(
        "files and folders that can be read and written",
        f"{error.filename}: {error.strerror}" if error.filename else _one_line(error),
        "Name another, make room, or change its permissions.",
    )


def _explain_internal_error(error: Exception) -> None:
    if os.environ.get("REGRAFT_DEBUG") == "1":
        typer.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    typer.echo(
        f"regraft: internal error: {type(error).__name__}: {_one_line(error)}\n"
        "This is a fault of regraft, not yours: set REGRAFT_DEBUG=1, run again, and please "
        "report the traceback in the project's issue tracker.",
        err=True,
    )
