"""What whoever runs the server may set, by environment variables such as ``PAPERBEAT_WORKERS=2``."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Settings(BaseSettings):
    """Limits of the server.

    Attributes
    ----------
    host : str
        Address it listens on. On a loopback address, requests that name another host are refused, so that no web page
        can reach the server through a name of its own (DNS rebinding).
    max_upload_bytes : int
        Of a whole request.
    workers : int
        Pages read at the same time, each in a process of its own.
    max_waiting : int
        Pages read or waiting to be read; beyond it the answer is 503 with Retry-After.
    page_timeout_s : float
    keep_s : float
        Results older than this are deleted.
    max_kept : int
        Results kept at most; the oldest go first.
    """

    model_config = SettingsConfigDict(env_prefix="PAPERBEAT_")

    host: str = "127.0.0.1"
    max_upload_bytes: int = Field(default=64 * 2**20, gt=0)
    workers: int = Field(default=1, ge=1)
    max_waiting: int = Field(default=8, ge=1)
    page_timeout_s: float = Field(default=120.0, gt=0)
    keep_s: float = Field(default=3600.0, gt=0)
    max_kept: int = Field(default=200, ge=1)
