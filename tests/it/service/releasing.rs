//! Publishing by a call on every store: what is current afterwards, who was too slow, the way back, and what other instances make of it.

use super::echo::echo;
use super::on_every_store;
use super::rig::{Backend, Rig};
use replyflow::domain::id::VersionId;
use replyflow::domain::name::Slug;
use replyflow::domain::publication::{How, OldRuns, Publication, Share};
use replyflow::flow::check::check_project;
use replyflow::flow::definition::Flow;
use replyflow::flow::load::Sources;
use replyflow::flow::version::{SourceFile, Version};
use replyflow::service::publisher::{Standing, publish};
use replyflow::service::release::{Order, Refused, Wish, history, plan, release};
use replyflow::service::review::{Around, review};
use replyflow::service::{Stands, read_standings};
use replyflow::store::Publish;

on_every_store!(
    a_version_a_share_the_way_back_and_the_end,
    of_two_who_publish_at_once_the_second_is_told_so,
    another_instance_takes_over_what_is_published,
    a_crash_between_storing_and_naming_changes_nothing,
    a_folder_does_not_undo_what_somebody_called_for,
    what_an_older_release_published_is_read,
    a_file_that_is_no_text_leaves_the_flow_as_it_was,
    a_version_that_cannot_be_used_here_takes_nothing_out,
    what_runs_live_on_is_known_from_the_start,
    what_was_called_for_before_the_folder_had_it_can_be_taken_back,
    another_share_says_nothing_of_the_runs_of_the_one_before,
);

const SHOP: &str = "flow: shop\nstart: []\nbegin: hello\nstates:\n  hello:\n    say: Hello\n    end: done\n";

fn shop() -> Slug {
    Slug::parse("shop").expect("a name")
}

fn sources(word: &str) -> Sources {
    let text = SHOP.replace("Hello", word);
    let mut sources = Sources::default();
    sources.flows.insert("shop".to_owned(), SourceFile { file: "flows/shop.yaml".to_owned(), text });
    sources
}

fn version(rig: &Rig, word: &str) -> Version {
    let mut checked = check_project(&sources(word), &rig.core.world().project);
    checked.flows.remove(&shop()).unwrap_or_else(|| panic!("{:?}", checked.diagnostics)).1
}

fn sources_checked(rig: &Rig, word: &str) -> std::sync::Arc<Flow> {
    let mut checked = check_project(&sources(word), &rig.core.world().project);
    checked.flows.remove(&shop()).unwrap_or_else(|| panic!("{:?}", checked.diagnostics)).0
}

async fn rig(backend: Backend) -> Rig {
    let toml = "[channels.main-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n";
    Rig::with(backend, echo, |plan| plan.toml = toml.to_owned()).await
}

fn order(note: &str) -> Order {
    Order { by: "ann".to_owned(), note: Some(note.to_owned()), ..Order::default() }
}

async fn stands(rig: &Rig) -> Stands {
    read_standings(&*rig.store).await.expect("reads").remove(&shop()).expect("it was published")
}

fn half() -> Option<Share> {
    Share::percent(50)
}

