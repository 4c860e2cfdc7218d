"""What a web page, another user of the machine or a guesser can send to the emulator's port: nothing of it counts.

Requests are written by hand and signed by botocore, which shares no code with the emulator.
"""

import hashlib
import http.client
import json
import socket
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest
from botocore.auth import HmacV1Auth, S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from rehearsal.emulator.process import Emulator

Aws = Callable[[str], Any]
REGION = "us-east-1"
CREATE_QUEUE = urlencode({"Action": "CreateQueue", "QueueName": "planted", "Version": "2012-11-05"})
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def root_secret(emulator: Emulator) -> str:
    """What the emulator tells whoever started it."""
    return emulator.shell_environment("222222222222")["AWS_SECRET_ACCESS_KEY"]


def send(
    emulator: Emulator, method: str, path: str, headers: Mapping[str, str] = MappingProxyType({}), body: str = ""
) -> tuple[int, dict[str, str], bytes]:
    """Send exactly these headers, and no other but the length."""
    connection = http.client.HTTPConnection("127.0.0.1", emulator.settings.port, timeout=30)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        sent = {"Host": f"127.0.0.1:{emulator.settings.port}", "Content-Length": str(len(body)), **headers}
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders(body.encode())
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def signed(  # noqa: PLR0913 - all that is signed
    emulator: Emulator, key: str, secret: str, *, service: str = "sqs", method: str = "POST", path: str = "/",
    body: str = CREATE_QUEUE, headers: Mapping[str, str] = FORM, host: str = "",
) -> dict[str, str]:  # fmt: skip
    """The headers of a request that botocore has signed."""
    own = host or f"127.0.0.1:{emulator.settings.port}"
    request = AWSRequest(method, f"http://{own}{path}", data=body, headers={**headers, "Host": own})
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(Credentials(key, secret), service, REGION).add_auth(request)
    return dict(request.headers.items())


def presigned(emulator: Emulator, key: str, secret: str, path: str, *, seconds: int = 60) -> str:
    request = AWSRequest("GET", f"{emulator.endpoint}{path}")
    S3SigV4QueryAuth(Credentials(key, secret), "s3", REGION, expires=seconds).add_auth(request)
    assert request.url
    return request.url.removeprefix(emulator.endpoint)


def assert_refused(answer: tuple[int, dict[str, str], bytes]) -> None:
    status, headers, _ = answer
    assert status == http.HTTPStatus.FORBIDDEN
    assert not [name for name in headers if name.startswith("access-control-")]


@pytest.fixture
def nothing_planted(aws: Aws) -> Any:
    yield
    assert not aws("sqs").list_queues().get("QueueUrls")


OF_A_PAGE: list[dict[str, str]] = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1"},
    {"origin": ""},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Mode": "no-cors", "SEC-FETCH-SITE": "Cross-Site"},
]


@pytest.mark.usefixtures("nothing_planted")
@pytest.mark.parametrize("marks", OF_A_PAGE, ids=str)
def test_a_request_of_a_web_page_is_refused_even_if_it_is_signed(
    emulator: Emulator, account: str, marks: dict[str, str]
) -> None:
    headers = signed(emulator, account, root_secret(emulator))
    assert_refused(send(emulator, "POST", "/", {**headers, **marks}, CREATE_QUEUE))
    assert_refused(send(emulator, "GET", "/_ministack/health", marks))


HOSTS = [
    *("rebind.evil.example:{port}", "evil.example", "127.0.0.1.evil.example:{port}", "bucket.localhost:{port}"),
    *("127.0.0.1", "localhost", "127.0.0.1:1", "[::1]:{port}", "0.0.0.0:{port}", ""),
]


@pytest.mark.usefixtures("nothing_planted")
@pytest.mark.parametrize("host", HOSTS)
def test_a_request_for_another_host_is_refused_even_if_it_is_signed(
    emulator: Emulator, account: str, host: str
) -> None:
    named = host.format(port=emulator.settings.port)
    headers = {**signed(emulator, account, root_secret(emulator), host=named or "x"), "Host": named}
    assert_refused(send(emulator, "POST", "/", headers, CREATE_QUEUE))


