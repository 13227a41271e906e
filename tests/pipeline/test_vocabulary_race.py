# SPDX-License-Identifier: MIT
"""Two admins change the vocabulary at the same moment: one change is kept, the other admin is told to look again."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session

from alerts.config import Settings
from alerts.errors import InputError
from alerts.facts import concepts
from alerts.facts.vocabulary.current import current
from alerts.facts.vocabulary.edits import Edit, add_name
from alerts.pipeline import vocabulary as changes
from alerts.pipeline.vocabulary import Saved
from alerts.store import vocabulary
from alerts.store.engine import Store
from tests.waiting import until_it_waits

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture(autouse=True)
def shipped_again() -> Iterator[None]:
    yield
    current.follow(None)


def named(drug: str, name: str) -> Edit:
    """The drug is also known by this name."""
    ref = concepts().resolve("drug", drug)
    assert ref is not None
    return add_name(current(), ref, name, "synonym")


def kept(store: Store) -> list[str]:
    with store.read() as session:
        return [e.said for e in vocabulary.in_force(session)]


def test_who_comes_second_with_a_clashing_name_is_refused_and_told_to_look_again(
    store: Store, store_settings: Settings
) -> None:
    """Each change is good alone; together they would make the name mean two drugs."""
    alices, bobs = named("cabozantinib", "Zyxomab"), named("nivolumab", "Zyxomab")
    with closing(Store(store_settings)) as elsewhere, ThreadPoolExecutor(1) as bob:

        def save(plan: changes.Plan) -> Saved:
            with elsewhere.write() as session:
                return changes.save_in(session, plan, bobs, "bob", NOW)

        with store.read() as one, elsewhere.read() as two:
            mine, his = changes.plan_to_save(one, alices), changes.plan_to_save(two, bobs)
        with store.write() as session:
            changes.save_in(session, mine, alices, "alice", NOW)
            second = bob.submit(save, his)
            until_it_waits(store, second, "advisory")
        with pytest.raises(InputError, match="Look at it again") as refused:
            second.result(timeout=30)
        assert refused.value.code == "changed_meanwhile"
        assert kept(store) == [alices.said]
        with pytest.raises(InputError, match="would mean two things"), elsewhere.read() as session:
            changes.plan_to_save(session, bobs)


def test_what_is_saved_while_somebody_takes_another_change_back_is_not_overlooked(
    store: Store, store_settings: Settings
) -> None:
    first, more = named("cabozantinib", "Zyxomab"), named("cabozantinib", "Zyxo")
    changes.save(store, first, "alice", NOW)
    with closing(Store(store_settings)) as elsewhere, ThreadPoolExecutor(1) as bob:

        def undo(plan: changes.Plan) -> Saved:
            with elsewhere.write() as session:
                return changes.undo_in(session, plan, 1, "bob", NOW)

        with store.read() as one, elsewhere.read() as two:
            mine, his = changes.plan_to_save(one, more), changes.plan_to_undo(two, 1)
        with store.write() as session:
            changes.save_in(session, mine, more, "alice", NOW)
            second = bob.submit(undo, his)
            until_it_waits(store, second, "advisory")
        with pytest.raises(InputError, match="Look at it again"):
            second.result(timeout=30)
    assert kept(store) == [first.said, more.said]


def test_a_change_that_comes_while_somebody_looks_counts_as_new(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL each statement of a look sees what was committed before it: the count is taken first."""
    alices, bobs = named("cabozantinib", "Zyxomab"), named("nivolumab", "Zyxo")
    looked = changes.tried

    def slowly(session: Session, edit: Edit) -> changes.Tried:
        seen = looked(session, edit)
        if edit is alices:
            changes.save(store, bobs, "bob", NOW)
        return seen

    monkeypatch.setattr(changes, "tried", slowly)
    with pytest.raises(InputError, match="changed_meanwhile"):
        changes.save(store, alices, "alice", NOW)
    assert kept(store) == [bobs.said]


@pytest.mark.processes
@pytest.mark.enable_socket
@pytest.mark.timeout(120)
def test_of_two_real_processes_with_clashing_changes_one_is_kept(
    store: Store, store_settings: Settings, tmp_path: Path
) -> None:
    environ = {
        **os.environ, "ONCOWIRE_VAR_DIR": str(store_settings.var_dir), "ONCOWIRE_DATABASE_URL": store_settings.database,
    }  # fmt: skip
    running = []
    for drug in ("cabozantinib", "nivolumab"):
        file = tmp_path / f"{drug}.yaml"
        file.write_text(f"drugs:\n  {drug}:\n    synonyms: [Zyxomab]\n", encoding="utf-8")
        command = [sys.executable, "-m", "alerts.cli", "vocab", "overlay", "apply", str(file)]
        running.append(
            subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
    ended = [(*process.communicate(timeout=100), process.returncode) for process in running]
    assert sorted(code for *_, code in ended) == [0, 1], ended
    (told,) = [err for _, err, code in ended if code]
    assert "changed_meanwhile" in told or "collision" in told, told
    assert len(kept(store)) == 1
