//! A real browser without a window, driven over WebDriver: its own driver, port and profile, gone at the end of the test.

use crate::support::patience::LONG;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use thirtyfour::prelude::*;

/// Ends the driver with the test.
struct Driver {
    child: Child,
    url: String,
}

impl Driver {
    fn start() -> Self {
        let program = std::env::var("REPLYFLOW_CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".to_owned());
        let child = Command::new(&program).arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = child.unwrap_or_else(|error| {
            panic!("The tests of the page need Chromium and its driver; `{program}` does not start: {error}. tests/run.sh installs both.")
        });
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok);
        let started = lines.find_map(|line| line.split("successfully on port ").nth(1).map(str::to_owned));
        let port = started.unwrap_or_else(|| panic!("`{program}` ended before it said on which port it listens"));
        // Somebody must go on reading, or the driver waits for us one day.
        std::thread::spawn(move || lines.for_each(drop));
        Driver { child, url: format!("http://127.0.0.1:{}", port.trim().trim_end_matches('.')) }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A browser with one page. Fields are dropped in their order: the session before its driver.
pub struct Browser {
    session: WebDriver,
    driver: Driver,
    _profile: TempDir,
}

impl Browser {
    /// Opens the page in a window of this size.
    pub async fn open(url: &str, width: u32, height: u32) -> Self {
        let (driver, profile) = (Driver::start(), tempfile::tempdir().expect("a folder"));
        let mut wanted = DesiredCapabilities::chrome();
        let size = format!("--window-size={width},{height}");
        let folder = format!("--user-data-dir={}", profile.path().display());
        for argument in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &size,
            &folder,
        ] {
            wanted.add_arg(argument).expect("an argument");
        }
        if let Ok(binary) = std::env::var("REPLYFLOW_BROWSER") {
            wanted.set_binary(&binary).expect("a path");
        }
        CapabilitiesHelper::set(&mut wanted, "goog:loggingPrefs", json!({ "browser": "ALL" })).expect("a capability");
        let session = WebDriver::new(&driver.url, wanted).await.unwrap_or_else(|error| {
            panic!("The tests of the page need Chromium; it does not start: {error}. REPLYFLOW_BROWSER names another one.")
        });
        let browser = Browser { session, driver, _profile: profile };
        browser.width(width, height).await;
        browser.session.goto(url).await.expect("the page opens");
        browser.until("document.body.dataset.ready === 'yes'").await;
        browser
    }

    /// The page is so wide and high, as on a phone where it is narrow.
    pub async fn width(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// What the person prefers: `("prefers-color-scheme", "dark")`.
    pub async fn prefers(&self, features: &[(&str, &str)]) {
        let features: Vec<Value> = features.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    pub async fn devtools(&self, command: &str, parameters: Value) {
        self.session.cdp().send_raw(command, parameters).await.expect("the browser obeys");
    }

    /// The value of an expression on the page.
    pub async fn value(&self, expression: &str) -> Value {
        let script = format!("return {expression}");
        let got = self.session.execute(script, Vec::new()).await;
        got.unwrap_or_else(|error| panic!("{expression}: {error}")).json().clone()
    }

    /// Waits until an expression is true.
    pub async fn until(&self, expression: &str) {
        let begun = Instant::now();
        let asked = format!("Boolean({expression})");
        while self.value(&asked).await != json!(true) {
            if begun.elapsed() > LONG {
                let text = self.value("document.body.innerText").await;
                panic!("{expression}\nnever came true; the page says:\n{}", text.as_str().unwrap_or(""));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the conversation contains this text.
    pub async fn reads(&self, text: &str) {
        let text = json!(text);
        self.until(&format!("document.getElementById('log').innerText.includes({text})")).await;
    }

    /// The one element that fits, once it is there.
    pub async fn find(&self, css: &str) -> WebElement {
        self.until(&format!("document.querySelector({})", json!(css))).await;
        self.session.find(By::Css(css)).await.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    /// Clicks, as a finger does: what lies under another thing is not hit.
    pub async fn click(&self, css: &str) {
        let element = self.find(css).await;
        element.scroll_into_view().await.expect("scrolled");
        element.wait_until().clickable().await.unwrap_or_else(|error| panic!("{css}: {error}"));
        element.click().await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Clicks the last of those that fit: older messages have the same.
    pub async fn click_last(&self, css: &str) {
        self.find(css).await;
        let all = self.session.find_all(By::Css(css)).await.expect("elements");
        let last = all.last().expect("one at least");
        last.scroll_into_view().await.expect("scrolled");
        last.click().await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Types into a field in place of what it holds.
    pub async fn fill(&self, css: &str, text: &str) {
        let holds = format!("document.querySelector({})?.value === {}", json!(css), json!(text));
        let begun = Instant::now();
        // A field that has just been drawn can lose what is typed at that moment.
        while self.value(&holds).await != json!(true) {
            assert!(begun.elapsed() < LONG, "{css} does not take `{text}`");
            let element = self.find(css).await;
            element.clear().await.expect("cleared");
            element.send_keys(text).await.expect("typed");
        }
    }

    /// Presses keys, wherever the focus is.
    pub async fn keys(&self, keys: impl Into<TypingData>) {
        self.session.active_element().await.expect("a focus").send_keys(keys).await.expect("pressed");
    }

    /// Chooses an option as a person does.
    pub async fn choose(&self, css: &str, value: &str) {
        let option = format!("{css} option[value='{value}']");
        self.find(&option).await.click().await.unwrap_or_else(|error| panic!("{option}: {error}"));
    }

    /// Writes a message and sends it with the Enter key.
    pub async fn write(&self, text: &str) {
        self.fill("#text", text).await;
        self.find("#text").await.send_keys(Key::Enter).await.expect("pressed");
    }

    /// Nothing went wrong on the page: no error of a script, nothing that the content policy stopped, nothing missing.
    pub async fn assert_quiet(&self) {
        let url = format!("{}/session/{}/se/log", self.driver.url, self.session.session_id());
        let asked = reqwest::Client::builder().no_proxy().timeout(LONG).build().expect("a client").post(url);
        let said: Value = asked.json(&json!({ "type": "browser" })).send().await.expect("asked").json().await.expect("JSON");
        assert_eq!(said["value"], json!([]), "the browser's console");
    }

    /// Writes a picture of the page.
    pub async fn screenshot(&self, path: &Path) {
        let png = self.session.screenshot_as_png().await.expect("a picture");
        std::fs::write(path, png).expect("written");
    }

    pub async fn quit(self) {
        self.session.clone().quit().await.expect("the browser ends");
    }
}