def test_a_request_without_a_host_or_with_two_is_refused(emulator: Emulator) -> None:
    own = f"Host: 127.0.0.1:{emulator.settings.port}\r\n"
    for hosts in ("", f"{own}Host: evil.example\r\n", f"Host: evil.example\r\n{own}"):
        with socket.create_connection(("127.0.0.1", emulator.settings.port), timeout=30) as connection:
            connection.sendall(f"GET /_ministack/health HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n".encode())
            first_line = connection.makefile("rb").readline()
        assert first_line.split()[1] in (b"400", b"403"), hosts


@pytest.mark.parametrize("path", ["/", "/bucket/key", "/_ministack/reset", "/2015-03-31/functions"])
def test_a_page_may_ask_for_nothing(emulator: Emulator, account: str, path: str) -> None:
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Private-Network": "true"}
    for headers in ({"Origin": "https://evil.example", **asked}, asked, {}):
        assert_refused(send(emulator, "OPTIONS", path, headers))
        signature = signed(
            emulator, account, root_secret(emulator), method="OPTIONS", path=path, body="", headers=headers
        )
        assert_refused(send(emulator, "OPTIONS", path, signature))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_ministack/reset"),
        ("POST", "/_ministack/reset?init=1"),
        ("POST", "/%5Fministack/reset"),
        ("POST", "/_ministack/config"),
        ("GET", "/_ministack/ready"),
        ("GET", "/_ministack/sqs/messages"),
        ("GET", "/_ministack/ses/messages"),
        ("GET", "/_ministack/sns/sms-messages"),
        ("GET", "/_ministack/lambda-code/anything"),
        ("GET", "/_ministack/lambda-layers/any/1/content"),
        ("PUT", "/_ministack/cfn-response/guessed"),
        ("PUT", "/_ministack/cfn-signal/guessed"),
        ("POST", "/_ministack/eks-auth/any"),
        ("POST", "/_ministack/rds/iam-auth"),
        ("POST", "/_ministack/health"),
        ("GET", "/_localstack/health"),
        ("GET", "/_aws/lambda-url/any/"),
    ],
)
def test_nobody_administers_the_emulator_over_the_wire(
    emulator: Emulator, account: str, aws: Aws, method: str, path: str
) -> None:
    aws("sqs").create_queue(QueueName="kept")
    assert_refused(send(emulator, method, path))
    assert_refused(send(emulator, method, path, signed(emulator, account, root_secret(emulator),
                                                       method=method, path=path, body="", headers={})))  # fmt: skip
    assert len(aws("sqs").list_queues()["QueueUrls"]) == 1


def test_whoever_starts_the_emulator_may_ask_whether_it_is_ready(emulator: Emulator) -> None:
    assert send(emulator, "GET", "/_ministack/health")[0] == http.HTTPStatus.OK


UNSIGNED: list[tuple[str, str, dict[str, str], str]] = [
    ("POST", "/", FORM, CREATE_QUEUE),
    ("POST", "/2015-03-31/functions", {"Content-Type": "text/plain"}, '{"FunctionName": "planted"}'),
    ("POST", "/", {"X-Amz-Target": "DynamoDB_20120810.ListTables"}, "{}"),
    ("GET", "/", {}, ""),
    ("GET", "/{bucket}", {}, ""),
    ("PUT", "/{bucket}/planted", {}, "x"),
    ("GET", "/health", {}, ""),
    ("GET", "/oauth2/authorize", {}, ""),
    ("GET", "/v2/", {}, ""),
    ("GET", "/iceberg/v1/config", {}, ""),
    ("POST", "/?Action=Unsubscribe&SubscriptionArn=any", FORM, ""),
    ("POST", "/?Action=AssumeRoleWithWebIdentity&RoleArn=any&WebIdentityToken=any&RoleSessionName=any", FORM, ""),
]


@pytest.mark.usefixtures("nothing_planted")
@pytest.mark.parametrize("authorization", [None, "", "Bearer x", "AWS4-HMAC-SHA256", "AWS 222222222222:x", "test"])
@pytest.mark.parametrize("request_", UNSIGNED, ids=lambda given: given[1])
def test_an_unsigned_request_is_refused(
    emulator: Emulator, aws: Aws, bucket: str, authorization: str | None,
    request_: tuple[str, str, dict[str, str], str],
) -> None:  # fmt: skip
    method, path, headers, body = request_
    given = headers if authorization is None else {**headers, "Authorization": authorization}
    status, shown, _ = send(emulator, method, path.format(bucket=bucket), given, body)
    assert status in range(400, 500)
    assert not [name for name in shown if name.startswith("access-control-")]
    assert "Contents" not in aws("s3").list_objects_v2(Bucket=bucket)


