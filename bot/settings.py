"""Settings from the environment or `.env`, with conventional names (design §4).

A wrong or missing setting is one clear line and exit code 2, never a traceback.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class SettingsError(Exception):
    """Say in one line what is wrong with the settings; the program ends with exit code 2."""


class Settings(BaseSettings):
    """Know how this installation runs. Intervals are seconds of real time."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", case_sensitive=False)

    database_url: str = ""
    convenor_data_dir: Path = Path("data")
    convenor_secret_key_file: Path | None = None

    telegram_bot_token: SecretStr = SecretStr("")
    telegram_api_url: str = "https://api.telegram.org"
    telegram_webhook_secret: SecretStr = SecretStr("")

    slack_bot_token: SecretStr = SecretStr("")
    slack_app_token: SecretStr = SecretStr("")
    slack_signing_secret: SecretStr = SecretStr("")
    slack_api_url: str = "https://slack.com/api/"

    public_url: str = ""
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=0, le=65535)
    log_level: str = "INFO"
    log_format: str = "console"

    convenor_lease_seconds: float = Field(default=60.0, gt=0)
    convenor_sweep_seconds: float = Field(default=1.0, gt=0)
    convenor_recovery_seconds: float = Field(default=15.0, gt=0)
    convenor_request_seconds: float = Field(default=20.0, gt=0)
    """Longest wait for the answer to one message; must stay below `convenor_settle_seconds`."""
    convenor_settle_seconds: float = Field(default=25.0, gt=0)
    """How long after a lost answer Slack is asked whether the message is there; longer than any request may live."""
    convenor_probe_seconds: float = Field(default=60.0, gt=0)
    """How often a refused token is tried again, with one message."""
    convenor_lane_seconds: float = Field(default=15.0, gt=0)
    """How long sending on a connection, and polling Telegram, belong to one process (PostgreSQL)."""
    convenor_beat_seconds: float = Field(default=60.0, gt=0)
    """How often the installation's beat is written, by which a restored backup is recognised."""
    convenor_lanes: int = Field(default=8, ge=1, le=64)
    """Messages in flight at once on one connection: also the most copies or stray messages after a crash or a stop."""
    telegram_per_second: float = Field(default=30.0, ge=0)
    """Messages a second of the Telegram bot; 0 = no pacing at all, neither per bot nor per chat (tests, own server)."""
    slack_per_minute: int = Field(default=300, ge=0)
    """Messages a minute in the Slack workspace; 0 = no pacing at all, neither per workspace nor per channel."""
    convenor_clock_url: str = ""
    """The sandbox whose movable clock we follow; empty = the machine's clock. Only for the demo and tests."""

    @field_validator("log_level")
    @classmethod
    def _level(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @field_validator("log_format")
    @classmethod
    def _format(cls, value: str) -> str:
        if value not in {"console", "json"}:
            raise ValueError("must be console or json")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Settings:
        if not self.database_url:
            self.database_url = f"sqlite:///{(self.convenor_data_dir / 'convenor.sqlite3').absolute()}"
        if self.convenor_secret_key_file is None:
            self.convenor_secret_key_file = self.convenor_data_dir / "convenor.key"
        if self.convenor_settle_seconds <= self.convenor_request_seconds:
            raise ValueError("CONVENOR_SETTLE_SECONDS must be longer than CONVENOR_REQUEST_SECONDS")
        if self.telegram_webhook_secret.get_secret_value() and not self.public_url:
            raise ValueError("TELEGRAM_WEBHOOK_SECRET needs PUBLIC_URL, the address Telegram reaches us at")
        slack = self.slack_bot_token.get_secret_value()
        if slack and not self.slack_app_token.get_secret_value() and not self.slack_signing_secret.get_secret_value():
            raise ValueError(
                "SLACK_BOT_TOKEN needs SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (signed HTTP)"
            )
        return self

    @property
    def secret_key_file(self) -> Path:
        """Give the path of the key file that `init` makes."""
        assert self.convenor_secret_key_file is not None
        return self.convenor_secret_key_file

    @property
    def secrets(self) -> tuple[str, ...]:
        """Give every secret value, for the filter that keeps them out of the logs."""
        values = (
            self.telegram_bot_token, self.telegram_webhook_secret,
            self.slack_bot_token, self.slack_app_token, self.slack_signing_secret,
        )  # fmt: skip
        return tuple(each.get_secret_value() for each in values if each.get_secret_value())

    @property
    def telegram(self) -> bool:
        """Tell whether Telegram is on."""
        return bool(self.telegram_bot_token.get_secret_value())

    @property
    def slack(self) -> bool:
        """Tell whether Slack is on."""
        return bool(self.slack_bot_token.get_secret_value())


def load_settings() -> Settings:
    """Read the settings. Raise `SettingsError` with one line naming the variable."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper() if first["loc"] else ""
        message = str(first["msg"]).removeprefix("Value error, ")
        raise SettingsError(f"{name}: {message}" if name else message) from None
