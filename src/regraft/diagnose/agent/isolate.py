"""Let a process write wherever it likes without touching anything of the user's.

On Linux every real file system is covered by an overlay in a private mount namespace: reads fall
through, writes, renames and deletes (by Python, C++ or a sub-process alike) go to a scratch
folder. Where the kernel does not allow that, `guard` makes Python refuse them; what libraries
write in C and what sub-processes do is not held back then.
"""

import ctypes
import os
import sys
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
VIRTUAL = {
    "proc", "sysfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "mqueue", "securityfs",
    "debugfs", "tracefs", "pstore", "bpf", "configfs", "fusectl", "binfmt_misc", "nsfs",
}  # fmt: skip
LEAVE = {"/proc", "/sys", "/dev", "/run"}


class IsolationError(OSError):
    """The kernel does not allow a private view of the file system here."""


def overlay_everything(scratch: Path, shared: Path) -> None:
    """Cover all real file systems for this process and its children.

    Args:
        scratch: An empty folder; what the process writes ends up below it.
        shared: A folder that stays writable for real, at its own path.

    Raises:
        IsolationError: If namespaces or overlays are not permitted; nothing is changed then
            except that this process may already be in namespaces of its own.
    """
    if not sys.platform.startswith("linux"):
        raise IsolationError("needs Linux")
    libc = ctypes.CDLL(None, use_errno=True)
    _enter_namespace(libc)
    shared_handle = os.open(shared, os.O_RDONLY)  # opened here, or it belongs to the old namespace
    _mount(libc, "none", "/", None, MS_REC | MS_PRIVATE, None)
    holder = scratch / "layers"
    holder.mkdir(parents=True)
    # the layers live on a file system of their own: an overlay must not lie inside its own lower
    _mount(libc, "tmpfs", str(holder), "tmpfs", 0, "size=90%,mode=0755")
    cwd = Path.cwd()
    handle = os.open(holder, os.O_RDONLY)
    for number, target in enumerate(_targets(holder)):
        _cover(libc, f"/proc/self/fd/{handle}", number, target)
    shared.mkdir(parents=True, exist_ok=True)
    _mount(libc, f"/proc/self/fd/{shared_handle}", str(shared), None, MS_BIND, None)
    os.close(shared_handle)
    os.chdir(cwd)  # the old handle still points below the overlay


def _cover(libc: ctypes.CDLL, layers: str, number: int, target: str) -> None:
    upper, work = Path(layers) / f"{number}-upper", Path(layers) / f"{number}-work"
    upper.mkdir()
    work.mkdir()
    options = f"lowerdir={target},upperdir={upper},workdir={work}"
    try:
        _mount(libc, "overlay", target, "overlay", 0, options)
    except IsolationError:
        # what cannot be covered is at least made read-only
        _mount(libc, target, target, None, MS_BIND, None)
        _mount(libc, target, target, None, MS_BIND | MS_REMOUNT | MS_RDONLY, None)


def _enter_namespace(libc: ctypes.CDLL) -> None:
    user, group = os.getuid(), os.getgid()
    if user == 0 and libc.unshare(CLONE_NEWNS) == 0:
        return
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0:
        raise IsolationError(ctypes.get_errno(), "no private mount namespace")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _targets(holder: Path) -> list[str]:
    """Top-level folders, then every mount of a real file system below them, outermost first."""
    top = [
        f"/{name}"
        for name in sorted(entry.name for entry in Path("/").iterdir())
        if f"/{name}" not in LEAVE
        and Path(f"/{name}").is_dir()
        and not Path(f"/{name}").is_symlink()
    ]
    mounts = []
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, *_ = line.split()
        point = point.replace("\\040", " ")
        if kind in VIRTUAL or point == "/" or point in top or point == str(holder):
            continue
        if any(point == path or point.startswith(path + "/") for path in LEAVE):
            continue
        if Path(point).is_dir():
            mounts.append(point)
    return top + sorted(mounts, key=len)


def _mount(
    libc: ctypes.CDLL, source: str, target: str, kind: str | None, flags: int, options: str | None
) -> None:
    def text(value: str | None) -> bytes | None:
        return None if value is None else os.fsencode(value)

    if libc.mount(text(source), text(target), text(kind), flags, text(options)) != 0:
        number = ctypes.get_errno()
        raise IsolationError(
            number, f"cannot mount {kind or 'bind'} at {target}: {os.strerror(number)}"
        )


def guard(scratch: Path, shared: Path) -> None:
    """Refuse every change by Python outside the two folders: the fallback without namespaces.

    A script that must write elsewhere then fails with a message that says why, and the user's
    files stay as they are.
    """
    allowed = (*(str(p.resolve()) + os.sep for p in (scratch, shared)), "/dev/", "/proc/")

    def outside(path: object) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        full = os.path.realpath(os.fsdecode(path))
        return not (full + os.sep).startswith(allowed)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            path, mode, flags = (*arguments, None, None, None)[:3]
            writes = (isinstance(mode, str) and set(mode) & set("wax+")) or (
                isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            )
            if writes and outside(path):
                message = f"regraft why lets nothing write outside its scratch: {path!r}"
                raise PermissionError(message)
        elif event in _CHANGES and any(outside(a) for a in arguments[: _CHANGES[event]]):
            message = f"regraft why refused {event} {arguments[0]!r}"
            raise PermissionError(message)

    sys.addaudithook(hook)


_CHANGES = {  # audit event -> how many leading arguments are paths that change
    "os.remove": 1, "os.rename": 2, "os.rmdir": 1, "os.mkdir": 1, "os.truncate": 1, "os.chmod": 1,
    "os.link": 2, "os.symlink": 2, "shutil.rmtree": 1, "shutil.move": 2,
}  # fmt: skip
