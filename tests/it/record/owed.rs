//! Files of deleted contacts that could not be deleted yet: remembered once for each contact, until that is done.

use super::entries::contact;
use super::{Ground, on_both};
use replyflow::domain::time::Millis;
use replyflow::history::owed::{owe, owed, paid};

on_both!(what_is_owed_is_remembered_until_it_is_done);

async fn what_is_owed_is_remembered_until_it_is_done(ground: Ground) {
    let mut people: Vec<_> = (0..120).map(|n| contact(&n.to_string())).collect();
    people.sort_by_key(ToString::to_string);
    for who in &people {
        ground.writer().owe_files(*who, Millis(10)).await.expect("remembered");
    }
    let (first, second) = (people[0], people[1]);
    // Said again of an earlier moment it stays; of a later one, what came between counts as well.
    owe(&ground.database, first, Millis(5)).await.expect("remembered");
    owe(&ground.database, second, Millis(20)).await.expect("remembered");
    let page = owed(&ground.database, "").await.expect("read");
    assert_eq!((page.len(), page[0], page[1]), (100, (first, Millis(10)), (second, Millis(20))));
    let rest = owed(&ground.database, &page[99].0.to_string()).await.expect("read");
    assert_eq!(page.iter().chain(&rest).map(|(who, _)| *who).collect::<Vec<_>>(), people);
    // More was owed while it was done.
    paid(&ground.database, first, Millis(10)).await.expect("done");
    paid(&ground.database, second, Millis(10)).await.expect("done");
    assert_eq!(owed(&ground.database, "").await.expect("read")[0], (second, Millis(20)));
}
