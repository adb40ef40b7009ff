"""Open and click tracking, as in SES."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from samlocal.ses import tracked_html
from samlocal.ses.tracked_html import Tags
from samlocal.stack import Stack
from tests.integration.samlocal.sample_project import TEMPLATE_WITH_MAIL_EVENTS, PublishedEvents, project, send
from tests.support.http_client import fetch

HTML = """\
<!DOCTYPE html>\r
<html><BODY  class=x>
<p>Ümlaut &amp; <a class='b' href="https://star.example/?a=1&amp;b=2" title="x > y">one</a>
<a ses:no-track href="https://star.example/stop">stop</a>
<a ses:tags="place:top;" href='https://star.example/two'>two</a>
</BODY>
</html>
"""


def tracked(text: str) -> tuple[str, list[tuple[str, Tags]]]:
    """The text with `T1`, `T2` for tracked links, and the destinations of these."""
    links: list[tuple[str, Tags]] = []

    def track(link: str, tags: Tags) -> str:
        links.append((link, tags))
        return f"T{len(links)}"

    return tracked_html.with_tracked_links(text, track), links


def test_links_are_replaced_and_nothing_else_changes() -> None:
    text, links = tracked(HTML)

    assert links == [("https://star.example/?a=1&b=2", {}), ("https://star.example/two", {"place": ["top"]})]
    assert text == HTML.replace('"https://star.example/?a=1&amp;b=2"', '"T1"').replace(
        """ ses:tags="place:top;" href='https://star.example/two'""", ' href="T2"'
    ).replace(" ses:no-track", "")


@pytest.mark.parametrize(
    "tag",
    [
        '<a ses:no-track href="https://star.example/">',
        '<A HREF="https://star.example/" SES:NO-TRACK>',
        '<a href="https://star.example/" ses:no-track="true">',
        "<a href=https://star.example/ ses:no-track=''>",
        '<a ses:no-track="" href="https://star.example/"/>',
    ],
)
def test_a_link_excluded_from_tracking_stays_and_loses_its_attribute(tag: str) -> None:
    text, links = tracked(f"<p>{tag}x</a>")

    assert links == []
    assert "no-track" not in text.lower()
    assert "https://star.example/" in text


@pytest.mark.parametrize(
    "same",
    [
        '<a href="mailto:doctor@clinic.example">',
        '<a href="#top">',
        '<a name="https://star.example/">',
        '<a href="https://star.example/?name=John Doe">',
        '<a href="https://stär.example/">',
        '<a href="">',
        "<a>",
        '<img src="https://star.example/">',
        '<!-- <a href="https://star.example/"> -->',
        "<style>a[href='https://star.example/'] { color: red }</style>",
        "https://star.example/",
        "<p>1 < 2 & <",
    ],
)
def test_a_malformed_link_is_unchanged(same: str) -> None:
    assert tracked(same) == (same, [])


@pytest.mark.parametrize(
    "tag",
    [
        "<a href=https://star.example/>",
        "<a\n  href = 'HTTPS://star.example/'\n>",
        '<a href=" https://star.example/ ">',
        '<a class="x"href="https://star.example/" href="https://other.example/">',
    ],
)
def test_links_are_found_in_any_html_syntax(tag: str) -> None:
    assert [link.lower() for link, _ in tracked(tag)[1]] == ["https://star.example/"]


def test_ses_tracks_at_most_250_links_of_a_message() -> None:
    assert len(tracked('<a href="https://star.example/">' * 251)[1]) == tracked_html.MOST_LINKS


def test_the_pixel_is_at_the_end_of_the_body() -> None:
    assert re.search(r'two</a>\n<img alt="" src="P\?a&amp;b" [^>]*></BODY>', tracked_html.with_pixel(HTML, "P?a&b"))
    assert tracked_html.with_pixel("<p>no end", "P").startswith('<p>no end<img alt="" src="P"')


def test_the_first_placeholder_sets_the_position_of_the_pixel_and_others_are_removed() -> None:
    text = tracked_html.with_pixel("<p>{{ses:openTracker}}a{{ses:openTracker}}b</p>", "P")

    assert re.fullmatch(r'<p><img alt="" src="P" [^>]*>ab</p>', text)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with project(tmp_path_factory.mktemp("tracking"), template=TEMPLATE_WITH_MAIL_EVENTS).running() as running:
        yield running


@pytest.fixture
def published(stack: Stack) -> PublishedEvents:
    return PublishedEvents(stack)


def delivered(stack: Stack, message_id: str) -> str:
    mail = stack.mailbox.get(message_id)
    assert mail
    assert mail.text == "See https://star.example/"
    assert dict(mail.headers)["List-Unsubscribe"] == "<https://star.example/stop>"
    return mail.html or ""


def test_a_click_redirects_and_causes_an_event(stack: Stack, published: PublishedEvents) -> None:
    message_id = send(stack, "doctor@clinic.example", html=HTML.replace("Ü", "U"))
    [one, two] = re.findall(r'href="(http://127[^"]+)"', delivered(stack, message_id))

    answer = fetch(two, headers={"User-Agent": "Browser/1"})

    assert (answer.status, answer.headers["location"]) == (302, "https://star.example/two")
    click = published.wait_for(message_id, "Click")
    assert click.pop("timestamp")
    assert click == {
        "ipAddress": "127.0.0.1",
        "userAgent": "Browser/1",
        "link": "https://star.example/two",
        "linkTags": {"place": ["top"]},
    }
    assert fetch(one).headers["location"] == "https://star.example/?a=1&b=2"
    assert 'href="https://star.example/stop"' in delivered(stack, message_id)


def test_loading_the_pixel_causes_an_open_event(stack: Stack, published: PublishedEvents) -> None:
    message_id = send(stack, "doctor@clinic.example", html="<body>Dear doctor</body>")
    [pixel] = re.findall(r'<img alt="" src="([^"]+)"', delivered(stack, message_id))

    answer = fetch(pixel, headers={"User-Agent": "Mail/1"})

    assert (answer.headers["content-type"], answer.body[:6]) == ("image/gif", b"GIF89a")
    assert published.wait_for(message_id, "Open")["userAgent"] == "Mail/1"


@pytest.mark.parametrize("kind", ["WithoutEvents", "Deliveries"])
def test_without_a_destination_for_opens_and_clicks_the_message_is_unchanged(stack: Stack, kind: str) -> None:
    html = HTML.replace("Ü", "U")

    assert delivered(stack, send(stack, "doctor@clinic.example", html=html, kind=kind)) == html


def test_a_forged_link_redirects_nowhere(stack: Stack) -> None:
    message_id = send(stack, "doctor@clinic.example", html='<a href="https://star.example/">')
    [link] = re.findall(r'href="([^"]+)"', delivered(stack, message_id))

    for wrong in (link[:-1], link.replace(message_id, "other"), link.replace("/L0/", "/L9/"), f"{link}x"):
        assert fetch(wrong).status == 404
    # The destination in the link is for display only.
    assert fetch(link.replace("star.example", "evil.example")).headers["location"] == "https://star.example/"


def test_the_mailbox_shows_the_message_as_delivered(stack: Stack, tmp_path: Path) -> None:
    message_id = send(stack, "doctor@clinic.example", html='<a href="https://star.example/">')

    assert f"/_local/ses/track/I0/{message_id}" in fetch(f"{stack.url}/_local/mailbox/{message_id}").body.decode()
