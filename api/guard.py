"""What every request passes through: a limit on its size, a check of its host, headers of caution, a last net."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem_of_defect, problem_of_status
from api.settings import LOOPBACK, Settings

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""For the page and for all answers that do not bring a policy of their own."""
REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"
"""For report.html, which carries its styles and pictures in itself and runs nothing."""

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Content-Security-Policy": PAGE_POLICY,
}


class Guard:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.limit = settings.max_upload_bytes
        self.local_only = settings.host in LOOPBACK

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(Headers(scope=scope))
        if refusal is not None:
            await problem_of_status(refusal)(scope, receive, send_guarded)
            return
        try:
            await self.app(scope, self._counted(receive), send_guarded)
        except Exception as exc:
            answer = problem_of_defect(exc)
            if not started:
                await answer(scope, receive, send_guarded)

    def _refusal(self, headers: Headers) -> int | None:
        """Status of a refusal that the headers alone call for."""
        if self.local_only and _host_name(headers.get("host", "")) not in LOOPBACK:
            return 421
        declared = headers.get("content-length", "0")
        if not declared.isdecimal():
            return 400
        return 413 if int(declared) > self.limit else None

    def _counted(self, receive: Receive) -> Receive:
        """A body of unknown length is counted as it streams in."""
        seen = 0

        async def receive_counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.limit:
                raise HTTPException(413)
            return message

        return receive_counted


def _host_name(host: str) -> str:
    """``[::1]:8000`` and ``localhost:8000`` without the port."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0].lower()
