"""The login service: tokens for the app, and the keys by which the app recognizes callbacks that are really from Teams.

Sources: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication and
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.playground.hub import Json
from bot.playground.teams.config import TeamsConfig

SCOPE = "https://api.botframework.com/.default"
ISSUER = "https://api.botframework.com"
SHARED_TENANT = "botframework.com"
CALLBACK_LIFE_S = 3600
TOKENS_KEPT = 200


@dataclass(slots=True)
class SigningKey:
    """A key pair with its id; `endorsements` are the channels that sign with it."""

    kid: str
    private: rsa.RSAPrivateKey
    endorsements: tuple[str, ...] = ("msteams",)

    @classmethod
    def made(cls, *endorsements: str) -> SigningKey:
        """A fresh pair."""
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return cls(secrets.token_urlsafe(16), private, endorsements or ("msteams",))

    def public(self) -> Json:
        """The key as it stands in the published set."""
        shown: Json = jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**shown, "use": "sig", "kid": self.kid, "x5t": self.kid, "endorsements": list(self.endorsements)}


@dataclass
class Login:
    """Gives tokens to the app and signs what Teams sends; `now` is in seconds. The first key is in use."""

    config: TeamsConfig
    now: Callable[[], float]
    revoked: Callable[[], bool]
    tokens: dict[str, float] = field(default_factory=dict)
    token_calls: int = 0
    key_calls: int = 0

    @cached_property
    def keys(self) -> list[SigningKey]:
        """The published keys, made when they are first needed: an RSA pair takes a while."""
        return [SigningKey.made()]

    def roll(self) -> None:
        """Sign with a new key from now on, and publish only that."""
        self.keys[:] = [SigningKey.made()]

    def knows(self, token: str) -> bool:
        """Whether a token of the app is good now."""
        return not self.revoked() and self.tokens.get(token, 0.0) > self.now()

    def signed(self, service_url: str) -> str:
        """The bearer token of a callback."""
        now = int(self.now())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": self.config.app_id,
            "nbf": now - 300,
            "exp": now + CALLBACK_LIFE_S,
            "serviceurl": service_url,
        }
        return jwt.encode(claims, self.keys[0].private, algorithm="RS256", headers={"kid": self.keys[0].kid})

    async def token(self, request: Request) -> Response:
        """`POST /<tenant>/oauth2/v2.0/token`: client credentials, with the words of Entra ID for what is wrong."""
        self.token_calls += 1
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        config = self.config
        tenant = config.tenant_id if config.single_tenant else SHARED_TENANT
        if request.path_params["tenant"] != tenant:
            return _refused(400, "invalid_request", "AADSTS90002: Tenant not found.")
        if form.get("grant_type") != "client_credentials":
            return _refused(400, "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.")
        if form.get("client_id") != config.app_id:
            return _refused(400, "unauthorized_client", "AADSTS700016: Application was not found in the directory.")
        if form.get("client_secret") != config.app_secret:
            return _refused(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.")
        if self.revoked():
            return _refused(401, "invalid_client", "AADSTS7000222: The provided client secret keys are expired.")
        if form.get("scope") != SCOPE:
            return _refused(400, "invalid_scope", "AADSTS70011: The provided value for scope is not valid.")
        token = f"ey{secrets.token_urlsafe(48)}"
        self.tokens[token] = self.now() + config.token_life_s
        for old in list(self.tokens)[:-TOKENS_KEPT]:
            del self.tokens[old]
        return JSONResponse(
            {
                "token_type": "Bearer",
                "expires_in": config.token_life_s,
                "ext_expires_in": config.token_life_s,
                "access_token": token,
            }
        )

    async def metadata(self, _request: Request) -> Response:
        """The OpenID document that leads to the keys."""
        self.key_calls += 1
        return JSONResponse(
            {
                "issuer": ISSUER,
                "jwks_uri": f"{self.config.public_url}/openid/v1/.well-known/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def published(self, _request: Request) -> Response:
        """The keys."""
        return JSONResponse({"keys": [key.public() for key in self.keys]})


def _refused(status: int, error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status_code=status)