async fn a_version_a_share_the_way_back_and_the_end(backend: Backend) {
    let rig = rig(backend).await;
    let (one, two) = (version(&rig, "One"), version(&rig, "Two"));
    let of = |wish, note| {
        let store = rig.store.clone();
        async move { release(&*store, &shop(), wish, &order(note)).await }
    };
    assert!(matches!(of(Wish::Version(&one, half()), "x").await, Err(Refused::NoWhole(_))));
    assert!(matches!(of(Wish::Back(None), "x").await, Err(Refused::Unknown(_))));
    let first = of(Wish::Version(&one, None), "first").await.expect("published");
    assert_eq!((first.number, first.said.whole, first.said.by.as_str()), (1, one.id(), "ann"));
    assert!(matches!(of(Wish::Version(&one, None), "again").await, Err(Refused::Same(_))));
    assert!(matches!(of(Wish::Back(None), "x").await, Err(Refused::NothingBefore(_))));
    let share = of(Wish::Version(&two, half()), "half").await.expect("published");
    assert_eq!((share.said.whole, share.said.version(), share.said.trial.map(|t| t.share)), (one.id(), two.id(), half()));
    let more = of(Wish::Version(&two, Share::percent(80)), "more").await.expect("published");
    assert_eq!(more.said.trial.map(|t| u8::from(t.share)), Some(80));
    let taken = of(Wish::Back(None), "taken back").await.expect("published");
    assert_eq!((taken.said.whole, taken.said.trial, taken.said.how), (one.id(), None, How::Rollback));
    of(Wish::Version(&two, None), "whole").await.expect("published");
    // Moving runs of other versions can be ordered also when the version is as it was.
    let moving = Order { runs: OldRuns::Move, ..order("move them") };
    let moved = release(&*rig.store, &shop(), Wish::Version(&two, None), &moving).await.expect("published");
    assert_eq!((moved.said.whole, moved.said.runs), (two.id(), OldRuns::Move));
    let share = release(&*rig.store, &shop(), Wish::Version(&one, half()), &moving).await;
    assert!(matches!(share, Err(Refused::ShareStays)), "{share:?}");
    let strange = of(Wish::Back(Some(VersionId(7))), "x").await;
    assert!(matches!(strange, Err(Refused::NeverPublished(..))), "{strange:?}");
    assert_eq!(of(Wish::Back(None), "back").await.expect("published").said.whole, one.id());
    assert!(
        matches!(of(Wish::Back(None), "x").await, Err(Refused::NothingBefore(_))),
        "what was taken back is not gone forward to"
    );
    assert_eq!(of(Wish::Back(Some(two.id())), "named").await.expect("published").said.whole, two.id());
    assert!(of(Wish::Retire, "over").await.expect("published").said.retired);
    assert!(rig.core.follow_publications().await.expect("looks"));
    assert!(rig.core.versions().catalog().current("shop").is_none(), "no run begins any more");
    let log = history(&*rig.store, &shop(), None, 100).await.expect("reads");
    let notes: Vec<&str> = log.iter().rev().filter_map(|(_, said)| said.note.as_deref()).collect();
    assert_eq!(notes, ["first", "half", "more", "taken back", "whole", "move them", "back", "named", "over"]);
    assert_eq!(log.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [9, 8, 7, 6, 5, 4, 3, 2, 1]);
}

