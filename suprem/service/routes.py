"""The addresses of the HTTP interface: each hands a request to the `Model` that Python programs use."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from suprem import __version__
from suprem.api.model import Model
from suprem.ecg.measurement.plain_values import measure_window, plain_values
from suprem.errors import ConceptError, EcgError, QueryError, SupremError
from suprem.export import RESEARCH_USE
from suprem.inference.fhir_report import fhir_bundle
from suprem.inference.files import Remarked, Withheld
from suprem.inference.reported import Lineage, reported
from suprem.service.answers import (
    Answer,
    Concept,
    Health,
    Nearest,
    Problem,
    QueriesAnswer,
    Support,
    SupportAnswer,
    score_answer,
    score_rows,
)
from suprem.service.description import describe_interface
from suprem.service.limits import Limits, Workers, check_token, read_body
from suprem.service.recording import record_of, table_of

LOG = logging.getLogger("suprem.service")
"""One JSON object a request: method, address without its query, status, milliseconds. Nothing that was sent."""

OPEN = ("/health", "/openapi.json")
"""Addresses that need no token; they tell nothing of anybody."""

Handler = Callable[[Request], Awaitable[Response]]


class Service:
    """The handlers, with the model they ask."""

    def __init__(self, model: Model, *, tokens: Sequence[str], limits: Limits, allow_override: bool) -> None:
        self.model = model
        self.tokens = tuple(tokens)
        self.limits = limits
        self.allow_override = allow_override
        self.workers = Workers(limits)
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "suprem_requests", "Requests by address and status.", ("path", "status"), registry=self.registry
        )
        self.seconds = Histogram("suprem_request_seconds", "Time to answer.", ("path",), registry=self.registry)

    async def health(self, _request: Request) -> Response:
        """Tell that the interface answers."""
        return _json(Health(checkpoint=self.model.checkpoint, program=__version__))

    async def metrics(self, _request: Request) -> Response:
        """Give counts and times in Prometheus' form."""
        return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)

    async def description(self, _request: Request) -> Response:
        """Give the OpenAPI description."""
        return JSONResponse(describe_interface())

    async def card(self, _request: Request) -> Response:
        """Give the model card, with the notice."""
        lineage = Lineage.of(self.model.predictor)
        return JSONResponse(
            {"notice": RESEARCH_USE, **vars(lineage), "card": json.loads(self.model.predictor.card.to_json())}
        )

    async def queries(self, _request: Request) -> Response:
        """Give the concepts that were trained."""
        concepts = self.model.predictor.vocabulary.concepts
        found = [Concept(code=one.code, name=one.name, snomed=one.snomed) for one in concepts]
        return _json(QueriesAnswer(checkpoint=self.model.checkpoint, concepts=found))

    async def support(self, request: Request) -> Response:
        """Tell how near queries are to what was trained."""
        asked = self._queries(request)
        found = await self.workers.run(lambda: self.model.predictor.support(asked))
        answers = [
            Support(
                query=query,
                support=str(one.support),  # type: ignore[arg-type]  # pydantic checks it
                nearest=[Nearest(concept=term, cosine=cosine) for term, cosine in one.nearest],
            )
            for query, one in zip(asked, found, strict=True)
        ]
        return _json(SupportAnswer(checkpoint=self.model.checkpoint, queries=answers))

    async def score(self, request: Request) -> Response:
        """Score one recording."""
        asked, form = self._queries(request), request.query_params.get("format", "json")
        if form not in ("json", "fhir"):
            raise HTTPException(422, f"The format {form[:20]!r} is not there; expected json or fhir.")
        override = request.query_params.get("ignore_quality", "false").lower() in ("true", "1")
        if override and not self.allow_override:
            raise HTTPException(403, "This server scores nothing that the quality gate blocks (--allow-override).")
        asks = request.query_params.get("withheld", "false").lower() in ("true", "1")
        body, media_type = await read_body(request, self.limits), request.headers.get("content-type", "")
        table = table_of(request.query_params)

        def work() -> Response:
            record = record_of(body, media_type, table)
            result = self.model.score(record, queries=asked, ignore_quality=override, give_withheld=asks)
            if form == "json":
                return _json(score_answer(self.model, result))
            remarked = [Remarked(result.record_id, result.remarks, "", None)]
            kept = [Withheld(result.record_id, query, None, reason) for query, reason in result.withheld.items()]
            rows = reported(score_rows(self.model, result), remarked, kept, [], self.model.predictor.vocabulary)
            bundle = fhir_bundle(rows, Lineage.of(self.model.predictor))
            return JSONResponse(bundle, media_type="application/fhir+json")

        return await self.workers.run(work)

    async def measure(self, request: Request) -> Response:
        """Measure one recording."""
        body, media_type = await read_body(request, self.limits), request.headers.get("content-type", "")
        table = table_of(request.query_params)

        def work() -> Response:
            record = record_of(body, media_type, table)
            return JSONResponse({"notice": RESEARCH_USE, **plain_values(measure_window(record)), "notes": record.notes})

        return await self.workers.run(work)

    def watched(self, handler: Handler) -> Handler:
        """Return a handler that asks for the token, answers errors as problems, counts and logs."""

        async def answer(request: Request) -> Response:
            path, started = request.url.path, time.perf_counter()
            try:
                if path not in OPEN:
                    check_token(request, self.tokens)
                response = await handler(request)
            except (EcgError, QueryError, ConceptError) as error:
                response = _problem(422, str(error))
            except SupremError as error:
                response = _problem(500, str(error))
            except HTTPException as error:
                response = _problem(error.status_code, error.detail, error.headers)
            except Exception as error:  # a bug: its kind is told and logged, never its values
                LOG.error(json.dumps({"path": path, "error": type(error).__name__}))
                response = _problem(500, f"The program has a fault here ({type(error).__name__}).")
            elapsed = time.perf_counter() - started
            self.requests.labels(path, str(response.status_code)).inc()
            self.seconds.labels(path).observe(elapsed)
            facts = {"method": request.method, "path": path, "status": response.status_code}
            LOG.info(json.dumps({**facts, "ms": round(1000 * elapsed)}))
            return response

        return answer

    def _queries(self, request: Request) -> list[str]:
        asked = request.query_params.getlist("query")
        if not asked:
            raise QueryError("No query was given; name at least one finding: ?query=atrial+fibrillation.")
        if len(asked) > self.limits.queries:
            raise QueryError(f"{len(asked)} queries were given; at most {self.limits.queries} are answered at once.")
        return asked


