"""Let a process write wherever it likes without touching anything of the user's.

On Linux the process gets a root folder of its own in a private mount namespace, in which every
real file system is covered by an overlay: reads fall through, writes, renames and deletes (by
Python, C++ or a sub-process alike) go to a scratch folder. Where the kernel does not allow that,
the guard makes Python refuse them.
"""

import ctypes
import errno
import os
import re
import sys
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
KEPT_FLAGS = 2 | 4 | 8  # nosuid, nodev, noexec: in a user namespace no remount may drop them
VIRTUAL = {
    "proc", "sysfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "mqueue", "securityfs",
    "debugfs", "tracefs", "pstore", "bpf", "configfs", "fusectl", "binfmt_misc", "nsfs", "autofs",
    "efivarfs", "hugetlbfs", "rpc_pipefs", "selinuxfs",
}  # fmt: skip
AS_IT_IS = {"/proc", "/sys", "/dev"}
SHARED_MEMORY = "/dev/shm"  # noqa: S108 - where multiprocessing keeps what its processes share
MOST_ENTRIES = 200  # of a folder that is covered entry by entry: each is a mount


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
    cwd = Path.cwd()
    libc = ctypes.CDLL(None, use_errno=True)
    _enter_namespace(libc)
    _mount(libc, "none", "/", None, MS_REC | MS_PRIVATE, None)
    holder = scratch / "layers"
    holder.mkdir(parents=True)
    mounts = _mounts()
    # the layers live on a file system of their own: an overlay must not lie inside its own lower
    _mount(libc, "tmpfs", str(holder), "tmpfs", 0, "size=90%,mode=0755")
    cover = _Cover(libc, holder, mounts)
    cover.cover("/")
    if os.path.isdir(SHARED_MEMORY) and not os.path.islink(SHARED_MEMORY):  # noqa: PTH112, PTH114
        _mount(libc, "tmpfs", cover.place(SHARED_MEMORY), "tmpfs", 0, "mode=1777")
    _mount(libc, str(shared), cover.place(str(shared.resolve())), None, MS_BIND, None)
    os.chroot(cover.root)
    os.chdir(cwd)


class _Cover:
    """A second view of the file system below `root`, in which writes go to layers."""

    def __init__(self, libc: ctypes.CDLL, holder: Path, mounts: dict[str, str]) -> None:
        self._libc = libc
        self._holder = holder
        self._mounts = mounts  # kind of file system by mount point
        self._count = 0
        self.root = holder / "root"
        self.root.mkdir()

    def place(self, path: str) -> str:
        """Where a path is in the second view."""
        return str(self.root) + path

    def cover(self, path: str) -> None:
        """Show a file or folder, and all that is mounted below it."""
        if not os.path.exists(path):  # noqa: PTH110 - a dead mount, or one that is not ours to see
            return
        if path in AS_IT_IS or self._mounts.get(path) in VIRTUAL:
            _mount(self._libc, path, self.place(path), None, MS_BIND | MS_REC, None)
        elif not os.path.isdir(path):  # noqa: PTH112 - unlike Path, it never raises
            self._read_only(path)
        else:
            try:
                self._overlay(path)
            except IsolationError as error:
                if error.errno in (errno.EPERM, errno.ENODEV):
                    raise  # there are no overlays here
                # not of a folder with mounts below it in a user namespace: its entries, then
                if self._next_mounts(path) and self._by_entries(path):
                    return
                self._read_only(path)
            for point in self._next_mounts(path):
                self.cover(point)

    def _overlay(self, path: str) -> None:
        self._count += 1
        upper, work = (self._holder / f"{self._count}-{name}" for name in ("upper", "work"))
        upper.mkdir()
        work.mkdir()
        lower = re.sub(r"([\\:,])", r"\\\1", path)  # they part lower folders, and options
        options = f"lowerdir={lower},upperdir={upper},workdir={work}"
        _mount(self._libc, "overlay", self.place(path), "overlay", 0, options)

    def _by_entries(self, path: str) -> bool:
        """A folder of our own, each of its entries covered; False if they are not to be listed."""
        try:
            entries = sorted(os.scandir(path), key=lambda entry: entry.name)
        except OSError:
            return False
        if len(entries) > MOST_ENTRIES:
            return False
        place = Path(self.place(path))
        mode = os.stat(path).st_mode & 0o7777  # noqa: PTH116
        _mount(self._libc, "tmpfs", str(place), "tmpfs", 0, f"mode={mode:04o}")
        for entry in entries:
            if entry.is_symlink():
                (place / entry.name).symlink_to(os.readlink(entry.path))  # noqa: PTH115
            elif entry.is_dir():
                (place / entry.name).mkdir()
                self.cover(entry.path)
            elif entry.is_file():
                (place / entry.name).touch()
                self.cover(entry.path)
        return True

    def _read_only(self, path: str) -> None:
        """What cannot be covered is at least not to be changed."""
        place = self.place(path)
        _mount(self._libc, path, place, None, MS_BIND | MS_REC, None)
        kept = os.statvfs(place).f_flag & KEPT_FLAGS
        _mount(self._libc, place, place, None, MS_BIND | MS_REMOUNT | MS_RDONLY | kept, None)

    def _next_mounts(self, path: str) -> list[str]:
        """The mount points below it that lie below no other such."""
        inside = path.rstrip("/") + "/"
        found: list[str] = []
        for point in sorted(self._mounts, key=len):
            is_below = point != path and point.startswith(inside)
            if is_below and not any(point.startswith(f"{other}/") for other in found):
                found.append(point)
        return found


def _enter_namespace(libc: ctypes.CDLL) -> None:
    user, group = os.getuid(), os.getgid()
    if user == 0 and libc.unshare(CLONE_NEWNS) == 0:
        return
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0:
        raise IsolationError(ctypes.get_errno(), "no private mount namespace")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _mounts() -> dict[str, str]:
    """Kind of file system by mount point; of several at one point the last is seen."""
    mounts = {}
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, *_ = line.split(" ")
        mounts[re.sub(r"\\(\d{3})", lambda found: chr(int(found[1], 8)), point)] = kind
    return mounts


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
