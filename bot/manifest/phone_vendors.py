"""What each vendor of texts and calls needs: credentials, senders, templates. docs/vendors.md says where they are."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, StrictInt, model_validator

from bot.manifest.carrier import Carrier
from bot.manifest.parts import Part
from bot.manifest.problems import refusal
from bot.manifest.values import PlainText, Secret, Setting, Url, checked, once, shaped

SLOTS_MAX = 20
_ACCOUNT = re.compile(r"AC[0-9a-f]{32}")  # https://www.twilio.com/docs/glossary/what-is-a-sid
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_NAME = r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}"
_TEXT_SENDER = re.compile(rf"{_NUMBER.pattern}|{_NAME}")
_TWILIO_SENDER = re.compile(rf"{_NUMBER.pattern}|MG[0-9a-f]{{32}}|{_NAME}")
_AWS_SENDER = re.compile(r"[A-Za-z0-9_:/+-]{1,256}")  # …/apireference_smsvoicev2/API_SendTextMessage.html
_AWS_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d")
_TOPIC = re.compile(r"arn:aws(?:-[a-z-]+)?:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}")
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DIGITS = re.compile(r"\d{5,20}")
_LOCAL = re.compile(r"0\d{9,11}|1\d{10}")
_TEMPLATE = re.compile(r"[A-Za-z0-9_-]{1,64}")

Number = Annotated[
    Setting, checked(_NUMBER, "sender", "that is not a number that can call", "Write it in full: +12025550100.")
]
TextSender = Annotated[
    Setting,
    checked(_TEXT_SENDER, "sender", "that cannot send texts", "Write a number (+1…) or a name of up to 11 letters."),
]
Template = Annotated[
    Setting, checked(_TEMPLATE, "template", "that is not a template's code", "Copy the code from the vendor's console.")
]
CallbackSecret = Annotated[
    Secret,
    shaped(
        r"[A-Za-z0-9_-]{24,64}",
        "that cannot end an address that nobody guesses",
        "Use 24 to 64 of A-Z, a-z, 0-9, _ and -, for example what `openssl rand -hex 20` prints.",
    ),
]


class Slot(Part):
    """One variable of an approved template."""

    name: PlainText = ""
    """The variable's name in the template; only Alibaba's have names, the others go by order."""
    value: Literal["severity", "incident", "title", "channel", "attempt"]
    """What goes in: `severity`, `incident` (the number, INC-7), `title`, `channel`, or `attempt` (1, 2, …)."""
    length_max: Annotated[StrictInt, Field(ge=1, le=250)]
    """The longest value that was approved, in characters; a longer one is cut."""


Slots = Annotated[tuple[Slot, ...], Field(max_length=SLOTS_MAX)]


class PhoneVendor(Carrier):
    """One vendor for one medium."""

    vendor: str

    def settings(self) -> dict[str, object]:
        """As the vendor's classes in the code call it; slots as plain mappings."""
        found = super().settings()
        if "slots" in found:
            found["slots"] = tuple(slot.model_dump() for slot in getattr(self, "slots", ()))
        return found

    def number(self) -> str:
        """The number that people see, in E.164; empty where it is none, or not known here."""
        sender = str(getattr(self, "sender", ""))
        return sender if _NUMBER.fullmatch(sender) else ""


class _Twilio(PhoneVendor):
    vendor: Literal["twilio"]
    """`twilio`."""
    account_sid: Annotated[
        Setting,
        checked(_ACCOUNT, "account_sid", "that is not an account SID", "Copy the Account SID: AC and 32 digits."),
    ]
    """Account SID, `AC…`."""
    auth_token: Secret
    """Auth Token: sends, and proves that a callback is from the vendor."""
    base_url: Url | None = None
    """Where the API is, by default https://api.twilio.com."""


class TwilioTexts(_Twilio):
    """Texts by Twilio."""

    sender: Annotated[
        Setting,
        Field(alias="from"),
        checked(
            _TWILIO_SENDER,
            "sender",
            "that cannot send SMS",
            "Write a number (+1…), a Messaging Service (MG…) or a short name.",
        ),
    ]
    """The number, Messaging Service or name that texts come from."""


class TwilioCalls(_Twilio):
    """Calls by Twilio."""

    sender: Annotated[Number, Field(alias="from")]
    """The number that calls come from, in full: +1…."""


class _Vonage(PhoneVendor):
    vendor: Literal["vonage"]
    """`vonage`."""
    api_key: Setting
    """API key of the account."""
    signature_secret: Secret
    """Signature secret of the account: proves that a callback is from the vendor."""
    base_url: Url | None = None
    """Where the API is, by default the vendor's."""


class VonageTexts(_Vonage):
    """Texts by Vonage."""

    api_secret: Secret
    """API secret of the account."""
    sender: Annotated[TextSender, Field(alias="from")]
    """The number or name that texts come from."""
    signature_method: Literal["md5hash", "md5", "sha1", "sha256", "sha512"] = "sha256"
    """How the account signs: `md5hash`, `md5`, `sha1`, `sha256`, `sha512`, as its settings say."""
    sign_requests: StrictBool = True
    """`false`: prove requests by `api_secret`, because the account does not take signed ones."""


