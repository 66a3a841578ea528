"""What `doctor` asks Telegram: is the token alive, and do updates reach us?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.adapters.base import Finding, SendError
from bot.adapters.telegram.outcome import outcome

if TYPE_CHECKING:
    from telegram import Bot, WebhookInfo

SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
"""https://core.telegram.org/bots/api#setwebhook"""


async def examine(bot: Bot, webhook_url: str, secret_token: str, timeout_s: float) -> list[Finding]:
    """One finding a check; a failed round trip is a finding too, never an error."""
    try:
        async with outcome(timeout_s, ambiguous=False):
            me = await bot.get_me()
    except SendError as error:
        cure = "Ask @BotFather for the token (/mybots, API Token) and set it; a revoked token cannot come back."
        return [Finding(check="bot token", ok=False, detail=str(error), cure=cure)]
    findings = [Finding(check="bot token", ok=True, detail=f"@{me.username}")]
    if webhook_url and not SECRET.fullmatch(secret_token):
        detail = "it is empty" if not secret_token else "it has characters that Telegram refuses"
        cure = "Set 1 to 256 letters, digits, _ or -; without it nobody could tell Telegram's calls from a stranger's."
        findings.append(Finding(check="secret token", ok=False, detail=detail, cure=cure))
    try:
        async with outcome(timeout_s, ambiguous=False):
            info = await bot.get_webhook_info()
    except SendError as error:
        findings.append(Finding(check="updates", ok=False, detail=str(error), cure="Run doctor again in a minute."))
    else:
        findings.append(_updates(info, webhook_url))
    return findings


def _updates(info: WebhookInfo, webhook_url: str) -> Finding:
    if info.url != webhook_url:
        if not webhook_url:
            detail, cure = f"a webhook is set: {info.url}", "Start Tocsin, which removes it, or stop the other program."
        else:
            detail = f"Telegram calls {info.url or 'nobody'} instead of {webhook_url}"
            cure = "Start Tocsin, which registers it. If it changes back, another program uses the same bot."
        return Finding(check="updates", ok=False, detail=detail, cure=cure)
    if info.last_error_message:
        cure = f"Open {webhook_url} to the internet with a valid certificate, on port 443, 80, 88 or 8443."
        return Finding(check="updates", ok=False, detail=f"the last call failed: {info.last_error_message}", cure=cure)
    waiting = f"{info.pending_update_count} waiting"
    return Finding(check="updates", ok=True, detail=waiting if webhook_url else f"by polling, {waiting}")
