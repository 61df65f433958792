from __future__ import annotations

from pathlib import Path

import pytest

from bot.app import Bot
from bot.settings import SettingsError, load_settings

NAMES = (
    "DATABASE_URL", "TELEGRAM_BOT_TOKEN", "TELEGRAM_WEBHOOK_SECRET", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET", "PUBLIC_URL", "HTTP_PORT", "LOG_LEVEL", "LOG_FORMAT", "CONVENOR_DATA_DIR",
)  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_settings_the_database_is_a_file_in_the_folder_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVENOR_DATA_DIR", "/srv/convenor")
    settings = load_settings()
    assert settings.database_url == "sqlite:////srv/convenor/convenor.sqlite3"
    assert settings.secret_key_file == Path("/srv/convenor/convenor.key")
    assert not settings.telegram
    assert not settings.slack


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("HTTP_PORT", "eighty", "HTTP_PORT: Input should be a valid integer"),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL: must be DEBUG, INFO, WARNING or ERROR"),
        ("LOG_FORMAT", "xml", "LOG_FORMAT: must be console or json"),
        ("TELEGRAM_WEBHOOK_SECRET", "s3cret", "TELEGRAM_WEBHOOK_SECRET needs PUBLIC_URL"),
        ("SLACK_BOT_TOKEN", "xoxb-1", "SLACK_BOT_TOKEN needs SLACK_APP_TOKEN"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, complaint: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_secrets_are_not_shown_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-very-secret")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-very-secret")
    settings = load_settings()
    assert "very-secret" not in repr(settings)
    assert set(settings.secrets) == {"xoxb-very-secret", "xapp-very-secret"}


def test_a_webhook_secret_that_telegram_would_refuse_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("TELEGRAM_BOT_TOKEN", "7:x"), ("PUBLIC_URL", "https://x"), ("TELEGRAM_WEBHOOK_SECRET", "ö!")):
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match="TELEGRAM_WEBHOOK_SECRET: 1 to 256 letters"):
        Bot(load_settings())
