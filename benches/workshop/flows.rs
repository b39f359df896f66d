//! A project of any size that looks like what operators write: questions with choices in two languages, calls, conditions,
//! sub-flows, notifications. It is right: the checker has nothing to say about it.

use std::fmt::Write as _;
use std::path::Path;

/// The settings of the project.
pub const SETTINGS: &str = r#"[project]
language = "en"
country = "GB"
[channels.main-sms]
provider = "simulator"
kind = "sms"
[channels.main-whatsapp]
provider = "simulator"
kind = "whatsapp"
[api.shop]
base_url = "https://shop.example"
methods = ["get", "put"]
[teams.orders]
title = "Orders"
[attributes]
vip = "boolean"
"#;

/// The notification that every flow names.
pub const NOTIFICATION: &str = "\
notification: booked
languages: [en, es]
needs: { order_id: text, count: number }
text: { en: \"Order {{ order_id }} is booked, {{ count }} in all.\", es: \"El pedido {{ order_id }} queda reservado, {{ count }} en total.\" }
";

/// The sub-flow that every flow runs.
pub const DESK: &str = "\
flow: desk
languages: [en, es]
needs: { order_id: text, reason: text }
defaults:
  nomatch: { again: 2, end: done }
  silence: { after: 2h, end: done }
  undelivered: { end: done }
begin: why
states:
  why:
    ask: { en: \"What went wrong with {{ order_id }} ({{ reason }})?\", es: \"¿Qué problema hay con {{ order_id }} ({{ reason }})?\" }
    answer: { text: { max: 300 } }
    save: words
    go: { ok: tell }
  tell: { alert: \"Order {{ order_id }}: {{ words }}\", end: done }
";

/// States of one round: see `STATES`.
const ROUND: usize = 10;

/// So that not all rounds offer the same: `%` in `STATES`.
const PLACES: [&str; 12] =
    ["home", "office", "neighbour", "garage", "garden", "porch", "desk", "shed", "locker", "car", "flat", "boat"];

/// Ten states of a conversation about one parcel; `@` is the round, `$` the one after it.
const STATES: &str = r#"  pick@:
    ask: { en: "How shall we send order {{ order_id }}?", es: "¿De qué manera enviamos el pedido {{ order_id }}?" }
    answer:
      choice:
        home: { label: { en: To my %, es: A mi casa }, also: [house %, casa] }
        shop: { label: { en: To a shop, es: A una tienda }, also: [store] }
        human: { label: { en: Talk to us, es: Hablar con alguien }, also: [person] }
    save: way
    go: { home: look@, shop: many@, human: desk@, silence: { after: 4h, say: { en: Are you there?, es: ¿Sigue usted? }, again: 1, end: silent } }
  look@:
    call: { api: shop, get: "/orders/{{ order_id }}/stock/{{ count }}", timeout: 5s }
    save: { price: "{{ body.price }}" }
    go: { ok: sort@, 404: { say: { en: We have none left., es: No nos queda ninguno. }, go: many@ }, failed: desk@ }
  sort@:
    go:
      - if: (price ?? 0) * count >= 100 and contact.vip == true
        go: sure@
      - if: way == "home" or len(order_id) > 12
        go: many@
      - else: sure@
  many@:
    ask: { en: How many would you like?, es: ¿Qué cantidad quiere? }
    answer: { number: { min: 1, max: 40, whole: true } }
    save: count
    go: sure@
  sure@:
    ask: { en: "{{ count }} for {{ (price ?? 0) | money('EUR') }}, is that right?", es: "{{ count }} por {{ (price ?? 0) | money('EUR') }}, ¿es correcto?" }
    answer: yes_no
    go: { yes: book@, no: rest@ }
  rest@: { wait: 2h, go: pick$ }
  book@:
    call: { api: shop, put: "/orders/{{ order_id }}", json: { count: "{{ count }}", way: "{{ way }}" } }
    go: { ok: told@, failed: desk@ }
  told@:
    do:
      - set: { total: "{{ total + count }}" }
      - notify: booked
    go: note@
  note@:
    ask: { en: "Anything that we should know?", es: "¿Algo que debamos saber?" }
    answer: { text: { max: 200 } }
    save: words
    go: { ok: { emit: { event: order.noted, data: { words: "{{ words }}" } }, go: pick$ } }
  desk@: { run: { flow: desk, with: { order_id: "{{ order_id }}", reason: "step @" } }, go: { done: pick$, failed: { end: lost } } }
"#;

/// A flow of so many states, a multiple of ten, and one more with which it ends.
pub fn parcel(name: &str, states: usize) -> String {
    let mut yaml = format!(
        "flow: {name}\ntitle: Parcels of {name}\nlanguages: [en, es]\nchannels: [main-sms, main-whatsapp]\n\
         needs: {{ order_id: {{ type: text, default: A1 }} }}\nvars: {{ count: 1, price: 0, total: 0, way: home }}\n\
         start: [{{ keyword: {name} }}]\ndefaults:\n  nomatch: {{ again: 2, end: lost }}\n  \
         silence: {{ after: 12h, end: silent }}\n  undelivered: {{ end: undelivered }}\nbegin: pick0\nstates:\n"
    );
    let rounds = states / ROUND;
    for round in 0..rounds {
        let (this, next) = (round.to_string(), (round + 1).to_string());
        let place = PLACES[round % PLACES.len()];
        for part in STATES.split_inclusive(['@', '$', '%']) {
            let (text, sign) = part.split_at(part.len() - usize::from(part.ends_with(['@', '$', '%'])));
            let value = match sign {
                "@" => this.as_str(),
                "$" => next.as_str(),
                "%" => place,
                _ => "",
            };
            yaml.extend([text, value]);
        }
    }
    let _ = writeln!(
        yaml,
        "  pick{rounds}: {{ say: {{ en: \"{{{{ total }}}} in all. Thank you!\", es: \"{{{{ total }}}} en total. ¡Gracias!\" }}, end: done }}"
    );
    yaml
}

/// Writes a project of so many flows of so many states each; says how many bytes of flows that is.
pub fn write(folder: &Path, flows: usize, states: usize) -> std::io::Result<usize> {
    for place in ["flows", "templates"] {
        std::fs::create_dir_all(folder.join(place))?;
    }
    std::fs::write(folder.join("replyflow.toml"), SETTINGS)?;
    std::fs::write(folder.join("templates/booked.yaml"), NOTIFICATION)?;
    std::fs::write(folder.join("flows/desk.yaml"), DESK)?;
    let mut bytes = DESK.len();
    for number in 0..flows {
        let name = format!("parcel{number:03}");
        let yaml = parcel(&name, states);
        std::fs::write(folder.join(format!("flows/{name}.yaml")), &yaml)?;
        bytes += yaml.len();
    }
    Ok(bytes)
}
