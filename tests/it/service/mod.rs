//! The service on a real store, with time, network and tasks in the test's hands.

mod calls;
mod collecting;
mod crashes;
mod doubting;
mod draining;
mod echo;
mod fetching;
mod flowing;
mod hands;
mod history;
mod holders;
mod holding;
mod hooking;
mod leaving;
mod logs;
mod lost;
mod meeting;
mod noticing;
mod numbers;
mod overdue;
mod overflowing;
mod pacing;
mod passing;
mod publishing;
mod quieting;
mod real;
mod releasing;
mod rig;
mod running;
mod sending;
mod sharing;
mod standing_in;
mod standing_still;
mod subscribing;
mod suppressing;
mod upgrading;
mod withdrawing;

/// People.
pub const ANN: &str = "+447700900101";
pub const BEN: &str = "+447700900102";

/// Runs each test on each store.
macro_rules! on_every_store {
    ($($name:ident),+ $(,)?) => {
        mod redis {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(crate::service::rig::Backend::Redis).await;
                }
            )+
        }
        mod embedded {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(crate::service::rig::Backend::Embedded).await;
                }
            )+
        }
    };
}
pub(crate) use on_every_store;
