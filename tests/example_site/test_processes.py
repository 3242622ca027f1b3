"""The processes beside the demo."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from example_site.demo.processes import (
    Children,
    DemoFailed,
    free_port,
    is_listening,
    status_of,
)


def test_a_port_in_use_is_not_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        busy = other.getsockname()[1]
        assert is_listening(busy)
        assert free_port(busy) != busy
    assert free_port(busy) == busy
    assert not is_listening(busy)
    assert status_of(f"http://127.0.0.1:{busy}/") == 0


def test_children_are_started_and_all_stopped(tmp_path: Path) -> None:
    children = Children(Path(__file__).parents[2], tmp_path)
    port = free_port(0)
    children.start("sink", "example_site.mail_sink", str(tmp_path / "mail"), str(port))
    process = children.running["sink"]
    try:
        children.wait_until(lambda: is_listening(port), 30, "the sink does not answer")
    finally:
        children.stop()
    assert process.poll() is not None
    assert not is_listening(port)
    assert not children.running


def test_a_child_that_dies_fails_the_demo_with_what_it_said(tmp_path: Path) -> None:
    children = Children(tmp_path, tmp_path / "log")
    children.start("worker", "no_such_module_at_all")
    with pytest.raises(
        DemoFailed, match="worker stopped with code 1:\n.*no_such_module"
    ):
        children.wait_until(lambda: False, 30, "it never does")
    children.stop()


def test_waiting_has_an_end(tmp_path: Path) -> None:
    children = Children(tmp_path, tmp_path / "log")
    with pytest.raises(DemoFailed, match="After 0 seconds: nothing came"):
        children.wait_until(lambda: False, 0, "nothing came")