@pytest.mark.parametrize("secret", ["test", "", "minioadmin"])
@pytest.mark.parametrize("service", ["s3", "sqs", "dynamodb", "sts", "iam", "lambda", "codepipeline", "cloudformation"])
def test_a_root_with_a_wrong_secret_is_refused(emulator: Emulator, account: str, service: str, secret: str) -> None:
    calls = {"s3": "list_buckets", "sqs": "list_queues", "dynamodb": "list_tables", "sts": "get_caller_identity",
             "iam": "list_roles", "lambda": "list_functions", "codepipeline": "list_pipelines",
             "cloudformation": "describe_stacks"}  # fmt: skip
    client = boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=emulator.endpoint, region_name=REGION, aws_access_key_id=account,
        aws_secret_access_key=secret or " ", config=Config(retries={"max_attempts": 0}),
    )  # fmt: skip
    with pytest.raises(ClientError, match="SignatureDoesNotMatch|InvalidSignatureException|signature"):
        getattr(client, calls[service])()


@pytest.mark.parametrize("key", ["test", "000000000000", "", "AKIANOBODY", "ASIANOBODY"])
def test_no_other_key_is_believed_without_its_secret(emulator: Emulator, key: str) -> None:
    headers = signed(emulator, key, "test")
    assert send(emulator, "POST", "/", headers, CREATE_QUEUE)[0] in (400, 403)


@pytest.mark.usefixtures("nothing_planted")
@pytest.mark.parametrize("change", ["body", "target", "path", "query", "method", "signature"])
def test_a_signature_is_good_for_the_request_that_was_signed(emulator: Emulator, account: str, change: str) -> None:
    headers = signed(emulator, account, root_secret(emulator), body=CREATE_QUEUE.replace("planted", "harmless"))
    method, path, body = "POST", "/", CREATE_QUEUE.replace("planted", "harmless")
    if change == "body":
        body = CREATE_QUEUE.ljust(len(body))
    elif change == "target":
        headers = {**headers, "X-Amz-Date": "20200101T000000Z"}
    elif change == "path":
        path = "/other"
    elif change == "query":
        path = f"/?{CREATE_QUEUE}"
    elif change == "method":
        method = "PUT"
    else:
        headers["Authorization"] = headers["Authorization"][:-8] + "00000000"
    headers["Content-Length"] = str(len(body))
    assert send(emulator, method, path, headers, body)[0] in (400, 403)


def test_a_digest_that_was_signed_is_that_of_the_body(emulator: Emulator, account: str, aws: Aws, bucket: str) -> None:
    headers = signed(emulator, account, root_secret(emulator), service="s3", method="PUT", path=f"/{bucket}/key",
                     body="signed", headers={})  # fmt: skip
    assert headers["X-Amz-Content-SHA256"] == hashlib.sha256(b"signed").hexdigest()
    assert send(emulator, "PUT", f"/{bucket}/key", headers, "forged")[0] in (400, 403)
    assert "Contents" not in aws("s3").list_objects_v2(Bucket=bucket)
    assert send(emulator, "PUT", f"/{bucket}/key", headers, "signed")[0] == http.HTTPStatus.OK


