//! The checker knows the types of declared events.

use replyflow::flow::check::check_project;
use replyflow::flow::load::Sources;
use std::fs;

const PROJECT: &str = r#"
[channels.main-sms]
provider = "simulator"
kind = "sms"
[events.fields."order.paid"]
order_id = { type = "text", required = true }
amount = { type = "number", required = true }
customer = { type = "map", required = true, fields = { phone = { type = "phone", required = true } } }
items = { of = { fields = { price = { type = "number", required = true } } } }
"#;

fn said(start: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let flow = format!(
        "flow: a\nneeds: {{ order: text, amount: number }}\nstart:\n{start}\nbegin: told\nstates:\n  \
         told: {{ say: \"{{{{ order }}}} {{{{ amount }}}}\", end: told }}\n"
    );
    fs::create_dir_all(folder.path().join("flows")).expect("a folder");
    fs::write(folder.path().join("flows/a.yaml"), flow).expect("written");
    let sources = Sources::read(folder.path()).expect("readable");
    let found = check_project(&sources, &crate::support::project::of(PROJECT)).diagnostics;
    found.iter().map(|d| format!("{} {}", d.code, d.message)).collect()
}

#[test]
fn a_declared_field_has_its_type_and_others_have_any() {
    let start = |order: &str, amount: &str, condition: &str| {
        format!(
            "  - event: order.paid\n    if: {condition}\n    contact: \"{{{{ event.customer.phone }}}}\"\n    \
             with: {{ order: \"{{{{ {order} }}}}\", amount: \"{{{{ {amount} }}}}\" }}"
        )
    };
    let good = said(&start("event.order_id", "event.amount", "event.amount > 5 and event.other == 'x' and event.customer.vip"));
    assert_eq!(good, Vec::<String>::new());
    let wrong = said(&start("event.order_id", "event.order_id", "event.amount > 5"));
    assert!(wrong.len() == 1 && wrong[0].starts_with("RF213"), "{wrong:?}");
    let compared = said(&start("event.order_id", "event.amount", "event.amount == 'five'"));
    assert!(compared.len() == 1 && compared[0].starts_with("RF206"), "{compared:?}");
    let nested = said(&start("event.order_id", "event.items[0].price", "event.items[0].price == 'five'"));
    assert!(nested.len() == 1 && nested[0].starts_with("RF206"), "{nested:?}");
    // Another event of the same flow is not this one.
    let other = start("event.order_id", "event.amount", "event.amount == 'five'").replace("order.paid", "order.sent");
    let both = said(&format!("{}\n{other}", start("event.order_id", "event.amount", "event.amount > 5")));
    assert!(both.iter().all(|d| d.starts_with("RF508")), "{both:?}");
}
