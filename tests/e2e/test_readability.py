"""The pages are readable with eight years of school."""

import pytest

from tests.e2e import site_pages
from tests.support.readability import Prose, is_easy
from tests.support.samples import campaign

DIFFICULT_SENTENCES = {
    "en": "Percutaneous radiofrequency ablation necessitates sedation, predisposing individuals to complications.",
    "es": "La ablación percutánea por radiofrecuencia requiere sedación, predisponiendo a determinadas complicaciones.",
}


def test_every_page_is_readable_with_eight_years_of_school(tmp_path_factory: pytest.TempPathFactory) -> None:
    pages = site_pages.build(tmp_path_factory.mktemp("pages"))
    read = {page.name: (page.locale, Prose(page.file.read_text("utf-8")).sentences) for page in pages}
    assert all(sentences for _, sentences in read.values())
    assert [name for name, (locale, sentences) in read.items() if not is_easy(locale, sentences)] == []


@pytest.mark.parametrize("locale", campaign().locales)
def test_a_difficult_text_is_detected(locale: str) -> None:
    assert not is_easy(locale, [DIFFICULT_SENTENCES[locale]])


def test_headings_labels_and_references_do_not_count() -> None:
    html = "<h2>What it is</h2><p>It <b>may</b> help you<sup>1</sup> a lot.</p><label>Name</label>"
    html += "<ol><li>Aebi M. Tumors of the spine. Eur J 2.</li></ol>"
    assert Prose(html).sentences == ["It may help you a lot."]
