"""Who lives in the played tenant of Teams, and the credentials that the app and the tenant share."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TeamsUser:
    """A person; `id` is the object id in Entra ID, `installed` says whether the app is installed for them.

    A person who blocked the app, or removed it, cannot be written to.
    """

    id: str
    name: str
    email: str = ""
    locale: str = "en-US"
    installed: bool = True
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class TeamsConversation:
    """A channel of a team (`19:…@thread.tacv2`) or a group chat (`19:…@thread.v2`), with the ids of its people.

    `installed` says whether the app is installed in the team or chat.
    """

    id: str
    name: str
    members: tuple[str, ...] = ()
    installed: bool = True

    @property
    def is_channel(self) -> bool:
        """Whether messages here begin threads."""
        return self.id.endswith(("@thread.tacv2", "@thread.skype"))


@dataclass(slots=True)
class TeamsConfig:
    """Everything the played Teams must know.

    `callback_url` is the app's messaging endpoint. `public_url` is where the app reaches this Teams
    (`http://127.0.0.1:8400/teams`), for the `serviceUrl` of activities.
    `single_tenant` apps get tokens from their own tenant, multi-tenant ones from `botframework.com`
    (https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication).
    `rate_limits=False` switches off the vendor's quotas (for a load measurement), and nothing else.
    `deadline_s`: an invoke that takes longer is shown as "Something went wrong"; Microsoft has named 10 and 15 seconds
    (https://github.com/MicrosoftDocs/msteams-docs/issues/6461).
    """

    callback_url: str = ""
    public_url: str = ""
    app_id: str = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
    app_secret: str = "playground-client-secret"
    tenant_id: str = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
    single_tenant: bool = True
    bot_name: str = "Tocsin"
    team_id: str = "19:playground-general@thread.tacv2"
    users: tuple[TeamsUser, ...] = ()
    conversations: tuple[TeamsConversation, ...] = ()
    rate_limits: bool = True
    deadline_s: float = 10.0
    token_life_s: int = 3599
    messages_kept: int = 200
    page_members: int = 500

    @property
    def bot_id(self) -> str:
        """The app as an account in Teams."""
        return f"28:{self.app_id}"

    @property
    def service_url(self) -> str:
        """The base of the Connector's addresses."""
        return f"{self.public_url}/smba/"

    def account_of(self, user: str) -> str:
        """What Teams calls a person to this app: another app would see another id."""
        digest = hashlib.sha256(f"{self.app_id}/{user}".encode()).hexdigest()
        return f"29:1{digest[:40]}"
