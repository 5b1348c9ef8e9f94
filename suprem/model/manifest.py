"""The manifest of a checkpoint: a hash of every file, so that none is exchanged or damaged unseen.

It is written last. Against someone who writes a new manifest as well it proves nothing; who needs that keeps its hash
elsewhere, as the audit log does with its head.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from suprem.atomic import write_text
from suprem.errors import CheckpointError

MANIFEST = "manifest.json"
BANK = "reference_bank.safetensors"
"""The reference bank, which the room `inference` writes beside the files of the model."""


def manifest_of(files: Mapping[str, Path]) -> str:
    """Return the manifest of files by their names in the checkpoint, wherever they lie at present."""
    return json.dumps({"sha256": {name: _digest(path) for name, path in sorted(files.items())}}, indent=1) + "\n"


def seal(folder: Path, names: Iterable[str]) -> None:
    """Write the manifest of the files of these names that a folder holds."""
    write_text(folder / MANIFEST, manifest_of({name: folder / name for name in names if (folder / name).is_file()}))


def is_sealed(folder: Path) -> bool:
    """Whether a folder has a manifest; checkpoints of earlier versions have none."""
    return (folder / MANIFEST).is_file()


def verify(folder: Path, names: Iterable[str]) -> None:
    """Compare the files of these names with the manifest.

    Raises:
        CheckpointError: A file is another one, is missing, or came later.
    """
    try:
        stated = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["sha256"]
        found = {name: _digest(folder / name) for name in names if (folder / name).is_file()}
        others = sorted(name for name in {*stated, *found} if stated.get(name) != found.get(name))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(
            f"The manifest of the checkpoint {folder} is damaged ({type(error).__name__})."
        ) from error
    if others:
        raise CheckpointError(
            f"The checkpoint {folder} is not as it was written: {', '.join(others)} changed since, or belongs to "
            "another checkpoint. Take the whole folder again from where it came, or promote it anew."
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
