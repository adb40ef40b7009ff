"""The functions of CloudFront, which run under njs here: which file a request gets, and with which status."""

import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from cli.site import builder, upload
from samlocal.http import static_files
from tests.engines import njs
from tests.infra.template_data import of_type, properties, template_data

DATA = template_data()
FUNCTIONS = of_type(DATA, "AWS::CloudFront::Function")
MOVED = {"/dashboard": "301 /dashboard/", "/es": "301 /es/", "/en": "301 /en/"}
FILES = {
    "/index.html": "/index.html",
    "/robots.txt": "/robots.txt",
    "/en/": "/en/index.html",
    "/es/": "/es/index.html",
    "/es/index.html": "/es/index.html",
    "/es/404.html": "/es/404.html",
    "/en/take-it-with-you.html": "/en/take-it-with-you.html",
    "/assets/site.0123.css": "/assets/site.0123.css",
    "/dashboard/": "/dashboard/index.html",
    "/dashboard/index.html": "/dashboard/index.html",
    "/dashboard/referrals/AAAA-AAAA-AAAA-AAAA": "/dashboard/index.html",
    "/dashboard/work/": "/dashboard/index.html",
    "/dashboard//work": "/dashboard/index.html",
    "/dashboard/config.json": "/dashboard/config.json",
    "/dashboard/assets/0123/lib/LICENSE": "/dashboard/assets/0123/lib/LICENSE",
}
WRONG = [
    *("/nothing", "/nothing/", "/take-it-with-you.html", "/es/nothing.html", "/es/es/", "/es//", "/es/index.html/"),
    *("/fr/", "/fr", "/ES/", "/Es", "/%65s/", "/es%2F", "/e%73", "/es.", "/es;v=1", "/es/?", "//", "//es/", "///"),
    *("/..", "/../", "/es/..", "/es/../index.html", "/dashboard/../index.html", "/%2e%2e/", "/dashboard/nothing.js"),
    *("//example.com", "//example.com/es", "/\\example.com", "/dashboards/x", "/DASHBOARD/", "/dashboard%2F"),
    *("/favicon.ico", "/.well-known/x", "/.env", "/wp-login.php", "/index.html/", "/robots.txt/", "/assets", "/é/"),
    *("/constructor", "/__proto__/", "/toString", "/" + "a" * 8000, "/" + "es/" * 2000, "/es/" + "%00" * 500),
]
PATHS = [*FILES, *MOVED, *WRONG]
# Values of Accept-Language, with the language that each prefers. None is no header.
ACCEPTED: dict[str | None, str] = {
    **dict.fromkeys(["es", "ES", "es-MX", "es_MX, es", " es ", "es;q=0.9,en;q=0.8", "en;q=0.8,es;q=0.9"], "es"),
    **dict.fromkeys(["fr,es;q=0.5", "fr-FR, es-419;q=0.1", "en;q=0,es;q=0.001", "es;q=1.0", "es;Q=1,en;q=0.9"], "es"),
    **dict.fromkeys(["de,en;q=0,es", "es,en", "x" * 400 + ",es", ",,,es,,,", "en;q=,es", "en;q=x,es;q=0.2"], "es"),
    **dict.fromkeys([None, "", " ", "*", "fr", "en", "en-US,en;q=0.9", "en,es", "es;q=0.1,en;q=0.2", "es;q=0"], "en"),
    **dict.fromkeys([";", ",", ";;;=,=;", "=", "q=1", ";q=1", "es;q=-1", "es;q", "es;q=NaN", "%65s", "españa"], "en"),
    **dict.fromkeys(["x" * 10000, "," * 10000, "fr;q=0.1," * 1000 + "es", "constructor", "\u0000es"], "en"),
}
COOKIES: list[dict[str, Any]] = [{}, {"language": {"value": "es"}}]
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html
NOT_IN_THE_RUNTIME = {
    "for...of": r"for\s*(await\s*)?\([^;)]*\bof\b",
    "spread": r"\.\.\.",
    "destructuring": r"(const|let|var|\()\s*[\[{][^()]*[\]}]\s*(=[^=>]|\)\s*=>)",
    "optional chaining and nullish coalescing": r"\?\.|\?\?",
    "classes": r"\bclass\b",
}
METHODS = {"forEach", "includes", "join", "parseFloat", "slice", "split", "startsWith", "toLowerCase", "trim"}


@pytest.fixture(scope="module", autouse=True)
def _engine() -> None:
    if njs.find() is None and not njs.can_be_had():
        pytest.skip(njs.MISSING)


def code(name: str, languages: str = "en,es") -> str:
    written = properties(DATA, name)["FunctionCode"]
    return written if isinstance(written, str) else written["Fn::Sub"].replace("${Languages}", languages)


def request(path: str, accepted: str | None = None, cookies: dict[str, Any] | None = None) -> dict[str, Any]:
    """An event as CloudFront sends it."""
    headers = {"host": {"value": "spine.example"}} | (
        {"accept-language": {"value": accepted}} if accepted is not None else {}
    )
    sent = {"method": "GET", "uri": path, "querystring": {}, "headers": headers, "cookies": cookies or {}}
    return {"version": "1.0", "context": {"eventType": "viewer-request"}, "request": sent}


def shown(answer: dict[str, Any]) -> str:
    if "statusCode" not in answer:
        return str(answer["uri"])
    return f"{answer['statusCode']} {answer['headers']['location']['value']}"


def answers(events: list[dict[str, Any]], languages: str = "en,es") -> list[str]:
    return [shown(one) for one in njs.handled(code("SitePaths", languages), events)]


