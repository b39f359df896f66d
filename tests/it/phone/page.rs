//! The page in a real browser: whole conversations, by mouse, by keyboard, on a narrow screen.

use super::browser::Browser;
use super::samples;
use super::sight::{FAINT, NAMELESS, OVERFLOWS, ZOOMED};
use crate::support::live::Service;
use crate::support::process::command;
use serde_json::json;
use std::path::Path;
use thirtyfour::prelude::*;

const WIDE: (u32, u32) = (1280, 860);
const NARROW: (u32, u32) = (390, 844);

async fn open(service: &Service, (width, height): (u32, u32), query: &str) -> Browser {
    Browser::open(&format!("{}/phone{query}", service.base), width, height).await
}

/// Saves a picture for the documentation, if somebody asked for them: REPLYFLOW_SCREENSHOTS=docs/images.
async fn picture(browser: &Browser, name: &str) {
    if let Ok(folder) = std::env::var("REPLYFLOW_SCREENSHOTS") {
        browser.prefers(&[("prefers-color-scheme", "light"), ("prefers-reduced-motion", "reduce")]).await;
        browser.until("document.getAnimations().length === 0").await;
        browser.screenshot(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(name)).await;
    }
}

/// Writes a small PNG that can be sent.
fn small_picture(folder: &Path) -> std::path::PathBuf {
    let png = include_bytes!("dot.png");
    let path = folder.join("dot.png");
    std::fs::write(&path, png).expect("written");
    path
}

