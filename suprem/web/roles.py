"""Who may do what, from the claims of the login; and the audit row of what they do for, or to, others.

Without a login there is one local user, who is everything: whoever reaches the address is trusted with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from suprem.atomic import write_text
from suprem.errors import NotAllowed
from suprem.settings import Settings, load_settings
from suprem.web.login import user_name

if TYPE_CHECKING:
    from suprem.jobs.job import Job

LOCAL = "local user"
OWNER = "owner.txt"
"""In a folder that a person made on a page: who."""

PREFIX = "suprem-"
"""May stand before a role where one provider serves many programs."""


class Role(StrEnum):
    """What a person is here. A reader is everybody who may log in; an administrator may do what all others may."""

    READER = "reader"
    REVIEWER = "reviewer"
    ADJUDICATOR = "adjudicator"
    RESEARCHER = "researcher"
    ADMINISTRATOR = "administrator"


NEEDED = {"promote": Role.ADMINISTRATOR, "score": Role.READER}
"""Stage -> role that may start it; the others are a researcher's."""


def actor() -> str:
    """Return who acts, as the audit log names them."""
    return user_name() or LOCAL


def roles(settings: Settings | None = None) -> frozenset[Role]:
    """Return the roles of who is logged in; all of them where no login is required."""
    settings = settings or load_settings()
    if not settings.login:
        return frozenset(Role)
    found: Any = st.user
    for claim in settings.roles_claim.split("."):
        found = found.get(claim) if isinstance(found, Mapping) else None
    named = [found] if isinstance(found, str) else found if isinstance(found, (list, tuple)) else []
    held = {Role.READER}
    for name in named:
        plain = str(name).casefold().removeprefix(PREFIX)
        held |= {Role(plain)} if plain in set(Role) else set()
    return frozenset(Role) if Role.ADMINISTRATOR in held else frozenset(held)


def refusal(role: Role, what: str) -> str:
    """Return why the person at the page may not do something, empty where they may.

    Args:
        role: The role it takes.
        what: What it is, for example "use another checkpoint for all".
    """
    if role in roles():
        return ""
    return f"Only a person with the role {role} may {what}; ask an administrator of this installation."


def refusal_to_others(owner: str, what: str) -> str:
    """Return why the person at the page may not do something to a thing of `owner`, empty where they may."""
    if Role.ADMINISTRATOR in roles() or owner == actor():
        return ""
    return f"This belongs to {owner or 'nobody who is known'}; only they or an administrator may {what}."


def refusal_of_stage(stage: str) -> str:
    """Return why the person at the page may not start the work of a stage, empty where they may."""
    return refusal(NEEDED.get(stage, Role.RESEARCHER), f"start {stage.replace('_', ' ')}")


def demand(refused: str) -> None:
    """Refuse what one of the functions above says is not allowed.

    A button that is disabled is not the end of it: the role may have been taken since the page was drawn.

    Raises:
        NotAllowed: There is a reason.
    """
    if refused:
        raise NotAllowed(refused)


def button_options(refused: str, *, disabled: bool = False, help_text: str | None = None) -> dict[str, Any]:
    """Return options of a button that is disabled, with the reason, for whoever may not press it."""
    return {"disabled": disabled or bool(refused), "help": refused or help_text}


def note_owner(folder: Path) -> None:
    """Write into a folder that the person at the page made it."""
    write_text(folder / OWNER, actor())


def owner_of(folder: Path) -> str:
    """Return whose a folder is; empty for one of a command line or of an earlier version of the program."""
    try:
        return (folder / OWNER).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""


def note(settings: Settings, action: str, subject: str, **details: Any) -> None:
    """Write an audit row of what the person at the page does.

    Raises:
        SupremError: The row cannot be written.
    """
    # Imported here and not above: the database takes time that no gate needs.
    from suprem.web.audit_cache import audit_log

    audit_log(settings.database).record(actor(), action, subject, details)


def note_job(settings: Settings, action: str, job: Job) -> None:
    """Write an audit row of what is done to a job. Its title and configuration stay out: they may hold a name."""
    note(settings, action, f"job {job.id}", stage=job.spec.stage, owner=job.owner)