async fn of_two_who_publish_at_once_the_second_is_told_so(backend: Backend) {
    let rig = rig(backend).await;
    let (one, two, three) = (version(&rig, "One"), version(&rig, "Two"), version(&rig, "Three"));
    release(&*rig.store, &shop(), Wish::Version(&one, None), &order("first")).await.expect("published");
    let (base, _) = plan(&*rig.store, &shop(), Wish::Version(&two, None), &order("mine")).await.expect("planned");
    assert_eq!(base, 1);
    release(&*rig.store, &shop(), Wish::Version(&three, None), &order("theirs")).await.expect("published");
    let mine = Order { base: Some(base), ..order("mine") };
    let refused = release(&*rig.store, &shop(), Wish::Version(&two, None), &mine).await;
    let Err(Refused::Overtaken { number: 2, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(stands(&rig).await.said.whole, three.id());
    // Ten at the same moment, each on what it saw: one publishes.
    let tries = (0..10).map(|n| {
        let (rig, version) = (&rig, version(&rig, &format!("Word {n}")));
        async move {
            let order = Order { base: Some(2), ..order("at once") };
            release(&*rig.store, &shop(), Wish::Version(&version, None), &order).await.is_ok()
        }
    });
    let won = futures_util::future::join_all(tries).await.into_iter().filter(|won| *won).count();
    assert_eq!((won, stands(&rig).await.number), (1, 3));
}

async fn another_instance_takes_over_what_is_published(backend: Backend) {
    let rig = rig(backend).await;
    let other = rig.another_without_flows().await;
    let of = |core: &replyflow::service::Core| core.versions().catalog().current("shop").map(|flow| flow.version);
    assert!(!other.follow_publications().await.expect("looks"), "nothing is there");
    let (one, two) = (version(&rig, "One"), version(&rig, "Two"));
    release(&*rig.store, &shop(), Wish::Version(&one, None), &order("first")).await.expect("published");
    assert!(other.follow_publications().await.expect("looks"));
    assert!(!other.follow_publications().await.expect("looks"), "once");
    assert_eq!(of(&other), Some(one.id()));
    release(&*rig.store, &shop(), Wish::Version(&two, half()), &order("half")).await.expect("published");
    assert!(other.follow_publications().await.expect("looks") && rig.core.follow_publications().await.expect("looks"));
    for core in [&other, &rig.core] {
        let catalog = core.versions().catalog();
        assert_eq!(of(core), Some(one.id()));
        assert_eq!(catalog.trial(one.id()).map(|(trial, share)| (trial.flow.version, Some(share))), Some((two.id(), half())));
    }
}

async fn a_crash_between_storing_and_naming_changes_nothing(backend: Backend) {
    let rig = rig(backend).await;
    let (one, two) = (version(&rig, "One"), version(&rig, "Two"));
    release(&*rig.store, &shop(), Wish::Version(&one, None), &order("first")).await.expect("published");
    rig.core.follow_publications().await.expect("looks");
    // Whoever published died here.
    rig.store.put_version(two.id(), bytes::Bytes::from(two.encode())).await.expect("stored");
    assert!(!rig.core.follow_publications().await.expect("looks"));
    assert_eq!((stands(&rig).await.said.whole, stands(&rig).await.number), (one.id(), 1));
    // And comes again; also where only the answer was lost.
    let (base, said) = plan(&*rig.store, &shop(), Wish::Version(&two, None), &order("again")).await.expect("planned");
    let publish = || Publish { name: shop(), version: two.id(), base, body: bytes::Bytes::from(said.encode()) };
    let first = rig.store.publish(publish()).await.expect("published");
    assert_eq!(rig.store.publish(publish()).await, Ok(first));
    assert_eq!((stands(&rig).await.said.whole, stands(&rig).await.number), (two.id(), 2));
}

async fn a_folder_does_not_undo_what_somebody_called_for(backend: Backend) {
    let rig = rig(backend).await;
    let from_folder = async |word: &str| {
        let project = &rig.core.world().project;
        let mut made = publish(&*rig.store, &sources(word), project).await.expect("publishes");
        (made.flows.remove("shop").expect("it is there"), made.versions.catalog().current("shop").map(|flow| flow.version))
    };
    let (one, two) = (version(&rig, "One"), version(&rig, "Two"));
    assert!(matches!(from_folder("One").await, (Standing::Published(id), Some(runs)) if id == one.id() && runs == id));
    assert!(matches!(from_folder("Two").await, (Standing::Published(id), _) if id == two.id()));
    release(&*rig.store, &shop(), Wish::Back(None), &order("back")).await.expect("published");
    // The same folder once more, as after a restart: what was called for goes on.
    let again = from_folder("Two").await;
    assert!(matches!(again, (Standing::Called(id), Some(runs)) if id == one.id() && runs == one.id()), "{again:?}");
    // Something new in the folder is published as ever.
    assert!(matches!(from_folder("Three").await, (Standing::Published(_), _)));
    assert_eq!(history(&*rig.store, &shop(), None, 9).await.expect("reads")[0].1.how, How::Folder);
}

async fn what_an_older_release_published_is_read(backend: Backend) {
    let rig = rig(backend).await;
    let one = version(&rig, "One");
    rig.store.put_version(one.id(), bytes::Bytes::from(one.encode())).await.expect("stored");
    // A body that nobody understands is as none: the version counts.
    let odd = Publish { name: shop(), version: one.id(), base: 0, body: bytes::Bytes::from_static(b"{\"odd\":1}") };
    rig.store.publish(odd).await.expect("published");
    assert_eq!(stands(&rig).await.said, Publication::unknown(one.id()));
    assert!(rig.core.follow_publications().await.expect("looks"));
    // It counts as one of a folder, and this instance has none that names it.
    let again = publish(&*rig.store, &sources("One"), &rig.core.world().project).await.expect("publishes");
    assert!(matches!(again.flows["shop"], Standing::Unchanged(id) if id == one.id()), "{:?}", again.flows);
}

async fn a_file_that_is_no_text_leaves_the_flow_as_it_was(backend: Backend) {
    let rig = rig(backend).await;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("flows")).expect("made");
    let file = folder.path().join("flows/shop.yaml");
    let read = async |bytes: &[u8]| {
        std::fs::write(&file, bytes).expect("written");
        let sources = Sources::read(folder.path()).expect("reads");
        rig.core.publish_folder(&sources).await.expect("publishes")
    };
    read(SHOP.as_bytes()).await;
    let broken = read(&[SHOP.as_bytes(), b"# caf\xe9\n"].concat()).await;
    assert!(matches!(broken.flows["shop"], Standing::Before(_)), "{:?}", broken.flows);
    assert!(rig.core.versions().catalog().current("shop").is_some());
    assert_eq!(rig.core.versions().refused(), 1);
    assert_eq!(check_project(&Sources::read(folder.path()).expect("reads"), &rig.core.world().project).refused, ["shop"]);
}

async fn a_version_that_cannot_be_used_here_takes_nothing_out(backend: Backend) {
    let rig = rig(backend).await;
    let one = version(&rig, "One");
    release(&*rig.store, &shop(), Wish::Version(&one, None), &order("first")).await.expect("published");
    rig.core.follow_publications().await.expect("looks");
    // A newer release publishes what this one cannot read.
    let strange = VersionId(9);
    rig.store.put_version(strange, bytes::Bytes::from_static(b"{\"format\":99}")).await.expect("stored");
    let said = Publication::unknown(strange);
    let body = bytes::Bytes::from(said.encode());
    rig.store.publish(Publish { name: shop(), version: strange, base: 1, body }).await.expect("published");
    assert!(rig.core.follow_publications().await.expect("looks"));
    assert_eq!(rig.core.versions().catalog().current("shop").map(|flow| flow.version), Some(one.id()));
    assert_eq!(rig.core.versions().refused(), 1, "and it is counted");
    release(&*rig.store, &shop(), Wish::Version(&one, None), &order("mended")).await.expect("published");
    assert!(rig.core.follow_publications().await.expect("looks"));
    assert_eq!(rig.core.versions().refused(), 0);
}

async fn what_runs_live_on_is_known_from_the_start(backend: Backend) {
    let toml = "[channels.main-sms]\nprovider = \"simulator\"\nkind = \"sms\"\n";
    let rig = Rig::with(backend, replyflow::engine::turn, |plan| plan.toml = toml.to_owned()).await;
    let waiting = SHOP.replace("    end: done\n", "    go: wait\n  wait:\n    wait: { event: payment.done }\n    go: { ok: { end: done }, silence: { after: 1d, end: late } }\n");
    let mut sources = sources("One");
    sources.flows.get_mut("shop").expect("there").text = waiting.replace("start: []", "start: [{ keyword: shop }]");
    let mut checked = check_project(&sources, &rig.core.world().project);
    let one = checked.flows.remove(&shop()).unwrap_or_else(|| panic!("{:?}", checked.diagnostics)).1;
    let two = version(&rig, "Two");
    release(&*rig.store, &shop(), Wish::Version(&one, None), &order("first")).await.expect("published");
    rig.core.follow_publications().await.expect("looks");
    rig.say("+447700900123", "1", "shop").await;
    rig.quiet().await;
    release(&*rig.store, &shop(), Wish::Version(&two, None), &order("second")).await.expect("published");
    let event = replyflow::domain::name::EventName::parse("payment.done").expect("a name");
    let fresh = replyflow::service::publisher::published(&*rig.store, &rig.core.world().project).await.expect("reads");
    assert!(fresh.catalog().listens(&event), "an instance that starts now");
    // Where runs of the version before the last rest is thought of too.
    let three = sources_checked(&rig, "Three");
    let around = Around { project: &rig.core.world().project, database: None, others: &[] };
    let looked = review(&*rig.store, around, Some(&stands(&rig).await), &three).await.expect("reads");
    let said: Vec<&str> = looked.warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert_eq!(said, ["runs may rest in `wait`, which this version does not have"]);
}

async fn what_was_called_for_before_the_folder_had_it_can_be_taken_back(backend: Backend) {
    let rig = rig(backend).await;
    let from_folder = async |word: &str| {
        let mut made = publish(&*rig.store, &sources(word), &rig.core.world().project).await.expect("publishes");
        made.flows.remove("shop").expect("it is there")
    };
    let (one, two) = (version(&rig, "One"), version(&rig, "Two"));
    from_folder("One").await;
    release(&*rig.store, &shop(), Wish::Version(&two, None), &order("from elsewhere")).await.expect("published");
    assert!(matches!(from_folder("Two").await, Standing::Unchanged(id) if id == two.id()));
    release(&*rig.store, &shop(), Wish::Back(None), &order("back")).await.expect("published");
    assert!(matches!(from_folder("Two").await, Standing::Called(id) if id == one.id()), "a restart brings nothing back");
    // To begin no more runs is taken back before a version is.
    release(&*rig.store, &shop(), Wish::Version(&two, None), &order("again")).await.expect("published");
    release(&*rig.store, &shop(), Wish::Retire, &order("over")).await.expect("published");
    let back = release(&*rig.store, &shop(), Wish::Back(None), &order("not over")).await.expect("published");
    assert_eq!((back.said.whole, back.said.retired), (two.id(), false));
}

async fn another_share_says_nothing_of_the_runs_of_the_one_before(backend: Backend) {
    let rig = rig(backend).await;
    let [one, two, three] = ["One", "Two", "Three"].map(|word| version(&rig, word));
    let end = Order { runs: OldRuns::End, ..order("end") };
    release(&*rig.store, &shop(), Wish::Version(&one, None), &end).await.expect("published");
    let share = release(&*rig.store, &shop(), Wish::Version(&two, half()), &order("half")).await.expect("published");
    assert_eq!(share.said.runs, OldRuns::End, "runs of before one still end");
    let other = release(&*rig.store, &shop(), Wish::Version(&three, half()), &order("mended")).await.expect("published");
    assert_eq!(other.said.runs, OldRuns::Stay, "those that began on two do not");
    let nowhere = Order { runs: OldRuns::Move, ..order("x") };
    assert!(matches!(release(&*rig.store, &shop(), Wish::Retire, &nowhere).await, Err(Refused::NowhereToMove)));
}
