"""Keys: only who holds the signing key signs, everybody can verify, and nothing secret shows."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from agents.core.errors import ConfigError, StateError
from resources.fakes import MemorySecrets
from resources.keys import Keys

GRANT = {"kind": "grant", "digest": "sha256:ab", "expires": 12.5}


def created(folder: Path) -> Keys:
    keys = Keys(MemorySecrets({}), folder)
    keys.create()
    return keys


def fernet_key() -> str:
    return Fernet.generate_key().decode()


def test_what_was_signed_is_believed_and_nothing_else(tmp_path: Path) -> None:
    keys, others = created(tmp_path / "a"), created(tmp_path / "b")
    signature = keys.sign(GRANT)
    assert keys.verify(dict(reversed(GRANT.items())), signature)
    assert not keys.verify(GRANT | {"expires": 13}, signature)
    assert not keys.verify(GRANT | {"more": 1}, signature)
    assert not others.verify(GRANT, signature)
    for broken in ("", "ed25519:", signature[:-4], signature.removeprefix("ed25519:"), "ed25519:é", signature + "="):
        assert not keys.verify(GRANT, broken)
    assert not keys.verify({"x": float("nan")}, signature)


def test_a_process_with_the_public_key_alone_verifies_and_cannot_sign(tmp_path: Path) -> None:
    signer = created(tmp_path)
    worker = Keys(MemorySecrets({"SIGNING_PUBLIC_KEY": signer.public}), tmp_path)  # the file of the key is in reach
    assert signer.can_sign
    assert not worker.can_sign
    assert worker.verify(GRANT, signer.sign(GRANT))
    with pytest.raises(ConfigError, match="holds no signing key"):
        worker.sign(GRANT)
    worker.create()
    assert not worker.can_sign


def test_without_any_key_nothing_is_believed(tmp_path: Path) -> None:
    signature, bare = created(tmp_path / "a").sign(GRANT), Keys(MemorySecrets({}), tmp_path / "b")
    assert not bare.verify(GRANT, signature)
    assert not bare.can_sign
    for use in (lambda: bare.sign(GRANT), lambda: bare.encrypt("x"), lambda: bare.decrypt("x")):
        with pytest.raises(ConfigError):
            use()


def test_a_key_that_nobody_believes_does_not_sign(tmp_path: Path) -> None:
    public = created(tmp_path / "a").public
    private = (tmp_path / "a" / "signing.key").read_text()
    other = created(tmp_path / "b").public
    with pytest.raises(ConfigError, match="does not belong"):
        Keys(MemorySecrets({"SIGNING_KEY": private, "SIGNING_PUBLIC_KEY": other}), tmp_path).sign(GRANT)
    both = Keys(MemorySecrets({"SIGNING_KEY": private, "SIGNING_PUBLIC_KEY": f"{other},{public}"}), tmp_path)
    assert both.verify(GRANT, both.sign(GRANT))


def test_keys_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    made = [Keys(MemorySecrets({}), folder) for _ in range(8)]
    threads = [threading.Thread(target=keys.create) for keys in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({keys.public for keys in made}) == 1
    assert made[0].decrypt(made[7].encrypt("text")) == "text"
    assert sorted(path.name for path in folder.iterdir()) == ["encryption.key", "signing.key", "signing.pub"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    before = {path: path.read_bytes() for path in folder.iterdir()}
    created(folder)
    assert before == {path: path.read_bytes() for path in folder.iterdir()}


def test_a_lost_private_key_is_not_replaced_behind_the_public_one(tmp_path: Path) -> None:
    keys = created(tmp_path)
    (tmp_path / "signing.key").unlink()
    again = created(tmp_path)
    assert not again.can_sign
    assert again.public == keys.public


@pytest.mark.parametrize("name", ["signing.key", "encryption.key"])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, name: str) -> None:
    created(tmp_path)
    (tmp_path / name).chmod(0o640)
    keys = Keys(MemorySecrets({}), tmp_path)
    with pytest.raises(ConfigError, match="chmod 600"):
        keys.encrypt("x") if name == "encryption.key" else keys.sign(GRANT)


def test_a_replaced_encryption_key_opens_what_the_former_one_closed(tmp_path: Path) -> None:
    old, new = fernet_key(), fernet_key()
    closed = Keys(MemorySecrets({"ENCRYPTION_KEY": old}), tmp_path).encrypt("text")
    assert "text" not in closed
    assert Keys(MemorySecrets({"ENCRYPTION_KEY": f"{new},{old}"}), tmp_path).decrypt(closed) == "text"
    with pytest.raises(StateError, match="does not open") as caught:
        Keys(MemorySecrets({"ENCRYPTION_KEY": new}), tmp_path).decrypt(closed)
    assert closed not in str(caught.value)
    with pytest.raises(StateError):
        Keys(MemorySecrets({"ENCRYPTION_KEY": old}), tmp_path).decrypt(closed[:-2] + "xx")


def test_no_key_shows_in_a_message_or_a_picture_of_the_object(tmp_path: Path) -> None:
    bad = "not-a-key-but-secret"
    for name in ("SIGNING_KEY", "ENCRYPTION_KEY"):
        keys = Keys(MemorySecrets({name: bad}), tmp_path)
        with pytest.raises(ConfigError, match="this is no key") as caught:
            keys.sign(GRANT) if name == "SIGNING_KEY" else keys.encrypt("x")
        assert bad not in f"{caught.value!r} {caught.value} {keys!r} {vars(caught.value)}"
    keys = created(tmp_path / "k")
    keys.sign(GRANT)
    shown = repr(keys) + repr(vars(keys))
    assert (tmp_path / "k" / "signing.key").read_text().strip() not in shown
