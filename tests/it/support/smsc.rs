//! A fake carrier that speaks SMPP over real TCP, with the library's own codec: what we write must be what others read. It refuses, throttles,
//! loses answers, reports when it is told to, and delivers.

pub use super::smsc_messages::{Taken, part, receipt, written};
use futures_util::{SinkExt as _, StreamExt as _};
use rusmpp::pdus::{BindReceiverResp, BindTransceiverResp, BindTransmitterResp, DeliverSm, SubmitSmResp};
use rusmpp::tokio_codec::CommandCodec;
use rusmpp::types::COctetString;
use rusmpp::{Command, CommandStatus, Pdu};
use std::collections::{HashMap, VecDeque};
use std::str::FromStr as _;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::codec::Framed;

const LONG: Duration = Duration::from_secs(60);

/// How it answers one message.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// It takes it.
    Accept,
    /// It does not.
    Refuse(CommandStatus),
    /// It takes it and closes the connection without an answer.
    TakeAndCut,
    /// It takes it, reports on it, and answers only when the receipt was acknowledged or half a second has passed.
    ReportFirst,
    /// It takes it, and answers when it is told to.
    Hold,
    /// It takes it, wants the connection to end, and answers half a second after that.
    UnbindFirst,
}

enum Do {
    Deliver(Box<DeliverSm>, oneshot::Sender<CommandStatus>),
    Lose(Box<DeliverSm>, oneshot::Sender<CommandStatus>),
    Answer,
    Unbind,
    Cut,
}

#[derive(Default)]
struct State {
    binds: usize,
    unbinds: usize,
    /// Connections that it wanted to end, and that were let go.
    released: usize,
    denied: Option<CommandStatus>,
    /// Connections that are bound, and how many may be.
    held: usize,
    most: Option<usize>,
    next: VecDeque<Behaviour>,
    taken: Vec<Taken>,
    live: Vec<mpsc::UnboundedSender<Do>>,
    silent: bool,
    nacks: bool,
    enquiries: usize,
    ids: usize,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let done = change(&mut self.state());
        self.changed.notify_waiters();
        done
    }
}

/// The carrier.
pub struct Smsc {
    /// Where it listens.
    pub port: u16,
    shared: Arc<Shared>,
}

impl Smsc {
    /// Starts on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let shared = Arc::<Shared>::default();
        let kept = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&kept)));
            }
        });
        Smsc { port, shared }
    }

    /// The lines of a channel that binds here, as the carrier gave its password.
    pub fn channel(&self, name: &str) -> String {
        format!(
            "[channels.{name}]\nprovider = \"smpp\"\nkind = \"sms\"\nnumber = \"+447700900001\"\nhost = \"127.0.0.1\"\nport = {}\n\
             tls = \"none\"\nsystem_id = \"shop\"\npassword = {{ env = \"SMPP_PASSWORD\" }}\n",
            self.port
        )
    }

    /// The next messages are answered so, in turn; all others are taken.
    pub fn then(&self, behaviours: impl IntoIterator<Item = Behaviour>) {
        self.shared.change(|state| state.next.extend(behaviours));
    }

    /// From now on it lets nobody in, for this reason; or everybody again.
    pub fn denies(&self, status: Option<CommandStatus>) {
        self.shared.change(|state| state.denied = status);
    }

    /// The account has so many binds.
    pub fn has_binds(&self, most: usize) {
        self.shared.change(|state| state.most = Some(most));
    }

    /// Whether questions whether it lives are left without an answer.
    pub fn is_silent(&self, silent: bool) {
        self.shared.change(|state| state.silent = silent);
    }

    /// From now on it does not know the question whether it lives, and says so.
    pub fn nacks(&self) {
        self.shared.change(|state| state.nacks = true);
    }

    /// Answers the first message that it holds back on the newest connection.
    pub async fn answers(&self) {
        self.newest(Do::Answer).await;
    }

    /// Wants the newest connection to end, and waits until the `n`th is let go.
    pub async fn unbinds(&self, n: usize) {
        self.newest(Do::Unbind).await;
        self.released(n).await;
    }

    /// Waits until the `n`th connection that it wanted to end is let go.
    pub async fn released(&self, n: usize) {
        self.until("an unbind_resp", |state| (state.released >= n).then_some(())).await;
    }

    /// Closes all connections.
    pub fn cut(&self) {
        self.shared.change(|state| state.live.drain(..).for_each(|live| drop(live.send(Do::Cut))));
    }

    /// Logins that were tried, and how often somebody said goodbye.
    pub fn binds(&self) -> (usize, usize) {
        let state = self.shared.state();
        (state.binds, state.unbinds)
    }

    async fn until<T>(&self, what: &str, found: impl Fn(&State) -> Option<T>) -> T {
        let wait = async {
            loop {
                let changed = self.shared.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if let Some(found) = found(&self.shared.state()) {
                    return found;
                }
                changed.await;
            }
        };
        let waited = tokio::time::timeout(LONG, wait).await;
        waited.unwrap_or_else(|_| panic!("{what}; came: {:#?}", self.shared.state().taken))
    }

    /// Waits for the `n`th login.
    pub async fn bound(&self, n: usize) {
        self.until("a bind", |state| (state.binds >= n).then_some(())).await;
    }

    /// Waits until somebody asked whether it lives.
    pub async fn asked(&self) {
        self.asked_times(1).await;
    }

    /// Waits until that was asked so often.
    pub async fn asked_times(&self, n: usize) {
        self.until("an enquire_link", |state| (state.enquiries >= n).then_some(())).await;
    }

    /// Everything that came, once it is as much.
    pub async fn taken(&self, n: usize) -> Vec<Taken> {
        self.until(&format!("{n} messages"), |state| (state.taken.len() >= n).then(|| state.taken.clone())).await
    }

    /// What has come.
    pub fn so_far(&self) -> Vec<Taken> {
        self.shared.state().taken.clone()
    }

    /// Does something over the newest connection.
    async fn newest(&self, todo: Do) {
        let live = self.until("a connection", |state| state.live.last().filter(|live| !live.is_closed()).cloned()).await;
        let _ = live.send(todo);
    }

    /// Delivers over the newest connection, without waiting for the answer.
    pub async fn delivers(&self, pdu: DeliverSm) -> oneshot::Receiver<CommandStatus> {
        let (answer, answered) = oneshot::channel();
        self.newest(Do::Deliver(Box::new(pdu), answer)).await;
        answered
    }

    /// Delivers, and closes the connection when the answer comes, as if that were lost on its way: nothing shows that it was read.
    pub async fn loses(&self, pdu: DeliverSm) -> CommandStatus {
        let (answer, answered) = oneshot::channel();
        self.newest(Do::Lose(Box::new(pdu), answer)).await;
        tokio::time::timeout(LONG, answered).await.expect("answered in time").expect("answered")
    }

    /// Delivers, and says what that was answered.
    pub async fn deliver(&self, pdu: DeliverSm) -> CommandStatus {
        let answered = self.delivers(pdu).await;
        tokio::time::timeout(LONG, answered).await.expect("answered in time").expect("answered")
    }
}

