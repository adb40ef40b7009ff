"""Parsed HTML for tests of pages."""

from html.parser import HTMLParser

Tag = tuple[str, dict[str, str]]


class Html(HTMLParser):
    """A parsed page: its tags with attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[Tag] = []
        self.text = ""
        self.feed(html)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, *names: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.tags if tag in names]

    def having(self, attribute: str) -> list[str]:
        return [attributes[attribute] for _, attributes in self.tags if attribute in attributes]

    def having_language(self, locale: str) -> list[dict[str, str]]:
        return [link for link in self.all("a") if link.get("hreflang") == locale]

    def by_id(self, name: str) -> dict[str, str]:
        [found] = [attributes for _, attributes in self.tags if attributes.get("id") == name]
        return found

    def named(self, name: str) -> dict[str, str]:
        return next(attributes for _, attributes in self.tags if attributes.get("name") == name)
