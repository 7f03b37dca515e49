"""Looks at the reports in a browser, through the pipe of the DevTools protocol, so that no port is open."""

import base64
import json
import os
import pathlib
import re
import select
import subprocess
import sys
import tempfile

import axe_playwright_python
import pypdf

AXE = (pathlib.Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
SCREENS = {"phone": (360, 740, 2), "desk": (1280, 900, 1)}


class Browser:
    """Headless Chromium, spoken to on two pipes."""

    def __init__(self, program, profile):
        to_us, from_it = os.pipe()
        from_us, to_it = os.pipe()

        def place():
            # First out of the way: either may be a number that the other is to have.
            low, high = os.dup(from_us), os.dup(from_it)
            os.dup2(low, 3)
            os.dup2(high, 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
             "--no-first-run", "--disable-background-networking", "--remote-debugging-pipe",
             f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=place, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(from_it)
        os.close(from_us)
        self.out, self.into = os.fdopen(to_it, "wb", 0), os.fdopen(to_us, "rb")
        self.number, self.events, self.rest = 0, [], b""

    def call(self, method, session=None, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        self.out.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def read(self):
        while b"\0" not in self.rest:
            if not select.select([self.into], [], [], 60)[0]:
                raise RuntimeError("the browser has said nothing for a minute")
            some = os.read(self.into.fileno(), 1 << 16)
            if not some:
                raise RuntimeError("the browser has ended")
            self.rest += some
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def wait(self, method):
        while True:
            for at, event in enumerate(self.events):
                if event.get("method") == method:
                    return self.events.pop(at)
            self.events.append(self.read())

    def end(self):
        self.process.kill()
        self.process.wait()


class Page:
    """One tab with one report."""

    def __init__(self, browser, url, screen, dark=False, script=True):
        self.browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.target = target
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        width, height, scale = SCREENS[screen]
        phone = screen == "phone"
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=phone)
        self.call("Emulation.setTouchEmulationEnabled", enabled=phone)
        self.scheme("dark" if dark else "light")
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        browser.events.clear()
        self.go(url)

    def scheme(self, scheme):
        features = [{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def go(self, url):
        self.call("Page.navigate", url=url)
        self.browser.wait("Page.loadEventFired")

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def run(self, script):
        """What an expression is; a promise is waited for."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["exception"].get("description", "failed"))
        return result["result"].get("value")

    def key(self, key):
        codes = {"ArrowRight": 39, "Escape": 27, "Enter": 13, "Tab": 9}
        for kind in ("keyDown", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=codes[key], **text)

    def tap(self, x, y):
        self.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        self.run("new Promise(done => setTimeout(done, 400))")

    def shot(self, path):
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 6000), "scale": 1}
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]
        path.write_bytes(base64.b64decode(data))

    def troubles(self):
        """Errors on the console, exceptions, refused policies, and whatever was asked of a network."""
        self.run("0")
        found = []
        for event in self.browser.events:
            params = event.get("params", {})
            match event.get("method"):
                case "Runtime.exceptionThrown":
                    found.append(params["exceptionDetails"].get("text", "") + str(params["exceptionDetails"].get("exception")))
                case "Log.entryAdded" if params["entry"]["level"] in ("error", "warning"):
                    found.append(params["entry"]["text"])
                case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning", "assert"):
                    found.append(str(params["args"]))
                case "Network.requestWillBeSent" if not params["request"]["url"].startswith("file:"):
                    found.append("asks for " + params["request"]["url"])
        return found

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)


class Checks:
    """What was checked, line by line."""

    def __init__(self):
        self.bad = 0

    def hold(self, name, found, expected=True):
        good = found == expected
        self.bad += not good
        print(f"ok    {name}" if good else f"FAIL  {name}: {found!r}, expected {expected!r}")


def axe(page):
    page.run(AXE + "\n;0")
    result = page.run("axe.run(document, {resultTypes: ['violations', 'incomplete']})")
    told = lambda one: f"{one['id']}: {one['help']} ({len(one['nodes'])}x, {one['nodes'][0]['target']} {one['nodes'][0]['failureSummary']})"
    return [told(one) for one in result["violations"]], len(result["passes"])


def looks(browser, url, name, out, checks):
    for screen in SCREENS:
        for scheme in ("light", "dark"):
            page = Page(browser, url, screen, dark=scheme == "dark")
            where = f"{name}, {screen}, {scheme}"
            width = SCREENS[screen][0]
            checks.hold(f"{where}: nothing is wider than the screen",
                        page.run("[innerWidth, document.documentElement.scrollWidth]"), [width, width])
            dark = page.run("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0] < 128")
            checks.hold(f"{where}: the paper has the scheme's colour", dark, scheme == "dark")
            violations, passes = axe(page)
            checks.hold(f"{where}: axe-core finds nothing ({passes} rules passed)", violations, [])
            checks.hold(f"{where}: the console is empty and nothing is fetched", page.troubles(), [])
            page.shot(out / f"{name}-{screen}-{scheme}.png")
            page.run("document.querySelector('#table details').open = true; document.querySelector('.legend').open = true")
            violations, _ = axe(page)
            checks.hold(f"{where}: nor in an open record", violations, [])
            checks.hold(f"{where}: an open record is not wider either", page.run("document.documentElement.scrollWidth"), width)
            page.close()


def filters(browser, url, name, checks):
    page = Page(browser, url, "desk")
    seen = "document.querySelectorAll('#table tbody tr:not([hidden])').length"
    said = "document.getElementById('shown').textContent"
    rows = page.run("document.querySelectorAll('#table tbody tr').length")
    checks.hold(f"{name}: every row is there at first", [page.run(seen), page.run(said)], [rows, f"{rows} of {rows} decisions shown"])
    page.run("document.querySelector('#filters input[value=rolled]').click()")
    rolled = page.run("document.querySelectorAll('#table tr[data-outcome=rolled]').length")
    checks.hold(f"{name}: an outcome can be left out", [page.run(seen), page.run(said)],
                [rows - rolled, f"{rows - rolled} of {rows} decisions shown"])
    page.run("document.querySelector('#filters input[value=rolled]').click()")
    page.run("const s = document.getElementById('search'); s.focus(); s.value = 'SHOP  rolled'; s.dispatchEvent(new Event('input'))")
    fits = page.run("[...document.querySelectorAll('#table tbody tr')].filter(row => row.textContent.toLowerCase().includes('shop')"
                    " && row.textContent.toLowerCase().includes('rolled')).length")
    checks.hold(f"{name}: a search shows what has all its words", page.run(seen), fits)
    checks.hold(f"{name}: and that is some and not all", 0 < fits < rows)
    page.run("s.value = 'no such thing'; s.dispatchEvent(new Event('input'))")
    checks.hold(f"{name}: where nothing fits it says so", [page.run(seen), page.run("document.getElementById('none').hidden")], [0, False])
    # A link to a hidden record shows it again.
    page.run("location.hash = document.querySelector('#table .record').id")
    page.run("new Promise(done => setTimeout(done, 100))")
    checks.hold(f"{name}: a link to a hidden record shows it and opens it",
                [page.run(seen), page.run("document.querySelector('#table details').open")], [rows, True])
    checks.hold(f"{name}: no trouble so far", page.troubles(), [])
    page.close()


def marks(browser, url, name, checks):
    page = Page(browser, url, "desk")
    checks.hold(f"{name}: each lane is one stop of the tab key",
                page.run("[...document.querySelectorAll('.lane svg[role=group]')].every(lane => !lane.querySelector('.mark')"
                         " || lane.querySelectorAll('.mark[tabindex=\"0\"]').length === 1)"))
    first = "[...document.querySelectorAll('.lane svg')].find(lane => lane.querySelectorAll('a.mark').length > 1)"
    page.run(f"const marks = {first}.querySelectorAll('.mark'); marks[0].focus()")
    card = "document.getElementById('card')"
    checks.hold(f"{name}: focus shows the card with what the mark says",
                page.run(f"!{card}.hidden && {card}.textContent.includes(marks[0].getAttribute('aria-label').split('\\n')[0])"))
    page.key("ArrowRight")
    checks.hold(f"{name}: an arrow goes to the next mark", page.run("document.activeElement === marks[1]"))
    page.key("Escape")
    checks.hold(f"{name}: escape puts the card away", page.run(f"{card}.hidden"))
    single = ("[...document.querySelectorAll('a.mark[href]')].find(mark => mark.dataset.label.split('\\n').length === 1"
              " && document.getElementById(mark.getAttribute('href').slice(1)))")
    page.run(f"{single}.scrollIntoView({{block: 'center'}})")
    x, y = page.run(f"(() => {{ const r = {single}.querySelector('.hit').getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] }})()")
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    page.run("new Promise(done => setTimeout(done, 100))")
    checks.hold(f"{name}: the mouse shows the record behind a mark", page.run(f"!{card}.hidden && {card}.querySelectorAll('dt').length > 4"))
    checks.hold(f"{name}: no mark leads nowhere",
                page.run("[...document.querySelectorAll('a[href]')].filter(a => !document.getElementById(a.getAttribute('href').slice(1))).length"), 0)
    page.close()

    page = Page(browser, url, "phone")
    page.run(f"{single}.scrollIntoView({{block: 'center', inline: 'center'}})")
    place = f"(() => {{ const r = {single}.querySelector('.hit').getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] }})()"
    page.tap(*page.run(place))
    checks.hold(f"{name}: a tap shows the card and stays", [page.run(f"{card}.hidden"), page.run("location.hash")], [False, ""])
    checks.hold(f"{name}: the card is within the phone", page.run(f"(() => {{ const r = {card}.getBoundingClientRect(); return r.left >= 0 && r.right <= innerWidth }})()"))
    page.tap(*page.run(place))
    checks.hold(f"{name}: a second tap goes to the record and opens it",
                page.run("document.querySelector(location.hash || 'nothing')?.closest('details').open"))
    checks.hold(f"{name}: no trouble with cards", page.troubles(), [])
    page.close()


def without_script(browser, url, name, checks):
    page = Page(browser, url, "phone", script=False)
    rows = page.run("[...document.querySelectorAll('#table tbody tr')].filter(row => row.checkVisibility()).length")
    checks.hold(f"{name}: without script every row is seen", rows, page.run("document.querySelectorAll('#table tbody tr').length"))
    checks.hold(f"{name}: and there is one", rows > 0)
    checks.hold(f"{name}: no control that does nothing", page.run("document.getElementById('filters').checkVisibility()"), False)
    checks.hold(f"{name}: marks keep their titles", page.run("document.querySelectorAll('.mark title').length === document.querySelectorAll('.mark').length"))
    row = page.run("document.querySelector('a.mark[href^=\"#d\"]').getAttribute('href')")
    page.go("about:blank")
    page.go(url + row)
    checks.hold(f"{name}: a link opens its record without script", page.run(f"document.querySelector('{row}').closest('details').open"))
    page.close()


def printed(browser, url, name, out, checks):
    page = Page(browser, url, "desk", dark=True)
    page.call("Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    light = page.run("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0] > 128")
    checks.hold(f"{name}: print is light, whatever the screen is", light)
    rows = page.run("[...document.querySelectorAll('#table tbody tr')].map(row => [row.querySelector('time').textContent,"
                    " row.querySelector('.image').textContent, row.querySelector('summary').textContent])")
    data = page.call("Page.printToPDF", paperWidth=8.27, paperHeight=11.69, printBackground=True)["data"]
    path = out / f"{name}.pdf"
    path.write_bytes(base64.b64decode(data))
    plain = lambda text: re.sub(r"\s+", "", text)
    pages = [plain(page.extract_text()) for page in pypdf.PdfReader(path).pages]
    cut = [row for row in rows if not any(all(plain(part) in page for part in row) for page in pages)]
    checks.hold(f"{name}: printed on {len(pages)} pages, no row is cut", cut, [])
    times = [plain(row[0]) for row in rows]
    head = "WhenOutcomeImage"
    tabled = [at for at, text in enumerate(pages) if head in text]
    held = [at for at, text in enumerate(pages) if any(time in text for time in times)]
    first = next((at for at, text in enumerate(pages) if head in text), len(pages))
    checks.hold(f"{name}: the head of the table stands on each of its pages", [at for at in held if at >= first], tabled)
    page.close()


def main(program, out):
    out = pathlib.Path(out).resolve()
    checks = Checks()
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(program, profile)
        try:
            for name in ("sample", "mixed"):
                url = (out / f"{name}.html").as_uri()
                looks(browser, url, name, out, checks)
                filters(browser, url, name, checks)
                marks(browser, url, name, checks)
                without_script(browser, url, name, checks)
                printed(browser, url, name, out, checks)
        finally:
            browser.end()
    print(f"{checks.bad} of the checks failed" if checks.bad else "all hold", f"(screenshots in {out})")
    sys.exit(1 if checks.bad else 0)


main(*sys.argv[1:])
