"""Stand-ins for CRMs and ERPs: each checks each request as its vendor's pages say."""

import itertools
import json
import re
import traceback
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from leadwell.testing import Reply, Request

OK, CREATED, NOTHING, NOT_FOUND = 200, 201, 204, 404


@dataclass
class Vendor:
    """What was brought in, by the lead's id."""

    records: dict[int, dict[str, Any]] = field(default_factory=dict)
    made: int = 0
    wrong: list[str] = field(default_factory=list)
    """Requests that are not as the vendor's pages say."""
    numbers: Any = field(default_factory=lambda: itertools.count(7000))
    secrets: ClassVar[dict[str, str]] = {}
    replaced: ClassVar[dict[str, str]] = {}
    """What its user edits in the profile."""
    removes: ClassVar[bool] = True

    def take(self, request: Request) -> Reply:
        try:
            return self.taken(request)
        except Exception:
            self.wrong.append(f"{request}\n{traceback.format_exc()}")
            return Reply(400)

    def taken(self, request: Request) -> Reply:
        self.check_headers(request.headers)
        parts = urlsplit(request.target)
        body = json.loads(request.body) if request.body else None
        if body is not None:
            assert request.headers["content-type"] == "application/json"
        asked = {name: each for name, (each,) in parse_qs(parts.query).items()}
        return self.answer(request.method, unquote(parts.path), asked, body)

    def check_headers(self, headers: Any) -> None:
        assert headers["authorization"] == "Bearer s3cret-token"

    def answer(self, method: str, path: str, asked: Any, body: Any) -> Reply:
        raise NotImplementedError

    def put(self, lead_id: int, record: dict[str, Any]) -> bool:
        """Create or update; returns whether it was created."""
        is_new = lead_id not in self.records
        self.made += is_new
        held = self.records.setdefault(lead_id, {"id": next(self.numbers)})
        held |= record
        return is_new

    def id_of(self, remote_id: str | int) -> int | None:
        found = [i for i, e in self.records.items() if str(e["id"]) == str(remote_id)]
        return found[0] if found else None

    def dropped(self, lead_id: int | None) -> Reply:
        if lead_id not in self.records:
            return Reply(NOT_FOUND)
        del self.records[lead_id]
        return Reply(NOTHING)

    def name_of(self, lead_id: int) -> Any:
        raise NotImplementedError


class HubSpot(Vendor):
    """POST …/batch/upsert of at most 100; properties are texts."""

    secrets: ClassVar[dict[str, str]] = {"HUBSPOT_TOKEN": "s3cret-token"}

    def answer(self, method: str, path: str, asked: Any, body: Any) -> Reply:
        base = "/crm/objects/2026-03/contacts"
        if (method, path) == ("POST", f"{base}/batch/upsert"):
            return self._upserted(body)
        lead_id = path.removeprefix(f"{base}/")
        if method == "GET":
            assert asked == {"idProperty": "leadwell_id"}
            held = self.records.get(int(lead_id))
            return Reply.json({"id": f"{held['id']}"}) if held else Reply(NOT_FOUND)
        assert method == "DELETE"
        self.dropped(self.id_of(lead_id))
        return Reply(NOTHING)

    def _upserted(self, body: Any) -> Reply:
        assert body.keys() == {"inputs"}
        assert 1 <= len(body["inputs"]) <= 100
        results = []
        for each in body["inputs"]:
            assert each.keys() == {"idProperty", "id", "properties"}
            assert each["idProperty"] == "leadwell_id"
            assert each["id"] == str(each["properties"]["leadwell_id"])
            assert None not in each["properties"].values()
            new = self.put(int(each["id"]), each["properties"])
            results.append({"id": "1", "new": new})
        return Reply.json({"status": "COMPLETE", "results": results})

    def name_of(self, lead_id: int) -> Any:
        return self.records[lead_id]["firstname"]


class Economic(Vendor):
    """POST /customers gives the number; PUT /customers/{number} replaces it."""

    secrets: ClassVar[dict[str, str]] = {
        "ECONOMIC_APP_SECRET": "s3cret-app",
        "ECONOMIC_GRANT": "s3cret-grant",
    }
    removes = False

    def __init__(self) -> None:
        super().__init__()
        self.by_key: dict[str, int] = {}
        self.key = ""

    def check_headers(self, headers: Any) -> None:
        assert headers["x-appsecrettoken"] == "s3cret-app"
        assert headers["x-agreementgranttoken"] == "s3cret-grant"
        self.key = headers.get("idempotency-key", "")

    def answer(self, method: str, path: str, asked: Any, body: Any) -> Reply:
        assert not asked
        needed = {"currency", "customerGroup", "name", "paymentTerms", "vatZone"}
        assert needed <= body.keys()
        assert len(body["currency"]) == 3
        assert isinstance(body["customerGroup"]["customerGroupNumber"], int)
        if (method, path) == ("POST", "/customers"):
            _, _, lead_id, *_ = self.key.split("_")
            self.put(self.by_key.setdefault(self.key, int(lead_id)), body)
            number = self.records[int(lead_id)]["id"]
            return Reply.json({"customerNumber": number}, CREATED)
        assert method == "PUT"
        found = self.id_of(path.removeprefix("/customers/"))
        if found is None:
            return Reply(NOT_FOUND)
        assert body.pop("customerNumber") == self.records[found]["id"]
        self.records[found] = body | {"id": self.records[found]["id"]}
        return Reply.json({})

    def name_of(self, lead_id: int) -> Any:
        return self.records[lead_id]["name"]


