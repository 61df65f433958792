"""The vault: what is in it comes out whole or not at all, and nothing of it can be read without the keys."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, MultiFernet

from storage.vault import PIECE, Broken, Vault


def made(folder: Path, *keys: bytes) -> Vault:
    return Vault(folder / "files", MultiFernet([Fernet(each) for each in keys]))


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
async def test_a_file_comes_out_as_it_went_in_also_piece_by_piece(tmp_path: Path, size: int) -> None:
    vault, content = made(tmp_path, Fernet.generate_key()), b"0123456789abcdef" * (size // 16) + b"x" * (size % 16)
    blob = vault.keep(content)
    assert vault.content(blob) == content
    assert b"".join([piece async for piece in vault.stream(blob)]) == content


def test_nothing_of_a_file_can_be_read_on_the_disk_and_only_we_may_open_it(tmp_path: Path) -> None:
    vault = made(tmp_path, Fernet.generate_key())
    vault.keep(b"CANARY-123 the delegate of Examplia said")
    (path,) = [each for each in (tmp_path / "files").rglob("*") if each.is_file()]
    assert b"CANARY" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_cut_off_changed_or_put_together_anew_is_refused(tmp_path: Path) -> None:
    vault = made(tmp_path, Fernet.generate_key())
    blob = vault.keep(b"a" * (2 * PIECE + 5))
    path = next(each for each in (tmp_path / "files").rglob("*") if each.is_file())
    whole, piece = path.read_bytes(), PIECE + 16
    head = len(whole) - (2 * piece + 5 + 16)
    swapped = (
        whole[:head] + whole[head + piece : head + 2 * piece] + whole[head : head + piece] + whole[head + 2 * piece :]
    )
    for spoilt in (whole[: head + piece], whole[:-1], whole[:-1] + b"\0", swapped, b"", b"%PDF-1.7"):
        path.write_bytes(spoilt)
        with pytest.raises(Broken):
            vault.content(blob)


def test_an_old_key_still_opens_after_a_new_one_came_and_a_foreign_one_never(tmp_path: Path) -> None:
    old, new = Fernet.generate_key(), Fernet.generate_key()
    before = made(tmp_path, old)
    blob, note = before.keep(b"minutes"), before.seal("page 2: a name")
    after = made(tmp_path, new, old)
    assert after.content(blob) == b"minutes"
    assert (after.unseal(note), after.seal("")) == ("page 2: a name", "")
    with pytest.raises(Broken):
        made(tmp_path, new).content(blob)
    with pytest.raises(Broken):
        made(tmp_path, new).unseal(note)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 32, "0" * 31])
def test_a_name_that_is_none_of_ours_opens_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(Broken):
        made(tmp_path, Fernet.generate_key()).content(name)


def test_a_removed_file_is_gone_and_removing_it_again_is_no_fault(tmp_path: Path) -> None:
    vault = made(tmp_path, Fernet.generate_key())
    blob = vault.keep(b"x")
    assert [name for name, _ in vault.blobs()] == [blob]
    vault.remove(blob)
    vault.remove(blob)
    assert vault.blobs() == []
