//! Whoever has a number after somebody else, when one of the two is deleted or the first one has it again.

use super::numbers::{NEW, change, rig, say, sent, settle, whatsapp};
use super::rig::{Backend, Rig, message};
use super::{ANN, on_every_store};
use replyflow::domain::channel::ChannelKind;
use replyflow::domain::id::ContactKey;
use replyflow::domain::mode::Mode;

on_every_store!(what_a_deleted_holder_said_no_to_is_kept_when_the_first_one_is_deleted);

/// The place of whoever has her number after her.
fn next(rig: &Rig) -> ContactKey {
    rig.core.contact_key(Mode::Live, &format!("{ANN}/1"))
}

async fn what_a_deleted_holder_said_no_to_is_kept_when_the_first_one_is_deleted(backend: Backend) {
    let rig = rig(backend).await;
    let (ann, bob) = (rig.key(ANN), next(&rig));
    say(&rig, whatsapp(ANN, "1", "hi")).await;
    say(&rig, change(ANN, "2", NEW, None)).await;
    say(&rig, message(ANN, "3", "STOP")).await;
    for contact in [bob, ann] {
        rig.core.forget(contact, "a test").await.expect("deleted");
        settle(&rig).await;
        let kept = rig.store.suppressed(contact).await.expect("looks");
        assert!(kept.stops(ChannelKind::Sms) && !kept.stops(ChannelKind::WhatsApp), "{contact}: {kept:?}");
    }
    let told = sent(&rig).len();
    say(&rig, message(ANN, "4", "hello")).await;
    assert_eq!(sent(&rig).len(), told, "whoever has the number said that they want no text messages");
}
