"""The page of coloured texts in a browser: it asks no network, colours by the chosen label, and fits a phone."""

import shutil

import numpy as np
import pytest

import made_texts
from ferlab.evaluation.looking.coloured_texts import coloured_texts, write_page
from ferlab.evaluation.looking.explained_texts import answers, attributed

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
QUIET = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason="no chromium and chromedriver on the PATH"),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    folder = tmp_path_factory.mktemp("page")
    made = made_texts.pictures()
    ids = made.preprocess.encode([str(made.x[i]) for i in made.test])
    said = answers(made_texts.rows(made, folder).split("test"))
    raw = [str(made.x[i]) for i in made.test]
    over = attributed(made.net, ids, "integrated_gradients")
    page = coloured_texts(raw, ids, over, said, made.preprocess, "integrated_gradients", made_texts.CAPTION, first=0)
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for word in (*QUIET, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with pytest.MonkeyPatch.context() as patch:
        # its manager would fetch a driver of its own
        patch.setenv("SE_OFFLINE", "true")
        driver = webdriver.Chrome(options=options, service=Service(executable_path=DRIVER))
    driver.get(write_page(page, folder / "texts.html").as_uri())
    yield driver
    driver.quit()


def colour(browser, word):
    script = (
        "const e = [...document.querySelectorAll('.w')].find(e => e.textContent === arguments[0]);"
        "return getComputedStyle(e).backgroundImage"
    )
    return browser.execute_script(script, word)


def test_colours_follow_the_label(browser):
    assert browser.get_log("browser") == []
    first = {word: colour(browser, word) for word in ("party", "worry")}
    assert first["party"] != first["worry"]
    browser.find_element("css selector", "label:has(#l1)").click()
    assert colour(browser, "worry") == first["party"] and colour(browser, "party") == first["worry"]
    browser.find_element("css selector", "label:has(#l0)").click()


@pytest.mark.parametrize("width", [360, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_is_legible(browser, width, scheme, tmp_path):
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    ground, ink = browser.execute_script(
        "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color].map(c => c.match(/\\d+/g))"
    )
    light, dark = sorted((np.mean([int(part) for part in one[:3]]) for one in (ground, ink)), reverse=True)
    assert light - dark > 150 and (scheme == "dark") == (np.mean([int(part) for part in ground[:3]]) < 100)