class VonageCalls(_Vonage):
    """Calls by Vonage."""

    application_id: Annotated[
        Setting,
        checked(
            _GUID, "application_id", "that is not an application id", "Copy the Application ID: 8-4-4-4-12 digits."
        ),
    ]
    """Application ID of a Voice application."""
    private_key: Annotated[
        Secret,
        shaped(
            r"(?s)(?:\s|\\n)*-----BEGIN (?:RSA )?PRIVATE KEY-----.+-----END (?:RSA )?PRIVATE KEY-----(?:\s|\\n)*",
            "that is not a private key",
            "Give the whole file that the dashboard let you download: -----BEGIN PRIVATE KEY-----….",
        ),
    ]
    """Private key of that application, the whole PEM; line ends may be written as `\\n`."""
    sender: Annotated[Number, Field(alias="from")]
    """The number that calls come from, in full: +44…."""

    def settings(self) -> dict[str, object]:
        """With real line ends in the key."""
        return super().settings() | {"private_key": self.private_key.get_secret_value().replace("\\n", "\n")}


class AwsTexts(PhoneVendor):
    """Texts by AWS End User Messaging."""

    vendor: Literal["aws"]
    """`aws`."""
    access_key: Setting
    """Access key ID of a user that may call sms-voice:SendTextMessage and sms-voice:DescribeAccountAttributes."""
    secret_key: Secret
    """Secret access key."""
    region: Annotated[Setting, checked(_AWS_REGION, "aws_region", "that is not a region", "Write its code: eu-west-1.")]
    """Region of the numbers, `eu-west-1`."""
    sender: Annotated[
        Setting,
        Field(alias="from"),
        checked(_AWS_SENDER, "sender", "that cannot send texts", "Write a number, a sender ID, a pool or an ARN."),
    ]
    """The number, sender ID, pool or ARN that texts come from."""
    configuration_set: Setting
    """The configuration set whose events go to the topic."""
    topic_arn: Annotated[
        Setting, checked(_TOPIC, "topic_arn", "that is not a topic", "Copy the ARN of the SNS topic: arn:aws:sns:….")
    ]
    """The SNS topic that brings events to Tocsin, with SignatureVersion 2."""
    base_url: Url | None = None
    """Where the API is, by default the region's."""


class _Aliyun(PhoneVendor):
    vendor: Literal["aliyun"]
    """`aliyun`."""
    access_key: Setting
    """AccessKey ID of a RAM user."""
    secret_key: Secret
    """AccessKey secret."""
    callback_secret: CallbackSecret
    """The end of the callback address, 24 to 64 characters that nobody can guess."""
    template: Template
    """Code of the approved template."""
    slots: Slots = ()
    """The template's variables."""
    base_url: Url | None = None
    """Where the API is, by default the product's."""

    @model_validator(mode="after")
    def _slots_have_names(self) -> Self:
        if any(not slot.name for slot in self.slots):
            raise refusal("slot_name", "variables of Alibaba's templates have names", "Add name: to each of the slots.")
        once(tuple(slot.name for slot in self.slots))
        return self


class AliyunTexts(_Aliyun):
    """Texts by Alibaba Cloud."""

    signature: Setting
    """The approved signature."""
    template_abroad: Template | Literal[""] = ""
    """Code of the template for numbers outside the mainland; without one, none are sent there."""


class AliyunCalls(_Aliyun):
    """Calls by Alibaba Cloud, to the mainland only."""

    show_number: Annotated[
        Setting,
        checked(_DIGITS, "show_number", "that is not a number of the vendor", "Copy the bought number: digits alone."),
    ]
    """The bought number that people see."""
    taken_template: Template
    """Code of the template that is spoken after key 1."""
    bye_template: Template | Literal[""] = ""
    """Code of the template that is spoken when no key came."""

    def number(self) -> str:
        """A landline or mobile number of the mainland; 400 and 95 numbers have no form that is good abroad."""
        return f"+86{self.show_number.removeprefix('0')}" if _LOCAL.fullmatch(self.show_number) else ""


class _Tencent(PhoneVendor):
    vendor: Literal["tencent"]
    """`tencent`."""
    secret_id: Setting
    """SecretId of an API user."""
    secret_key: Secret
    """SecretKey."""
    callback_secret: CallbackSecret
    """The end of the callback address, 24 to 64 characters that nobody can guess."""
    app_id: Annotated[
        Setting, checked(_DIGITS, "app_id", "that is not an SdkAppId", "Copy the SdkAppId: digits alone.")
    ]
    """SdkAppId of the application."""
    template: Template
    """Id of the approved template."""
    slots: Slots = ()
    """The template's variables, in order."""
    region: Setting | None = None
    """Region of the API, by default ap-guangzhou."""
    base_url: Url | None = None
    """Where the API is, by default the product's."""


class TencentTexts(_Tencent):
    """Texts by Tencent Cloud."""

    signature: Setting
    """The approved signature."""
    template_abroad: Template | Literal[""] = ""
    """Id of the template for numbers outside the mainland; without one, none are sent there."""


class TencentCalls(_Tencent):
    """Calls by Tencent Cloud."""


class HuaweiTexts(PhoneVendor):
    """Texts by Huawei Cloud."""

    vendor: Literal["huawei"]
    """`huawei`."""
    app_key: Setting
    """Application Key."""
    app_secret: Secret
    """Application Secret."""
    callback_secret: CallbackSecret
    """The end of the callback address, 24 to 64 characters that nobody can guess."""
    channel: Annotated[
        Setting, checked(_DIGITS, "channel", "that is not a channel number", "Copy the channel number: digits alone.")
    ]
    """Channel number of the approved signature."""
    signature: Setting
    """The approved signature."""
    template: Template
    """Id of the approved template."""
    slots: Slots = ()
    """The template's variables, in order."""
    template_abroad: Template | Literal[""] = ""
    """Id of the template for numbers outside the mainland; without one, none are sent there."""
    base_url: Url | None = None
    """The application's access address, by default that of cn-north-4."""
