"""What goes wrong on the server, as ``application/problem+json`` (RFC 9457) with the codes of the command line."""

from __future__ import annotations

import logging
import secrets
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from digitize.errors import PaperbeatError
from digitize.workers import describe

log = logging.getLogger("paperbeat.server")

RETRY_AFTER_S = 5
_GONE = "Results are deleted after a while; send the picture again."
_BY_STATUS = {
    400: ("malformed", "The request is malformed.", "Send multipart/form-data with the picture in the field `file`."),
    404: ("not_found", "There is nothing at this address.", _GONE),
    405: ("method_not_allowed", "This address does not take that method.", "See /openapi.json for what can be asked."),
    413: ("too_large", "The request is larger than this server takes.", "Send one page at a time, as JPEG."),
    421: ("wrong_host", "This server does not go by that name.", "Use the address it printed when it started."),
}


class Busy(PaperbeatError):
    code, http_status = "busy", 503
    default_hint = "Other pages are being read. Try again in a few seconds."


class NotFound(PaperbeatError):
    code, http_status = "not_found", 404
    default_hint = _GONE


def problem(status: int, code: str, detail: str, hint: str, **more: object) -> JSONResponse:
    """A problem document; a 503 carries Retry-After."""
    body = {
        "type": f"urn:paperbeat:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "hint": hint,
        **more,
    }
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else None
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def problem_of_status(status: int) -> JSONResponse:
    """A problem document for a bare HTTP status."""
    phrase = HTTPStatus(status).phrase
    return problem(status, *_BY_STATUS.get(status, (phrase.lower().replace(" ", "_"), f"{phrase}.", "")))


def problem_of_defect(exc: BaseException) -> JSONResponse:
    """Log type and place of a defect under an incident number; the answer holds that number and nothing else of it."""
    incident = secrets.token_hex(8)
    what = exc.message if isinstance(exc, PaperbeatError) else describe(exc)
    log.error("incident %s: %s", incident, what)
    return problem(500, "internal", "Something went wrong on the server.", "Try again.", incident=incident)


def install_problems(app: FastAPI) -> None:
    """Let every error of the app leave as a problem document."""

    @app.exception_handler(PaperbeatError)
    async def _ours(_: Request, exc: PaperbeatError) -> JSONResponse:
        if exc.http_status == 500:
            return problem_of_defect(exc)
        return problem(exc.http_status, exc.code, exc.message, exc.hint)

    @app.exception_handler(HTTPException)
    async def _of_http(_: Request, exc: HTTPException) -> JSONResponse:
        response = problem_of_status(exc.status_code)
        response.headers.update(exc.headers or {})
        return response

    @app.exception_handler(RequestValidationError)
    async def _of_fields(_: Request, exc: RequestValidationError) -> JSONResponse:
        # Where and why only: the input itself may hold what nobody should read again in an answer or a log.
        fields = [{"field": str(error["loc"][-1]), "message": str(error["msg"])} for error in exc.errors()]
        return problem(
            422, "invalid_request", "A field is missing or has a wrong value.", "See `fields`.", fields=fields
        )

    @app.exception_handler(ClientDisconnect)
    async def _gone(_: Request, exc: ClientDisconnect) -> JSONResponse:
        return problem_of_status(400)