class Salesforce(Vendor):
    """PATCH …/Lead/Field/value: 201 with an id, or 200; DELETE of the same."""

    secrets: ClassVar[dict[str, str]] = {"salesforce.token": "s3cret-token"}
    replaced: ClassVar[dict[str, str]] = {"REPLACE_DOMAIN": "example"}
    path = re.compile(r"/services/data/v\d\d\.0/sobjects/Lead/Leadwell_Id__c/(\d+)")

    def answer(self, method: str, path: str, asked: Any, body: Any) -> Reply:
        assert not asked
        found = self.path.fullmatch(path)
        assert found
        lead_id = int(found[1])
        if method == "DELETE":
            return self.dropped(lead_id)
        assert method == "PATCH"
        # Neither the id nor the external id may stand in the body.
        assert body.keys() <= {"LastName", "Company", "Email", "Status"}
        assert body["LastName"]
        assert body["Company"]
        new = self.put(lead_id, body)
        told = {"id": f"00Q{lead_id}", "success": True, "errors": [], "created": new}
        return Reply.json(told, CREATED if new else OK)

    def name_of(self, lead_id: int) -> Any:
        return self.records[lead_id]["LastName"]


class Pipedrive(Vendor):
    """Search, then POST or PATCH /api/v2/persons."""

    secrets: ClassVar[dict[str, str]] = {"PIPEDRIVE_TOKEN": "s3cret-token"}
    replaced: ClassVar[dict[str, str]] = {"REPLACE_FIELD_KEY": "f" * 40}

    def check_headers(self, headers: Any) -> None:
        assert headers["x-api-token"] == "s3cret-token"

    def answer(self, method: str, path: str, asked: Any, body: Any) -> Reply:
        base = "/api/v2/persons"
        if (method, path) == ("GET", f"{base}/search"):
            assert asked["fields"] == "custom_fields"
            assert asked["exact_match"] == "true"
            held = self.records.get(int(asked["term"].removeprefix("leadwell-")))
            items = [{"item": {"id": held["id"], "type": "person"}}] if held else []
            return Reply.json({"success": True, "data": {"items": items}})
        if body is not None:
            assert body["name"]
            for email in body["emails"]:
                assert email.keys() == {"value", "primary", "label"}
                assert "@" in email["value"]
        if (method, path) == ("POST", base):
            lead_id = int(body["custom_fields"]["f" * 40].removeprefix("leadwell-"))
            assert lead_id not in self.records
            self.put(lead_id, body)
            return Reply.json({"data": {"id": self.records[lead_id]["id"]}}, CREATED)
        found = self.id_of(path.removeprefix(f"{base}/"))
        if method == "DELETE":
            return self.dropped(found)
        assert method == "PATCH"
        if found is None:
            return Reply(NOT_FOUND)
        self.put(found, body)
        return Reply.json({"success": True, "data": {}})

    def name_of(self, lead_id: int) -> Any:
        return self.records[lead_id]["name"]


class Dynamics(Vendor):
    """PATCH …/leads(key=value): 204; DELETE of the same."""

    secrets: ClassVar[dict[str, str]] = {"dynamics.token": "s3cret-token"}
    replaced: ClassVar[dict[str, str]] = {"REPLACE_ORGANISATION": "example"}
    path = re.compile(r"/api/data/v9\.2/leads\(new_leadwellid=(\d+)\)")

    def check_headers(self, headers: Any) -> None:
        super().check_headers(headers)
        assert headers["odata-version"] == headers["odata-maxversion"] == "4.0"

    def answer(self, method: str, path: str, asked: Any, body: Any) -> Reply:
        found = self.path.fullmatch(path)
        assert found
        assert not asked
        if method == "DELETE":
            return self.dropped(int(found[1]))
        assert method == "PATCH"
        assert "new_leadwellid" not in body
        assert body["leadqualitycode"] in {1, 2, 3}
        assert body["lastname"]
        self.put(int(found[1]), body)
        return Reply(NOTHING)

    def name_of(self, lead_id: int) -> Any:
        return self.records[lead_id]["lastname"]


class Odoo(Vendor):
    """POST /json/2/crm.lead/<method>, with named arguments."""

    secrets: ClassVar[dict[str, str]] = {"ODOO_KEY": "s3cret-token"}
    replaced: ClassVar[dict[str, str]] = {
        "REPLACE_HOST": "odoo.example.com",
        "REPLACE_DATABASE": "main",
    }

    def check_headers(self, headers: Any) -> None:
        assert headers["authorization"] == "bearer s3cret-token"
        assert headers["x-odoo-database"] == "main"

    def answer(self, method: str, path: str, asked: Any, body: Any) -> Reply:
        assert method == "POST"
        assert not asked
        verb = path.removeprefix("/json/2/crm.lead/")
        if verb == "search_read":
            ((name, operator, lead_id),) = body["domain"]
            assert (name, operator) == ("x_leadwell_id", "=")
            held = self.records.get(lead_id)
            return Reply.json([{"id": held["id"]}] if held else [])
        if verb == "create":
            (values,) = body["vals_list"]
            assert values["x_leadwell_id"] not in self.records
            self.put(values["x_leadwell_id"], values)
            return Reply.json([self.records[values["x_leadwell_id"]]["id"]])
        assert all(isinstance(each, int) for each in body["ids"])
        found = self.id_of(body["ids"][0])
        if found is None:
            return Reply.json({"name": "odoo.exceptions.MissingError"}, NOT_FOUND)
        if verb == "unlink":
            del self.records[found]
        else:
            assert verb == "write"
            self.put(found, body["vals"])
        return Reply.json(True)

    def name_of(self, lead_id: int) -> Any:
        return self.records[lead_id]["contact_name"]


VENDORS: dict[str, type[Vendor]] = {
    "hubspot": HubSpot,
    "e-conomic": Economic,
    "salesforce": Salesforce,
    "pipedrive": Pipedrive,
    "dynamics-365": Dynamics,
    "odoo": Odoo,
}
