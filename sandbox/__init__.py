"""Stand in for Slack and Telegram on loopback, strictly, so that the bot's real adapters run without accounts."""

from sandbox.server import NotLoopback, Sandbox
from sandbox.world import World

__all__ = ["NotLoopback", "Sandbox", "World"]
