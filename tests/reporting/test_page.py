"""The page in a browser: it asks no network for anything, sorts, filters, opens, and fits a desk and a phone."""

import json
import shutil
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from fakes.runs import write_run
from ferlab.reporting.write import report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
QUIET = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason="no chromium and chromedriver on the PATH"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    document = {"row": "D4 cnn10", "metric": "accuracy", "reported": 0.7}
    for seed, right in enumerate((0.60, 0.62, 0.67)):
        optimizer = {"_target_": "ferlab.optim.Adam", "lr": 0.001 * (1 + seed // 2)}
        write_run(folder / f"runs/cnn10-s{seed}", right, seed, document=document, optimizer=optimizer)
    write_run(folder / "runs/evil", 0.5, model="<script>fail()</script>", data="other", figures=("confusion", "roc"))
    write_run(folder / "runs/mlp", 0.4, model="mlp", synthetic=True, marks=("selected on test",) * 3)
    (write_run(folder / f"runs/{'long' * 30}") / "metrics.json").unlink()
    report(str(folder / "runs"), str(folder / "out"), figures="all", console=Console(file=StringIO()))
    return folder / "out" / "report.html"


@pytest.fixture(scope="module")
def browser(page, tmp_path_factory):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for word in (*QUIET, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with pytest.MonkeyPatch.context() as patch:
        # its manager would fetch a driver of its own
        patch.setenv("SE_OFFLINE", "true")
        driver = webdriver.Chrome(options=options, service=Service(executable_path=DRIVER))
    driver.get(page.as_uri())
    yield driver
    driver.quit()


def models(browser):
    script = "return [...document.querySelectorAll('#table tbody tr:not([hidden]) th')].map(e => e.textContent)"
    return browser.execute_script(script)


def click(browser, name):
    browser.find_element("css selector", f"#table button[data-name='{name}']").click()
    return browser.execute_script(
        "return [...document.querySelectorAll('#table th[aria-sort]')].map(e => e.getAttribute('aria-sort'))"
    )


def size(browser, width, height=900):
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def until(browser, holds):
    """Wait: the browser hears of a click, and the page of that, a moment later."""
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(browser, 20, poll_frequency=0.05).until(lambda _: holds())


def wear(browser, scheme):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    until(browser, lambda: browser.execute_script("return document.documentElement.dataset.theme") == scheme)


def test_a_heading_sorts_and_sorts_back(browser):
    assert click(browser, "accuracy") == ["descending"]
    first = models(browser)
    assert first == ["cnn10", "cnn10", "<script>fail()</script>", "mlp"]
    assert click(browser, "accuracy") == ["ascending"] and models(browser) == first[::-1]
    assert click(browser, "model") == ["ascending"] and models(browser) == sorted(first)
    # rows without a document stay last, whichever way
    for _ in range(2):
        click(browser, "document")
        assert models(browser)[:2] == ["cnn10", "cnn10"]


def test_words_narrow_the_rows_and_their_details(browser):
    box = browser.find_element("id", "filter")
    box.send_keys("FACES mlp")
    assert models(browser) == ["mlp"]
    assert browser.find_element("id", "count").text == "1 of 4 rows"
    shown = [one.is_displayed() for one in browser.find_elements("tag name", "details")]
    assert sum(shown) == 1
    box.clear()
    box.send_keys("nothing of the kind")
    assert models(browser) == []
    box.clear()
    box.send_keys(" ")
    assert len(models(browser)) == 4


def test_a_name_opens_its_figures_and_they_load(browser):
    link = next(e for e in browser.find_elements("css selector", "#table tbody a") if "script" in e.text)
    assert not browser.find_elements("css selector", "details[open]")
    link.click()
    opened = until(browser, lambda: browser.find_elements("css selector", "details[open] img"))
    assert len(opened) == 2 and all(image.is_displayed() for image in opened)
    width = "return arguments[0].naturalWidth"
    until(browser, lambda: [browser.execute_script(width, image) for image in opened] == [80, 80])
    assert all(image.get_attribute("alt") for image in opened)


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_desk_and_a_phone_by_day_and_by_night(browser, tmp_path, width, scheme):
    size(browser, width)
    wear(browser, scheme)
    browser.execute_script("document.querySelectorAll('details').forEach(e => e.open = true)")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    plots = [plot.is_displayed() for plot in browser.find_elements("css selector", "svg")]
    assert plots == [width > 800, width < 800]
    shot = tmp_path / f"{scheme}-{width}.png"
    assert browser.save_screenshot(str(shot)) and shot.stat().st_size > 10_000


CONTRAST = """
const rgb = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
const linear = (v) => v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4;
const light = (c) => { const [r, g, b] = rgb(c).map(linear);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const ground = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
  if (!/, 0\\)$/.test(c)) return c; } return 'rgb(255,255,255)'; };
return [...document.querySelectorAll('p, td, th a, th button, li, dt, dd, small, summary, .word, figcaption, svg text')]
  .filter(e => e.getClientRects().length).map(e => { const s = getComputedStyle(e);
    const a = light(e.closest('svg') ? s.fill : s.color), b = light(ground(e));
    return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.tagName + ' ' + e.className]; })
  .filter(([ratio]) => ratio < 4.5);
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser, scheme):
    size(browser, 1400)
    wear(browser, scheme)
    # 4.5 : 1, the AA level of WCAG
    assert browser.execute_script(CONTRAST) == []


def test_the_theme_is_the_readers_choice(browser):
    def shown():
        return browser.execute_script("return [document.documentElement.dataset.theme, theme.textContent]")

    wear(browser, "light")
    # the button names what a click gives
    assert shown() == ["light", "dark"]
    browser.execute_script("document.getElementById('theme').click()")
    assert shown() == ["dark", "light"]


def test_a_reader_of_the_screen_finds_heads_names_and_pictures(browser):
    nameless = "th:not([scope]), img:not([alt]), svg[role=img]:not([aria-labelledby])"
    bare = browser.execute_script("return document.querySelectorAll(arguments[0]).length", nameless)
    assert bare == 0
    assert browser.execute_script("return document.documentElement.lang") == "en"
    assert browser.execute_script("return document.querySelector('label input').id") == "filter"


def test_no_network_and_no_complaint_while_all_this_went_on(browser, page):
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    # chrome: is the browser's own first tab
    assert asked and {url.partition(":")[0] for url in asked} <= {"file", "data", "chrome"}
    assert {Path(url[7:]).name for url in asked if url.startswith("file:")} == {page.name}
    assert browser.get_log("browser") == []