def build_service(
    model: Model, *, tokens: Sequence[str] = (), limits: Limits | None = None, allow_override: bool = False
) -> Starlette:
    """Return the HTTP interface as an ASGI application.

    Args:
        model: The loaded checkpoint.
        tokens: Of which a request must bring one; without any, everybody may ask.
        limits: What one request may cost.
        allow_override: Whether a request may have scored what the quality gate blocks.
    """
    service = Service(model, tokens=tokens, limits=limits or Limits(), allow_override=allow_override)

    @asynccontextmanager
    async def lifespan(_app: Starlette):  # type: ignore[no-untyped-def]  # an async generator of None
        yield
        service.workers.close()

    get = {
        "/health": service.health,
        "/metrics": service.metrics,
        "/openapi.json": service.description,
        "/v1/model": service.card,
        "/v1/queries": service.queries,
        "/v1/support": service.support,
    }
    post = {"/v1/score": service.score, "/v1/measure": service.measure}
    routes = [
        *(Route(path, service.watched(handler), methods=["GET"]) for path, handler in get.items()),
        *(Route(path, service.watched(handler), methods=["POST"]) for path, handler in post.items()),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def _json(answer: Answer) -> Response:
    return Response(answer.model_dump_json(), media_type="application/json")


def _problem(status: int, detail: str, headers: object = None) -> Response:
    titles = {401: "Unauthorized", 403: "Forbidden", 413: "Too large", 422: "Cannot be used", 503: "Busy"}
    problem = Problem(title=titles.get(status, "Failed"), status=status, detail=detail)
    extra = dict(headers) if isinstance(headers, dict) else None
    return Response(problem.model_dump_json(), status, headers=extra, media_type="application/problem+json")
