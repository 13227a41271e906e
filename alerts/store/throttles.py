# SPDX-License-Identifier: MIT
"""SQL of throttles: the state that alerts.delivery.throttle decides on, one row a place, held while it is changed."""

from sqlmodel import Session, col, select

from alerts.delivery.throttle import Circuit
from alerts.store.insert import insert_new
from alerts.store.tables import Throttle


def row(session: Session, key: str) -> Throttle:
    """The row of a place, made on first use, locked until the transaction ends."""
    held = select(Throttle).where(col(Throttle.key) == key).with_for_update()
    found = session.exec(held).one_or_none()
    if found is None:
        insert_new(session, Throttle, [{"key": key}])
        found = session.exec(held).one()
    return found


def circuit(session: Session, key: str) -> Circuit:
    """What is known of a host, without locking it."""
    found = session.get(Throttle, key)
    return Circuit(found.failures, found.open_until) if found else Circuit()


def save(kept: Throttle, circuit: Circuit) -> None:
    kept.failures, kept.open_until = circuit.failures, circuit.open_until
