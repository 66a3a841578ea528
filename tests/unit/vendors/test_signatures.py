"""Every signer against vectors that are not its own: the vendors' published examples, and what their SDKs produced.

SDK vectors on these inputs: botocore, tencentcloud-sdk-python-sms 3.1.153, alibabacloud-tea-openapi, vonage 4.
"""

from __future__ import annotations

import hashlib
import json

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from twilio.request_validator import RequestValidator

from bot.adapters.vendors import aliyun, aws, huawei, tencent, twilio, vonage, vonage_voice

EMPTY = hashlib.sha256(b"").hexdigest()
AT = 1_795_456_800  # 2026-11-23T18:00:00Z


# --- Twilio -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://mycompany.com/myapp.php?foo=1&bar=2", "GvWf1cFY/Q7PnoempGyD5oXAezc="),
        ("https://example.com/myapp.php?foo=1&bar=2", ""),
    ],
)
def test_twilio_published_and_sdk(url: str, expected: str):
    # https://www.twilio.com/docs/usage/security#validating-requests
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    ours = twilio.sign("12345", url, list(form.items()))
    assert ours == RequestValidator("12345").compute_signature(url, form)
    assert not expected or ours == expected


# --- Vonage -----------------------------------------------------------------------------------------------------------

VONAGE = {
    "api_key": "abcd1234",
    "to": "447700900000",
    "from": "Tocsin",
    "text": "a=b&c 你好",
    "timestamp": "1795456800",
}


SHA512 = (
    "cd383c08e7fdef988e0afba30c89483e006ec168487883bcebb6d80ea63568a5"
    "66927aefe17fc47b8cae6362c175628d898dbc7949c27dc55e0c88697b5eec89"
)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("sha256", "aa101669f12cac61716a17f881a3a09cb4d384d8d39e124549d7dde24b8037b7"),
        ("md5", "e000718ff05f1850f42266009cf58f96"),
        ("sha1", "cc98868af09de8a8527ad78fc13013a0ee6f106d"),
        ("sha512", SHA512),
    ],
)
def test_vonage_sms_sdk(method: str, expected: str):
    assert vonage.sign("sigsecret", method, VONAGE | {"sig": "is left out"}).lower() == expected


def test_vonage_md5_hash_is_the_text_and_the_secret():
    # https://developer.vonage.com/en/getting-started/concepts/signing-messages#manually-generate-a-signature
    said = "&api_key=abcd1234&from=Tocsin&text=a_b_c 你好&timestamp=1795456800&to=447700900000sigsecret"
    assert vonage.sign("sigsecret", "md5hash", VONAGE).lower() == hashlib.md5(said.encode()).hexdigest()


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def test_vonage_token_is_one_that_a_jwt_library_accepts(rsa_key: rsa.RSAPrivateKey):
    pem = rsa_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    token = vonage_voice.sign("app-1", pem, at=AT, nonce="n1")
    claims = jwt.decode(
        token, rsa_key.public_key(), algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False}
    )
    assert claims == {"application_id": "app-1", "iat": AT, "exp": AT + 900, "jti": "n1"}
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "typ": "JWT"}


def test_vonage_token_needs_an_rsa_key():
    from cryptography.hazmat.primitives.asymmetric import ec

    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(TypeError, match="RSA"):
        vonage_voice.sign("app-1", pem.decode(), at=AT, nonce="n1")


# --- AWS --------------------------------------------------------------------------------------------------------------

AWS_SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def test_aws_published_get_vanilla():
    # The SigV4 test suite of https://docs.aws.amazon.com/general/latest/gr/signature-v4-test-suite.html
    assert aws.sign(
        AWS_SECRET,
        "AKIDEXAMPLE",
        method="GET",
        path="/",
        query="",
        headers={"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"},
        body=b"",
        region="us-east-1",
        service="service",
        at=1_440_938_160,
    ) == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, "
        "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    )


def test_aws_published_list_users():
    # The worked example of https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
    assert aws.sign(
        AWS_SECRET,
        "AKIDEXAMPLE",
        method="GET",
        path="/",
        query="Action=ListUsers&Version=2010-05-08",
        headers={
            "content-type": "application/x-www-form-urlencoded; charset=utf-8",
            "host": "iam.amazonaws.com",
            "x-amz-date": "20150830T123600Z",
        },
        body=b"",
        region="us-east-1",
        service="iam",
        at=1_440_938_160,
    ).endswith("Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7")