type Link = Framed<TcpStream, CommandCodec>;

async fn write(link: &mut Link, sequence: u32, status: CommandStatus, pdu: impl Into<Pdu>) {
    let _ = link.send(Command::new(status, sequence, pdu)).await;
}

/// One of the account's binds, as long as its connection lasts.
struct Place(Arc<Shared>);

impl Place {
    fn take(shared: &Arc<Shared>) -> (Option<CommandStatus>, Option<Self>) {
        let full = |state: &State| state.most.is_some_and(|most| state.held >= most).then_some(CommandStatus::EsmeRalybnd);
        let denied = shared.change(|state| {
            let denied = state.denied.or_else(|| full(state));
            state.held += usize::from(denied.is_none());
            denied
        });
        (denied, denied.is_none().then(|| Place(Arc::clone(shared))))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.change(|state| state.held -= 1);
    }
}

/// One connection.
async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let mut link = Framed::new(stream, CommandCodec::new());
    let (todo, mut doing) = mpsc::unbounded_channel();
    let (mut asked, mut waiting): (u32, HashMap<u32, oneshot::Sender<CommandStatus>>) = (1_000, HashMap::new());
    // An answer that is held back until a receipt was acknowledged.
    let mut held: Option<(u32, u32, SubmitSmResp)> = None;
    // Messages that it answers when it is told to.
    let mut late: VecDeque<(u32, SubmitSmResp)> = VecDeque::new();
    // A delivery whose answer is lost.
    let mut lost: Option<u32> = None;
    let mut is_bound = false;
    let mut place = None;
    loop {
        let command = tokio::select! {
            command = link.next() => match command {
                Some(Ok(command)) => command,
                Some(Err(_)) | None => return,
            },
            Some(todo) = doing.recv() => {
                asked += 1;
                let (pdu, answer) = match todo {
                    Do::Deliver(pdu, answer) => (pdu, answer),
                    Do::Lose(pdu, answer) => {
                        lost = Some(asked);
                        (pdu, answer)
                    }
                    Do::Answer => {
                        if let Some((sequence, answer)) = late.pop_front() {
                            write(&mut link, sequence, CommandStatus::EsmeRok, answer).await;
                        }
                        continue;
                    }
                    Do::Unbind => {
                        shared.change(|state| state.live.clear());
                        write(&mut link, asked, CommandStatus::EsmeRok, Pdu::Unbind).await;
                        continue;
                    }
                    Do::Cut => return,
                };
                waiting.insert(asked, answer);
                write(&mut link, asked, CommandStatus::EsmeRok, *pdu).await;
                continue;
            }
            () = tokio::time::sleep(Duration::from_millis(500)), if held.is_some() => {
                if let Some((sequence, _, answer)) = held.take() {
                    write(&mut link, sequence, CommandStatus::EsmeRok, answer).await;
                }
                continue;
            }
        };
        let (sequence, status) = (command.sequence_number(), command.status());
        let Some(pdu) = command.pdu().cloned() else { continue };
        match pdu {
            Pdu::BindTransceiver(_) | Pdu::BindTransmitter(_) | Pdu::BindReceiver(_) => {
                let (denied, taken) = Place::take(&shared);
                place = taken;
                let status = denied.unwrap_or(CommandStatus::EsmeRok);
                match &pdu {
                    Pdu::BindTransmitter(_) => write(&mut link, sequence, status, BindTransmitterResp::default()).await,
                    Pdu::BindReceiver(_) => write(&mut link, sequence, status, BindReceiverResp::default()).await,
                    _ => write(&mut link, sequence, status, BindTransceiverResp::default()).await,
                }
                is_bound = denied.is_none();
                shared.change(|state| {
                    state.binds += 1;
                    // Nobody receives over a transmitter.
                    if is_bound && !matches!(pdu, Pdu::BindTransmitter(_)) {
                        state.live.push(todo.clone());
                    }
                });
                if place.is_none() {
                    return;
                }
            }
            Pdu::SubmitSm(pdu) => {
                assert!(is_bound && place.is_some(), "a message without a bind");
                let to = pdu.destination_addr.as_str().to_owned();
                let (behaviour, id) = shared.change(|state| {
                    let behaviour = state.next.pop_front().unwrap_or(Behaviour::Accept);
                    state.ids += 1;
                    let id = format!("C{:05}", state.ids);
                    let accepted = !matches!(behaviour, Behaviour::Refuse(_));
                    state.taken.push(Taken { pdu, id: id.clone(), accepted, at: Instant::now() });
                    (behaviour, id)
                });
                let answer = SubmitSmResp::builder().message_id(COctetString::from_str(&id).expect("an id")).build();
                match behaviour {
                    Behaviour::Accept => write(&mut link, sequence, CommandStatus::EsmeRok, answer).await,
                    Behaviour::Refuse(status) => write(&mut link, sequence, status, SubmitSmResp::default()).await,
                    Behaviour::TakeAndCut => {
                        shared.change(|state| state.live.clear());
                        return;
                    }
                    Behaviour::ReportFirst => {
                        asked += 1;
                        write(&mut link, asked, CommandStatus::EsmeRok, receipt(&to, &id, "DELIVRD")).await;
                        held = Some((sequence, asked, answer));
                    }
                    Behaviour::Hold => late.push_back((sequence, answer)),
                    Behaviour::UnbindFirst => {
                        asked += 1;
                        shared.change(|state| state.live.clear());
                        write(&mut link, asked, CommandStatus::EsmeRok, Pdu::Unbind).await;
                        held = Some((sequence, asked, answer));
                    }
                }
            }
            Pdu::DeliverSmResp(_) => {
                if lost == Some(sequence) {
                    shared.change(|state| state.live.clear());
                }
                if let Some(answer) = waiting.remove(&sequence) {
                    let _ = answer.send(status);
                }
                if held.as_ref().is_some_and(|(_, receipt, _)| *receipt == sequence)
                    && let Some((sequence, _, answer)) = held.take()
                {
                    write(&mut link, sequence, CommandStatus::EsmeRok, answer).await;
                }
                if lost == Some(sequence) {
                    return;
                }
            }
            Pdu::EnquireLink => {
                let (silent, nacks) = shared.change(|state| {
                    state.enquiries += 1;
                    (state.silent, state.nacks)
                });
                if nacks {
                    write(&mut link, sequence, CommandStatus::EsmeRinvcmdid, Pdu::GenericNack).await;
                } else if !silent {
                    write(&mut link, sequence, CommandStatus::EsmeRok, Pdu::EnquireLinkResp).await;
                }
            }
            Pdu::UnbindResp => {
                shared.change(|state| state.released += 1);
                return;
            }
            Pdu::Unbind => {
                shared.change(|state| state.unbinds += 1);
                write(&mut link, sequence, CommandStatus::EsmeRok, Pdu::UnbindResp).await;
                return;
            }
            _ => {}
        }
    }
}
