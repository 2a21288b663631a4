"""What a render yields: files as values."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

PUBLIC = 0o644
SECRET = 0o600


@dataclass(frozen=True)
class File:
    """One file of a project: its content and its permission bits."""

    content: bytes
    mode: int = PUBLIC

    @property
    def sha256(self) -> str:
        """The hexadecimal SHA-256 of the content."""
        return hashlib.sha256(self.content).hexdigest()


Tree = Mapping[str, File]
"""Files by their path relative to the project directory, with slashes, in sorted order."""