def test_aws_sdk_send_text_message():
    body = {
        "DestinationPhoneNumber": "+15550100001",
        "OriginationIdentity": "+15550100000",
        "MessageBody": "SEV1 INC-7 磁盘",
        "MessageType": "TRANSACTIONAL",
    }
    assert aws.sign(
        AWS_SECRET,
        "AKIDEXAMPLE",
        method="POST",
        path="/",
        query="",
        headers={
            "content-type": "application/x-amz-json-1.0",
            "host": "sms-voice.eu-west-1.amazonaws.com",
            "x-amz-date": "20261123T180000Z",
            "x-amz-target": "PinpointSMSVoiceV2.SendTextMessage",
        },
        body=json.dumps(body, ensure_ascii=False).encode(),
        region="eu-west-1",
        service="sms-voice",
        at=AT,
    ).endswith("Signature=853e22e0f59ccf51a7acff3dd673423ef8fd47fc38bb8e466894060d29ac1196")


# --- Alibaba Cloud ----------------------------------------------------------------------------------------------------


def test_aliyun_published():
    # https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
    assert aliyun.sign(
        "YourAccessKeySecret",
        "YourAccessKeyId",
        method="POST",
        path="/",
        query="ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai",
        headers={
            "host": "ecs.cn-shanghai.aliyuncs.com",
            "x-acs-action": "RunInstances",
            "x-acs-content-sha256": EMPTY,
            "x-acs-date": "2023-10-26T10:22:32Z",
            "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
            "x-acs-version": "2014-05-26",
        },
        content_hash=EMPTY,
    ) == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;"
        "x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


@pytest.mark.parametrize(
    ("product", "action", "fields", "expected"),
    [
        (
            "dysmsapi",
            "SendSms",
            {
                "PhoneNumbers": "13800000000",
                "SignName": "示例~签名",
                "TemplateCode": "SMS_1",
                "TemplateParam": '{"severity": "Critical", "number": "INC-7 *+/"}',
                "OutId": "abc",
            },
            "27a85c97e70a285fb01297f5319b3dc6050b0f9196842a04431b1da89fe7d9eb",
        ),
        (
            "dyvmsapi",
            "IvrCall",
            {
                "CalledNumber": "13800000000",
                "CalledShowNumber": "057100000000",
                "StartCode": "TTS_1",
                "StartTtsParams": '{"number": "INC-7"}',
                "MenuKeyMap.1.Key": "1",
                "MenuKeyMap.1.Code": "TTS_2",
                "PlayTimes": "2",
                "Timeout": "8000",
                "OutId": "abc",
            },
            "28dce63cea7c953667bb207bdfdc7434266990194beaf9391ee88ad10d35a907",
        ),
    ],
)
def test_aliyun_sdk(product: str, action: str, fields: dict[str, str], expected: str):
    account = aliyun.AliyunAccount(access_key="AKIDEXAMPLE", secret_key="SECRETEXAMPLE", callback_secret="")
    asked = aliyun._call(account, product, action, fields, AT, "0123456789abcdef0123456789abcdef")
    assert asked.headers["authorization"].endswith(f"Signature={expected}")


# --- Tencent Cloud ----------------------------------------------------------------------------------------------------


def test_tencent_published():
    # https://cloud.tencent.com/document/api/382/52072: the keys are printed masked, and the example was signed so.
    body = b'{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
    headers = {
        "content-type": "application/json; charset=utf-8",
        "host": "cvm.tencentcloudapi.com",
        "x-tc-action": "DescribeInstances",
    }
    masked = "*" * 32
    assert tencent.sign(masked, f"AKID{masked}", service="cvm", headers=headers, body=body, at=1_551_113_065) == (
        f"TC3-HMAC-SHA256 Credential=AKID{masked}/2019-02-25/cvm/tc3_request, "
        "SignedHeaders=content-type;host;x-tc-action, "
        "Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
    )


def test_tencent_sdk():
    body = (
        '{"PhoneNumberSet": ["+8613800000000"], "SmsSdkAppId": "1400006666", "TemplateId": "449739", '
        '"SignName": "\\u793a\\u4f8b", "TemplateParamSet": ["Critical", "INC-7"], "SessionContext": "abc"}'
    )
    headers = {"content-type": "application/json", "host": "sms.tencentcloudapi.com"}
    assert tencent.sign(
        "SECRETEXAMPLE", "AKIDEXAMPLE", service="sms", headers=headers, body=body.encode(), at=AT
    ).endswith("Signature=9889595e0dc7f90c07664c77f267174becb3fc823d76242f1bc593a68be41cea")


# --- Huawei Cloud -----------------------------------------------------------------------------------------------------


def test_huawei_digest_is_the_one_of_openssl():
    # No vector is published; this one is `printf %s "$nonce$created$secret" | openssl dgst -sha256 -binary | base64`.
    header = huawei.sign("key-1", "secret-1", at=AT, nonce="c8d5e8f0")
    digest = "EpyP2GAn1PxEeyrhpZtp7VOqD1Re0h7Iq1lFogaOGnc="
    assert header == (
        f'UsernameToken Username="key-1",PasswordDigest="{digest}",Nonce="c8d5e8f0",Created="2026-11-23T18:00:00Z"'
    )
