//! One, two and four instances, and two again: nobody tells them of each other.

use super::{COUNT, Crowd, Site, counted};

const PEOPLE: usize = 50;
/// Messages that are taken before the next change.
const EACH: usize = 100;

/// Every instance does its part of what is taken now: at least a third of an even share.
async fn shared(site: &Site, crowd: &mut Crowd) {
    let before = site.turns().await;
    crowd.more(EACH).await;
    let made: Vec<f64> = site.turns().await.iter().zip(&before).map(|(now, before)| now - before).collect();
    let (all, n) = (made.iter().sum::<f64>(), made.len() as f64);
    println!("{n} instances made {made:?} turns");
    assert!(made.iter().all(|one| *one >= all / n / 3.0), "{n} instances made {made:?} turns");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_two_and_four_instances_share_the_work_and_those_that_go_leave_nothing_behind() {
    let mut site = Site::new();
    site.join(COUNT);
    let mut crowd = Crowd::begin(&site.doors, 0..PEOPLE);
    shared(&site, &mut crowd).await;
    site.join(COUNT);
    shared(&site, &mut crowd).await;
    site.join(COUNT);
    site.join(COUNT);
    shared(&site, &mut crowd).await;
    site.leave();
    site.leave();
    shared(&site, &mut crowd).await;
    let said = crowd.end().await;
    for (who, answers) in site.answers(&said) {
        assert_eq!(answers, counted("", said[&who]), "person {who} is answered once for each message, in order");
    }
    site.end();
}
