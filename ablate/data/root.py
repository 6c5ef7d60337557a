"""A data root in a folder or at a URL: its manifest, and its shards as local files for as long as they are read.

A local folder is read in place. From a URL each node copies the shards that it needs, once, into its cache.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import secrets
import tempfile
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool
from pathlib import Path

from ablate import storage
from ablate.data import shards
from ablate.data.manifest import MANIFEST, Arm, Manifest, Shard, read_manifest
from ablate.errors import UsageError
from ablate.storage import node_cache, urls
from ablate.storage.node_cache import Hold

_COPIES = "copies"
_MARK = ".whole"
_THREADS = 4


@dataclass(frozen=True)
class Data:
    """A data root that was found.

    Attributes:
        place: an absolute path, or a URL without credentials (see `urls.remember`).
        digest: SHA-256 of the manifest's bytes.
        embedded: the data set that was built there, where it is an embedded one: another node can build it too.
    """

    place: str
    manifest: Manifest
    digest: str
    embedded: str | None = None

    @property
    def remote(self) -> bool:
        return urls.is_url(self.place)

    def shards(self, arm: str) -> AbstractContextManager[Path]:
        """Gives the folder below which the shards of an arm lie, copied there first where they are remote.

        Raises:
            UsageError: they cannot be fetched, are not the manifest's, or there is no room for them.
        """
        if not self.remote:
            return contextlib.nullcontext(Path(self.place))
        return self._hold(arm)

    def folder(self, report: Callable[[str], None]) -> Path:
        """The folder of the whole data root, copied first where it is remote; then kept until this process ends.

        Raises:
            UsageError: as `verify` does.
        """
        if not self.remote:
            return Path(self.place)
        self.verify(self.manifest.arms, report)
        folder = _manifest_folder(self.digest)
        for arm in self.manifest.arms:
            held = self._hold(arm)
            atexit.register(held.release)
            link = folder / f".{arm}.{secrets.token_hex(4)}"
            link.symlink_to(held.folder / arm)
            link.replace(folder / arm)
        return folder

    def verify(self, arms: Iterable[str], report: Callable[[str], None]) -> None:
        """Makes sure that every shard of some arms is on this node, with the digest in the manifest.

        Raises:
            UsageError: one is not; names it.
        """
        for arm in arms:
            if self.remote:
                self._verify_copy(arm, report)
            else:
                shards.verify(Path(self.place), self.manifest, [arm])

    def require_room(self, wanted: Iterable[tuple[str, int]]) -> None:
        """Raises a `UsageError` where the cache can never hold what a run needs: arms, each at an image size."""
        wanted, joined = set(wanted), self.manifest.joined
        splits = {arm: {split for one in joined(arm) for split in self.manifest.arm(one).counts} for arm, _ in wanted}
        decoded = sum(self.decoded_size(arm, split, size) for arm, size in wanted for split in splits[arm])
        arms = {one for arm, _ in wanted for one in joined(arm)}
        copied = sum(self._size(self.manifest.arm(one)) for one in arms) if self.remote else 0
        what = f"decoded pictures ({node_cache.gigabytes(decoded)})"
        node_cache.require(
            decoded + copied, f"{what} and copied shards ({node_cache.gigabytes(copied)})" if copied else what
        )

    def decoded_size(self, arm: str, split: str, size: int) -> int:
        """Bytes of a split's pictures and masks at network size, three a pixel and an eighth of one."""
        return self.manifest.count(arm, split) * size * (3 * size + -(-size // 8))

    def _verify_copy(self, arm: str, report: Callable[[str], None]) -> None:
        wanted = self.manifest.arm(arm)
        whole = storage.cache_folder() / _COPIES / _entry_name(arm, wanted) / _MARK
        if whole.is_file():
            with self.shards(arm) as folder:
                bad = [shard.name for shard in wanted.shards if not _matches(folder / shard.name, shard)]
            if not bad:
                return
            report(f"data={self.place}: {', '.join(bad)} in {whole.parent} is altered; fetching it again")
            whole.unlink(missing_ok=True)
        else:
            report(f"data={self.place}: copying {len(wanted.shards)} shard(s) of {arm} into {whole.parent}, once")
        with self.shards(arm):  # compares each as it comes
            pass

    def _hold(self, arm: str) -> Hold:
        wanted = self.manifest.arm(arm)
        return node_cache.hold(
            _COPIES,
            _entry_name(arm, wanted),
            lambda: self._size(wanted),
            lambda folder: self._copy(wanted, folder),
            _MARK,
        )

    def _size(self, arm: Arm) -> int:
        root = urls.with_credentials(self.place)
        with ThreadPool(_THREADS) as pool:
            sizes = pool.imap_unordered(lambda shard: storage.size(urls.join(root, shard.name)), arm.shards)
            return sum(size or 0 for size in sizes)

    def _copy(self, arm: Arm, folder: Path) -> None:
        with ThreadPool(_THREADS) as pool:  # its threads do not outlive an interrupted process
            for _ in pool.imap_unordered(lambda shard: self._copy_shard(shard, folder), arm.shards):
                pass
        storage.publish(folder / _MARK, b"")

    def _copy_shard(self, shard: Shard, folder: Path) -> None:
        to = folder / shard.name
        if _matches(to, shard):
            return
        try:
            source = urls.join(urls.with_credentials(self.place), shard.name)
            storage.fetch([source], to, storage.sha256_is(shard.sha256))
        except storage.FetchError as error:
            hint = "the data there is altered, incomplete, or was replaced since the run was planned"
            advice = "" if isinstance(error, storage.UnreachableError) else f"; {hint}"
            raise type(error)(f"data={self.place}: {error}{advice}") from error


def at(place: str) -> Data:
    """The data root in a folder or at a URL.

    Raises:
        UsageError: there is none, or it does not answer.
    """
    if not urls.is_url(place):
        folder = storage.local(place, "data")
        return Data(str(folder), read_manifest(folder), storage.sha256(folder / MANIFEST))
    urls.require(place, "data")
    public = urls.remember(place)
    with tempfile.TemporaryDirectory(prefix="ablate-") as scratch:
        folder = Path(scratch)
        try:
            source = urls.join(urls.with_credentials(public), MANIFEST)
            storage.fetch([source], folder / MANIFEST, policy=storage.INTERACTIVE)
        except storage.FetchError as error:
            raise type(error)(f"data={public}: no manifest: {error}") from error
        found = Data(public, _read_manifest(folder, public), storage.sha256(folder / MANIFEST))
        storage.publish(_manifest_folder(found.digest) / MANIFEST, (folder / MANIFEST).read_bytes())
        return found


def planned(place: str, digest: str) -> Data:
    """The data root that a run was planned with, which another process, or another node, found.

    Raises:
        UsageError: what lies there now is another.
    """
    if urls.is_url(place) and (_manifest_folder(digest) / MANIFEST).is_file():
        return Data(place, _read_manifest(_manifest_folder(digest), place), digest)  # what was fetched is enough
    data = at(place)
    if data.digest != digest:
        raise UsageError(
            f"data={place}: its manifest has changed since the run was planned; repeat the command, which plans anew"
        )
    return data


def _manifest_folder(digest: str) -> Path:
    return storage.cache_folder() / "manifests" / digest


def _read_manifest(folder: Path, place: str) -> Manifest:
    try:
        return read_manifest(folder)
    except UsageError as error:
        raise UsageError(f"data={place}: {str(error).replace(str(folder), place)}") from error


def _matches(path: Path, shard: Shard) -> bool:
    return path.is_file() and storage.sha256(path) == shard.sha256


def _entry_name(arm: str, wanted: Arm) -> str:
    """One content in other tar files is another copy: the files must be those that the manifest names."""
    files = "\n".join(f"{shard.name} {shard.sha256}" for shard in wanted.shards)
    return f"{arm}-{hashlib.sha256(files.encode()).hexdigest()[:16]}"