async fn pass(browser: &Browser, by: &str) {
    browser.click("#time").await;
    browser.click(&format!("[data-by='{by}']")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_conversation_with_everything_that_a_phone_can_send() {
    let service = samples().await;
    let browser = open(&service, WIDE, "?channel=main-whatsapp").await;
    browser.write("tryout").await;
    browser.reads("Which fruit would you like?").await;
    browser.reads("Begins a flow · a keyword begins tryout").await;
    browser.until("document.querySelector('.state').textContent === 'fruit'").await;

    // Silence: two moves of the clock, the second of four hours.
    pass(&browser, "1h").await;
    browser.reads("Are you still there?").await;
    browser.until("document.getElementById('clock').textContent.includes('1 hour ahead')").await;
    // A row of the list, which is behind a button.
    browser.click_last(".opens").await;
    browser.click("dialog[open] [data-press^='quince']").await;
    browser.reads("Where are you?").await;
    browser.click("#attach").await;
    browser.choose("dialog[open] select[name=known]", "1").await;
    browser.click("dialog[open] button.main").await;
    browser.reads("Plaza Mayor, Madrid").await;
    browser.reads("What does it look like?").await;
    browser.click("#attach").await;
    let file = small_picture(service.folder());
    browser.find("#file").await.send_keys(file.display().to_string()).await.expect("chosen");
    browser.reads("And your secret?").await;
    browser.until("document.querySelector('.picture')?.naturalWidth > 0").await;
    browser.write("1234 is my secret").await;
    browser.reads("Are you happy?").await;
    browser.until("document.querySelector('.variables').innerText.includes('quince')").await;
    browser.until("document.querySelector('.variables').innerText.includes('masked: private')").await;
    let inside = browser.value("document.getElementById('inside').innerText").await;
    assert!(!inside.as_str().expect("text").contains("1234"), "what is private is masked: {inside}");
    pass(&browser, "4h").await;
    browser.reads("We wait for you.").await;
    browser.reads("tryout ended: silent").await;
    browser.until("document.querySelector('[data-name=ends]').innerText.includes('tryout: silent')").await;
    browser.until("document.getElementById('clock').textContent.includes('5 hours')").await;
    browser.assert_quiet().await;
    browser.quit().await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_tried_is_saved_as_a_test_that_passes() {
    let service = samples().await;
    let browser = open(&service, WIDE, "?channel=main-whatsapp&language=en").await;
    browser.write("hi").await;
    browser.reads("Hello! What can we do for you?").await;
    browser.click("[data-press^='order']").await;
    browser.reads("What is your order's number?").await;
    browser.write("42").await;
    browser.reads("Order 42 leaves our house today.").await;
    browser.reads("Anything else?").await;
    browser.until("document.body.dataset.busy === 'no'").await;
    browser.until("document.querySelector('.state').textContent === 'more'").await;
    browser.width(1160, 700).await;
    picture(&browser, "phone.png").await;
    browser.width(WIDE.0, WIDE.1).await;
    pass(&browser, "4h").await;
    browser.reads("menu ended: done").await;
    browser.until("document.getElementById('clock').textContent.includes('4 hours ahead')").await;

    browser.click("#save").await;
    browser.fill("#save-title", "somebody asks for an order and goes").await;
    browser.click("dialog[open] button.main").await;
    browser.until("document.getElementById('yaml')?.value.includes('Order 42 leaves our house today.')").await;
    browser.click("#add").await;
    browser.until("document.getElementById('saved').textContent.includes('menu.test.yaml')").await;
    let tests = std::fs::read_to_string(service.folder().join("flows/menu.test.yaml")).expect("the tests of the menu");
    assert!(tests.contains("somebody asks for an order and goes:"), "{tests}");
    let folder = service.folder().to_owned();
    let said = tokio::task::spawn_blocking(move || command(&folder, &["test"])).await.expect("run");
    assert!(said.contains("cases passed"), "{said}");
    browser.assert_quiet().await;
    browser.quit().await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_begins_a_flow_and_a_dead_call_shows() {
    let service = samples().await;
    let browser = open(&service, WIDE, "?channel=main-sms").await;
    browser.click("#flows [data-event='appointment.changed']").await;
    browser.fill("dialog[open] [name=patient_first_name]", "Grace").await;
    browser.fill("dialog[open] [name=event_type]", "REMIND").await;
    browser.click("dialog[open] button.main").await;
    browser.reads("Hello Grace, see you on").await;
    browser.write("1").await;
    // Nobody listens where the clinic's records should be.
    browser.until("document.querySelector('[data-name=calls]')?.innerText.includes('ehr/inbound')").await;
    browser.until("document.querySelector('[data-name=alerts]')?.innerText.includes('did not take the answer')").await;
    browser.until("document.querySelector('[data-name=calls]').innerText.includes('failed')").await;
    browser.reads("appointment ended: failed").await;
    // Somebody else's number in the event is refused, in words.
    browser.click("#flows [data-event='appointment.changed']").await;
    browser.fill("dialog[open] [name=patient_phone]", "+447700900999").await;
    browser.click("dialog[open] button.main").await;
    browser.until("document.querySelector('.problem').textContent.includes('names another phone')").await;
    browser.quit().await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_keyboard_alone() {
    let service = samples().await;
    let browser = open(&service, WIDE, "?channel=main-whatsapp").await;
    // The first stop leads to the message.
    browser.keys(Key::Tab + "").await;
    browser.until("document.activeElement.className === 'skip'").await;
    browser.keys(Key::Enter + "").await;
    browser.until("document.activeElement.id === 'text'").await;
    browser.keys("hi" + Key::Enter).await;
    browser.reads("Hello! What can we do for you?").await;
    // Back to the buttons of the answer: Shift and Tab over the plus sign.
    browser.keys(Key::Shift + Key::Tab).await;
    browser.until("document.activeElement.id === 'attach'").await;
    browser.keys(Key::Shift + Key::Tab).await;
    browser.until("document.activeElement.dataset.press?.startsWith('feedback')").await;
    browser.keys(Key::Shift + Key::Tab).await;
    browser.until("document.activeElement.dataset.press?.startsWith('order')").await;
    let outline = browser.value("getComputedStyle(document.activeElement).outlineStyle").await;
    assert_eq!(outline, json!("solid"), "the focus is seen");
    browser.keys(Key::Enter + "").await;
    browser.reads("What is your order's number?").await;
    // Time passes: a dialog that takes the focus and gives it back.
    browser.find("#time").await.focus().await.expect("focused");
    browser.keys(Key::Enter + "").await;
    browser.until("document.activeElement.closest('dialog')").await;
    browser.keys(Key::Escape + "").await;
    browser.until("document.activeElement.id === 'time'").await;
    assert_eq!(browser.value(NAMELESS).await, json!([]));
    assert_eq!(browser.value("document.getElementById('log').getAttribute('aria-live')").await, json!("polite"));
    browser.assert_quiet().await;
    browser.quit().await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_narrow_screen_in_light_and_dark() {
    let service = samples().await;
    let browser = open(&service, NARROW, "?channel=main-whatsapp").await;
    browser.write("hi").await;
    browser.reads("Hello! What can we do for you?").await;
    picture(&browser, "phone-narrow.png").await;
    browser.click("[data-press^='hours']").await;
    browser.reads("Anything else?").await;
    pass(&browser, "10m").await;
    browser.reads("menu ended: done").await;
    browser.prefers(&[("prefers-reduced-motion", "reduce")]).await;
    for width in [320, 390, 760, 1100, 1280] {
        browser.width(width, 800).await;
        for scheme in ["light", "dark"] {
            browser.prefers(&[("prefers-color-scheme", scheme), ("prefers-reduced-motion", "reduce")]).await;
            assert_eq!(browser.value(FAINT).await, json!([]), "{width} {scheme}");
        }
        assert_eq!(browser.value(OVERFLOWS).await, json!(false), "{width}");
        assert_eq!(browser.value(NAMELESS).await, json!([]), "{width}");
        if width < 800 {
            assert_eq!(browser.value(ZOOMED).await, json!([]), "{width}");
        }
    }
    browser.width(320, 640).await;
    for drawer in ["panel", "starts"] {
        browser.click(&format!("[data-open={drawer}]")).await;
        browser.until(&format!("document.activeElement.closest('#{drawer}')")).await;
        for scheme in ["light", "dark"] {
            browser.prefers(&[("prefers-color-scheme", scheme), ("prefers-reduced-motion", "reduce")]).await;
            assert_eq!(browser.value(FAINT).await, json!([]), "{drawer} {scheme}");
        }
        assert_eq!(browser.value(OVERFLOWS).await, json!(false), "{drawer}");
        browser.keys(Key::Escape + "").await;
        browser.until(&format!("document.activeElement.dataset.open === '{drawer}'")).await;
    }
    let moving = browser.value("document.getAnimations().length").await;
    assert_eq!(moving, json!(0), "who wants less motion gets none");
    browser.assert_quiet().await;
    browser.quit().await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_opened_again_shows_the_same_conversation_and_a_new_contact_an_empty_one() {
    let service = samples().await;
    let browser = open(&service, WIDE, "?channel=main-whatsapp&number=%2B447700900321").await;
    browser.write("hi").await;
    browser.reads("Hello! What can we do for you?").await;
    browser.until("document.body.dataset.busy === 'no'").await;
    let seen = "[...document.querySelectorAll('.turn')].map((turn) => turn.innerText)";
    let before = browser.value(seen).await;
    browser.value("location.reload()").await;
    browser.until("document.body?.dataset.ready === 'yes'").await;
    browser.reads("Hello! What can we do for you?").await;
    browser.until("document.body.dataset.busy === 'no'").await;
    assert_eq!(browser.value(seen).await, before);
    browser.click("#fresh").await;
    browser.until("document.querySelectorAll('.turn').length === 0").await;
    let number = browser.value("document.getElementById('number').value").await;
    assert!(number.as_str().is_some_and(|n| n.starts_with("+447700900") && n != "+447700900321"), "{number}");
    // The one before is remembered.
    assert_eq!(
        browser.value("[...document.querySelectorAll('#numbers option')].some((o) => o.value === '+447700900321')").await,
        json!(true)
    );
    browser.choose("#language", "es").await;
    browser.write("hi").await;
    browser.reads("¡Hola!").await;
    browser.quit().await;
    service.stop().await;
}
