"""The part of a homeserver that keeps keys, signatures and account data, and understands none of them."""

from __future__ import annotations

from typing import Any

from aiohttp import web

ROUTES = (
    ("POST", "/keys/query", "keys_query"),
    ("POST", "/keys/upload", "keys_upload"),
    ("POST", "/keys/device_signing/upload", "device_signing"),
    ("POST", "/keys/signatures/upload", "signatures"),
    ("GET", "/user/{user}/account_data/{kind}", "account_data"),
    ("PUT", "/user/{user}/account_data/{kind}", "put_account_data"),
)


class FakeKeys:
    """Keeps what one account uploads."""

    def __init__(self) -> None:
        self.devices: dict[str, dict[str, Any]] = {}
        self.identity: dict[str, dict[str, Any]] = {}
        self.one_time_keys: dict[str, Any] = {}
        self.fallback_keys: dict[str, Any] = {}
        self.account_data: dict[str, dict[str, Any]] = {}

    async def answer(self, name: str, request: web.Request) -> dict[str, Any] | None:
        """Answer a request as a homeserver does; None: not found."""
        if name == "account_data":
            return self.account_data.get(request.match_info["kind"])
        body = await request.json()
        if name == "put_account_data":
            self.account_data[request.match_info["kind"]] = body
            return {}
        if name == "device_signing":
            self.identity.update({f"{kind}s": value for kind, value in body.items() if kind.endswith("_key")})
            return {}
        if name == "keys_query":
            return self._query(list(body["device_keys"]))
        return self._upload(body) if name == "keys_upload" else self._sign(body)

    def _query(self, users: list[str]) -> dict[str, Any]:
        found: dict[str, Any] = {"failures": {}}
        found["device_keys"] = {
            user: {name: keys for name, keys in self.devices.items() if keys["user_id"] == user} for user in users
        }
        for kind, keys in self.identity.items():
            found[kind] = {user: keys for user in users if keys["user_id"] == user}
        return found

    def _upload(self, body: dict[str, Any]) -> dict[str, Any]:
        if "device_keys" in body:
            self.devices[body["device_keys"]["device_id"]] = body["device_keys"]
        self.one_time_keys |= body.get("one_time_keys", {})
        self.fallback_keys |= body.get("fallback_keys", {})
        return {"one_time_key_counts": {"signed_curve25519": len(self.one_time_keys)}}

    def _sign(self, body: dict[str, Any]) -> dict[str, Any]:
        for user, signed in body.items():
            for name, keys in signed.items():
                if name in self.devices:
                    self.devices[name]["signatures"][user] |= keys["signatures"][user]
        return {"failures": {}}
