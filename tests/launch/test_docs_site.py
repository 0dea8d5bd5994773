"""The pages of `make docs`: every link leads somewhere, nothing is asked of a network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from browser import Browser, browser

from hpcpy import paths
from hpcpy.pages.command import build
from hpcpy.pages.conf import groups
from hpcpy.stages import StageError

SOURCES = ["*.md", "docs/*.md", "src/interp/features/README.md"]
# Tags and attributes that make a browser load something, and those that a reader follows.
LOADING = {("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src")}
FOLLOWED = {("a", "href")}
OF_STYLES = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])([^"')\s]+)""")
# Width and height of a screen, and whether it is a phone's.
SCREENS = {"phone": (390, 844, True), "desktop": (1280, 900, False)}


class Page(HTMLParser):
    """What a page loads, where it leads, and what can be led to in it."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.leads: list[str] = []
        self.names: set[str] = set()
        self.feed(file.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.names.add(value)
            elif (tag, name) in LOADING and value:
                self.loads.append(value)
            elif (tag, name) in FOLLOWED and value:
                self.leads.append(value)


@cache
def page(file: Path) -> Page:
    return Page(file)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs") / "site"
    build(paths.ROOT, folder)
    return folder


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def missing(file: Path, link: str) -> bool:
    """Tell whether a link of a page leads to no file, or to no place in it."""
    parts = urlsplit(link)
    target = file.parent / unquote(parts.path) if parts.path else file
    if not target.is_file():
        return True
    # Of scripts and styles what is behind # or ? means nothing.
    anchor = unquote(parts.fragment) if target.suffix == ".html" else ""
    return bool(anchor) and anchor not in page(target).names


def test_every_page_of_the_checkout_is_there(site: Path) -> None:
    sources = [file for pattern in SOURCES for file in paths.ROOT.glob(pattern)]
    made = {file.relative_to(site).with_suffix("") for file in pages(site)}
    assert {file.relative_to(paths.ROOT).with_suffix("") for file in sources} <= made


def test_links_lead_to_files_of_the_site_and_to_places_in_them(site: Path) -> None:
    broken = [
        (str(file.relative_to(site)), link)
        for file in pages(site)
        for link in page(file).leads
        if not urlsplit(link).scheme and missing(file, link)
    ]
    assert not broken


def test_nothing_is_loaded_from_another_host(site: Path) -> None:
    loaded = [(file, link) for file in pages(site) for link in page(file).loads]
    for file in site.rglob("*.css"):
        loaded += [(file, link) for link in OF_STYLES.findall(file.read_text())]
    assert len(loaded) > len(pages(site))
    local = [(file, link) for file, link in loaded if not link.startswith("data:")]
    assert [(file.name, link) for file, link in local if missing(file, link)] == []


def test_the_first_page_leads_to_all_that_its_list_groups_by_reader(site: Path) -> None:
    grouped = groups((paths.ROOT / "README.md").read_text())
    assert list(grouped) == ["Use", "Teach", "Operate", "Understand", "Contribute"]
    text = (site / "index.html").read_text()
    assert re.findall(r'class="caption".*?>(\w+)</span>', text)[: len(grouped)] == list(grouped)
    assert {f"{name}.html" for names in grouped.values() for name in names} <= {
        *page(site / "index.html").leads
    }


def test_links_that_lead_nowhere_end_the_build_and_leave_the_pages(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    checkout, folder = tmp_path / "a checkout", tmp_path / "site"
    (checkout / "docs").mkdir(parents=True)
    (checkout / "docs/page.md").write_text("# A page\n\n## Part\n")
    start = "# Start\n\n[the part](docs/page.md#part)\n"
    # A page that no list names yet is no mistake of its links.
    (checkout / "README.md").write_text(start)
    build(checkout, folder)
    assert "docs/page.html" in page(folder / "index.html").leads
    broken = ["docs/nothing.md", "docs/page.md#nothing", "#nothing"]
    links = "".join(f"\n[x]({link})\n" for link in broken)
    (checkout / "README.md").write_text(start + links)
    with pytest.raises(StageError):
        build(checkout, folder)
    warned = re.findall(r"README\.md:(\d+): WARNING", capfd.readouterr().err)
    assert {*warned} == {"5", "7", "9"}
    assert not {*broken} & {*Page(folder / "index.html").leads}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a checkout", "site"]


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as one:
        yield one


@pytest.mark.long
@pytest.mark.parametrize("kind", SCREENS)
def test_pages_fit_a_screen_and_load_without_a_network(
    site: Path, screen: Browser, kind: str, tmp_path: Path
) -> None:
    width, height, is_phone = SCREENS[kind]
    screen.size(width, height, is_phone=is_phone)
    screen.asked.clear()
    screen.complaints.clear()
    wrong = []
    for file in pages(site):
        screen.open(file.as_uri())
        wide = screen.ask("document.documentElement.scrollWidth")
        absent = screen.ask(
            "[...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
        )
        if wide > width or absent:
            screen.picture(tmp_path / f"{file.stem}.png")
            wrong.append((str(file.relative_to(site)), wide, absent))
    assert not wrong, f"pictures in {tmp_path}"
    assert {urlsplit(uri).scheme for uri in screen.asked} <= {"file", "data"}
    assert len(screen.asked) > len(pages(site))
    assert not screen.complaints


@pytest.mark.long
def test_a_search_finds_a_page_without_a_server(site: Path, screen: Browser) -> None:
    screen.size(*SCREENS["desktop"][:2], is_phone=False)
    screen.complaints.clear()
    screen.open(f"{(site / 'search.html').as_uri()}?q=conda")
    # The results come one after the other; the line above them is the last to change.
    found = screen.ask(
        "new Promise(done => { const look = () => {"
        "  const links = [...document.querySelectorAll('#search-results li a')];"
        "  const over = document.querySelector('.search-summary')?.textContent.match(/found/);"
        "  over ? done(links.map(a => a.getAttribute('href'))) : setTimeout(look, 50);"
        "}; look(); })"
    )
    assert any("docs/from-conda.html" in link for link in found), found
    assert not screen.complaints