def wanted(path: str, language: str) -> str:
    """A wrong address gets a page in the language of its folder, or else in that of the browser."""
    own = path.split("/")[1]
    return {**FILES, **MOVED}.get(path, f"/{own if own in {'en', 'es'} else language}/404.html")


@pytest.mark.parametrize("cookies", COOKIES)
def test_a_path_gets_its_file_whatever_the_browser_accepts(cookies: dict[str, Any]) -> None:
    cases = list(product(PATHS, ACCEPTED))
    found = answers([request(path, accepted, cookies) for path, accepted in cases])
    assert [c for c, one in zip(cases, found, strict=True) if one != wanted(c[0], ACCEPTED[c[1]])] == []


@pytest.mark.parametrize(
    ("languages", "of_spanish", "of_english"),
    [
        ("en,es", "302 /es/", "/index.html"),
        ("es,en", "/index.html", "302 /en/"),
        ("en", "/index.html", "/index.html"),
        ("fr,es", "302 /es/", "/index.html"),
    ],
)
def test_the_start_page_leads_to_the_preferred_language(languages: str, of_spanish: str, of_english: str) -> None:
    """Without a preference for a language of the site, it is the first one."""
    clear = {"es": of_spanish, "en-US,en;q=0.9": of_english, "es-MX;q=0.7,de": of_spanish, "en;q=0.2": of_english}
    assert answers([request("/", one) for one in clear], languages) == list(clear.values())


def test_the_start_page_understands_every_form_of_the_header() -> None:
    found = answers([request("/", one) for one in ACCEPTED])
    start = {"es": "302 /es/", "en": "/index.html"}
    assert dict(zip(ACCEPTED, found, strict=True)) == {one: start[language] for one, language in ACCEPTED.items()}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    builder.build(Path("templates"), folder)
    builder.write_dashboard_settings(folder, {})
    return folder


def test_every_file_of_the_site_can_be_reached(site: Path) -> None:
    """A new page must be added to the function."""
    files = [f"/{one.relative_to(site).as_posix()}" for one in site.rglob("*") if one.is_file()]
    assert len(files) > 20
    assert answers([request(file) for file in files]) == files


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("path", ["/", *FILES, *MOVED, "/nothing", "/fr/", "/ES/", "/es/nothing", "/dashboard/x.js"])
def test_the_local_stack_serves_a_path_like_cloudfront(path: str, language: str, site: Path) -> None:
    event = EnvironBuilder(path, headers=[("Accept-Language", language)]).get_environ()
    local, [answer] = static_files.serve(site, Request(event)), answers([request(path, language)])
    if answer[0] != "/":
        assert f"to {local.location}" == f"to {answer[4:]}"
    elif (site / answer[1:]).is_file():
        assert local.get_data() == (site / answer[1:]).read_bytes()
        assert (local.status_code == 404) == (answer.endswith("/404.html") and answer != path)


def test_the_page_for_wrong_addresses_is_sent_with_status_404() -> None:
    assert statuses("en/404.html", "es/404.html", "index.html") == [404, 404, 200]


def statuses(*files: str) -> list[int]:
    """What the viewer gets for these uploaded files."""
    marks = [upload.File(file, b"").metadata for file in files]
    events = [response(200, {f"x-amz-meta-{name}": value for name, value in one.items()}) for one in marks]
    return [one["statusCode"] for one in njs.handled(code("SiteStatus"), events)]


def response(status: int, headers: dict[str, str]) -> dict[str, Any]:
    sent = {"statusCode": status, "headers": {name: {"value": value} for name, value in headers.items()}}
    return {"version": "1.0", "context": {"eventType": "viewer-response"}, "response": sent}


@pytest.mark.parametrize("status", [206, 304])
def test_an_answer_without_the_whole_page_keeps_its_status(status: int) -> None:
    """A browser that has the page in its cache gets 304, and shows the cached page."""
    [answer] = njs.handled(code("SiteStatus"), [response(status, {"x-amz-meta-status": "404"})])
    assert answer["statusCode"] == status


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_uses_only_what_the_runtime_has(name: str) -> None:
    assert FUNCTIONS[name]["FunctionConfig"]["Runtime"] == "cloudfront-js-2.0"
    written = re.sub(r"//.*", "", code(name))
    assert [kind for kind, pattern in NOT_IN_THE_RUNTIME.items() if re.search(pattern, written)] == []
    own = set(re.findall(r"function (\w+)", written))
    assert set(re.findall(r"(\w+)\(", written)) - own - {"if", "function"} <= METHODS
    assert len(code(name).encode()) < 10_000, "CloudFront limits the size to 10 KB"


@pytest.mark.parametrize(
    "refused",
    [
        "for (const one of [1]) one;",
        "const [tag] = ['a'];",
        "const { tag } = {};",
        "[[1]].map(([a]) => a);",
        "const b = { ...{} };",
        "const c = {}?.d;",
        "class A {}",
    ],
)
def test_syntax_that_the_runtime_lacks_is_detected(refused: str) -> None:
    assert [kind for kind, pattern in NOT_IN_THE_RUNTIME.items() if re.search(pattern, refused)] != []


def test_the_errors_of_the_api_are_not_replaced() -> None:
    """CustomErrorResponses apply to the whole distribution, and functions to one behavior."""
    config = properties(DATA, "Distribution")["DistributionConfig"]
    assert "CustomErrorResponses" not in config
    by_target: dict[str, set[int]] = {}
    for behavior in (config["DefaultCacheBehavior"], *config["CacheBehaviors"]):
        by_target.setdefault(behavior["TargetOriginId"], set()).add(len(behavior.get("FunctionAssociations", [])))
    assert by_target == {"site": {2}, "api": {0}}