def test_an_address_that_somebody_presigns_with_a_guess_is_refused(
    emulator: Emulator, account: str, aws: Aws, bucket: str
) -> None:
    aws("s3").put_object(Bucket=bucket, Key="key", Body=b"content")
    good = presigned(emulator, account, root_secret(emulator), f"/{bucket}/key")
    assert send(emulator, "GET", good)[2] == b"content"
    forged = [
        good.rpartition("=")[0] + "=00",
        good.replace(f"/{bucket}/key", f"/{bucket}"),
        presigned(emulator, account, "test", f"/{bucket}/key"),
        presigned(emulator, account, root_secret(emulator), f"/{bucket}/key", seconds=-1),
        f"/{bucket}/key?X-Amz-Credential={account}/20260101/us-east-1/s3/aws4_request&X-Amz-Signature=00",
        f"/{bucket}/key?AWSAccessKeyId={account}&Signature=00&Expires=4000000000",
        f"{good}&X-Amz-Credential={account}%2F20260101%2Fus-east-1%2Fs3%2Faws4_request",
        f"{good}&x-amz-credential={account}%2F20260101%2Fus-east-1%2Fs3%2Faws4_request",
    ]
    for path in forged:
        status, _, content = send(emulator, "GET", path)
        assert status in (400, 403), path
        assert content != b"content"
    assert send(emulator, "GET", good, {"Authorization": "AWS4-HMAC-SHA256 Credential=x"})[0] in (400, 403)


def test_a_query_may_not_name_another_signer_than_the_header(emulator: Emulator, account: str, make_role: Any) -> None:
    """A role that may do nothing signs a request whose query names its account's root."""
    role = make_role("nobody", "lambda.amazonaws.com")
    assert role
    path = f"/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={account}%2F20260101%2Fus-east-1%2Fsqs%2Faws4_request"
    headers = signed(emulator, account, root_secret(emulator), path=path)
    assert send(emulator, "POST", path, headers, CREATE_QUEUE)[0] in (400, 403)


def test_the_old_kind_of_signature_is_refused(emulator: Emulator, account: str, bucket: str) -> None:
    request = AWSRequest("GET", f"{emulator.endpoint}/{bucket}", headers={"Host": "x"}, auth_path=f"/{bucket}")
    HmacV1Auth(Credentials(account, root_secret(emulator))).add_auth(request)
    headers = {name: value for name, value in request.headers.items() if name != "Host"}
    assert send(emulator, "GET", f"/{bucket}", headers)[0] in (400, 403)


def test_the_session_of_a_function_cannot_be_guessed(
    emulator: Emulator, aws: Aws, make_function: Callable[..., str], invoke: Callable[..., Any]
) -> None:
    """ministack derives it from names; whoever knows those knew the secret of a running function."""
    name = make_function("def handle(event, context): return dict(__import__('os').environ)")
    seen = invoke(name)
    config = aws("lambda").get_function_configuration(FunctionName=name)
    digest = hashlib.sha256(f"{config['FunctionArn']}:{config['Role']}".encode()).hexdigest()
    assert seen["AWS_SECRET_ACCESS_KEY"] != hashlib.sha256(f"secret:{digest}".encode()).hexdigest()
    assert root_secret(emulator) not in json.dumps(seen)


def test_the_session_of_a_service_cannot_be_guessed(
    aws: Aws, make_job: Callable[..., str], run_job: Callable[..., Any], bucket: str
) -> None:
    job = make_job(f"""
        import os, boto3
        boto3.client("s3").put_object(Bucket="{bucket}", Key="seen", Body=os.environ["AWS_SECRET_ACCESS_KEY"])
    """)
    run_job(job)
    seen = aws("s3").get_object(Bucket=bucket, Key="seen")["Body"].read().decode()
    role = aws("glue").get_job(JobName=job)["Job"]["Role"]
    named = f"secret:{role}:glue.amazonaws.com:GlueJobRunnerSession"
    assert seen != hashlib.sha256(named.encode()).hexdigest()


def test_what_clients_really_send_is_served(aws: Aws, bucket: str) -> None:
    """Names that are encoded, empty and large bodies, checksums, and a body that is sent in chunks."""
    s3 = aws("s3")
    for key in ("a b/ü+=&@:$,;!'()*~.txt", "day=2026-01-01/%41?.parquet", "a//b", "./x/../y"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"1")
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"1", key
    s3.put_object(Bucket=bucket, Key="large", Body=b"x" * 9_000_000, ChecksumAlgorithm="SHA256")
    assert s3.head_object(Bucket=bucket, Key="large")["ContentLength"] == 9_000_000
    assert s3.list_objects_v2(Bucket=bucket, Prefix="a b/", Delimiter="/", StartAfter="a")["KeyCount"] == 1
    address = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a//b"})
    assert address.startswith("http://127.0.0.1:")
