"""The key file: Fernet keys, one a line, the first encrypts; made once by `init`, readable by its owner alone.

With it the vault is opened.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cryptography.fernet import Fernet, MultiFernet

from bot.settings import Settings, SettingsError
from storage.vault import Vault


def make_key_file(path: Path) -> bool:
    """Make the key file with rights 0600; false if there is one, which is kept. Raise `SettingsError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        read_keys(path)
        return False
    except OSError as error:
        raise SettingsError(f"the key file {path} cannot be made: {error.strerror}") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(Fernet.generate_key() + b"\n")
    return True


def read_keys(path: Path) -> MultiFernet:
    """Read the keys. Raise `SettingsError` if the file is missing, open to others or holds no keys."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise SettingsError(f"the key file {path} can be read by others; run: chmod 600 {path}")
        lines = path.read_text(encoding="ascii").split()
    except OSError as error:
        raise SettingsError(f"the key file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        lines = []
    try:
        return MultiFernet([Fernet(each) for each in lines])
    except ValueError:
        raise SettingsError(f"the key file {path} holds no keys") from None


def open_vault(settings: Settings) -> Vault | None:
    """Open the vault of an installation; none while it has no key file. Raise `SettingsError` for files without it."""
    folder, path = settings.convenor_data_dir / "files", settings.secret_key_file
    if path.exists():
        return Vault(folder, read_keys(path))
    if folder.is_dir() and any(folder.glob("??/*")):
        raise SettingsError(f"there are sealed files in {folder}, but not their key file {path}; put it back")
    return None
