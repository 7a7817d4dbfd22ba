"""Logs to stderr: constant event names with key-values, ours and those of libraries in one form.

A traceback shows where and what kind, not the exception's own words: those quote customers' text (a duplicate key, an
address that does not parse). Level `debug` shows them too.
"""

import logging
import sys
import traceback
from types import TracebackType

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from services.common.settings import Settings
from services.common.tracing import current_traceparent

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def configure_logging(settings: Settings, service: str) -> None:
    """Set up structlog and the standard library's logging for this process.

    `service` stands in every line, and the trace that it belongs to, if any.
    """

    def name_origin(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["service"] = service
        if traceparent := current_traceparent():
            event["trace_id"] = traceparent.split("-")[1]
        return event

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        name_origin,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exception_renderer(with_messages=settings.log_level == "debug"),
    ]
    renderer = _renderer(settings.log_format)
    structlog.configure(
        # Straight to stderr: by way of the standard library each line would take several times as long.
        processors=[*shared, renderer],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())


def _renderer(log_format: str) -> Processor:
    if log_format == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())


def _exception_renderer(*, with_messages: bool) -> Processor:
    def render(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        info = event.pop("exc_info", None)
        if isinstance(info, BaseException):
            info = (type(info), info, info.__traceback__)
        elif info and not isinstance(info, tuple):
            info = sys.exc_info()
        if info and info[1] is not None:
            event["exception"] = _describe(info[1], with_messages=with_messages)
        return event

    return render


def _describe(error: BaseException, *, with_messages: bool) -> str:
    """The chain of exceptions, the last one first raised on top, as Python prints it."""
    if with_messages:
        return "".join(traceback.format_exception(error)).rstrip()
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = f"{_describe(cause, with_messages=False)}\nthen\n" if cause else ""
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    return f"{before}{''.join(traceback.format_tb(error.__traceback__))}{kind}"
