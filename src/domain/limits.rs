//! Every limit in one place: name, default, why. Each is tested at N and at N + 1 where it is enforced.

use super::time::Span;

/// Size of a flow, notification or test file in bytes (RF007).
pub const FILE_BYTES: usize = 256 * 1024;
/// Size of an HTML file beside a notification in bytes (RF418): with the text beside it, it must fit into an effect.
pub const PAGE_BYTES: usize = 56 * 1024;
/// Characters of a page with its values.
pub const PAGE_CHARS: usize = 56 * 1024;
/// Places of a route, and channels under `also`.
pub const ROUTE_HOPS: usize = 8;
/// Parameters of an approved template.
pub const APPROVED_PARAMS: usize = 30;
/// Buttons of an approved template: WhatsApp's own limit.
pub const APPROVED_BUTTONS: usize = 10;
/// Bytes of a provider's word: the name of a template, its language, its id.
pub const PROVIDER_WORD_BYTES: usize = 512;
/// How long a delivery report may be awaited.
pub const REPORT_WITHIN_MAX: Span = Span::days(7);
/// How far ahead the clocks of those who tell us something may be.
pub const CLOCKS_APART: Span = Span::minutes(5);
/// How long `deliver` awaits its report.
pub const DELIVER_WITHIN: Span = Span::minutes(10);
/// The shortest time for which events are collected.
pub const DIGEST_LEAST: Span = Span::seconds(1);
/// The longest time for which events are collected.
pub const DIGEST_WINDOW_MAX: Span = Span::days(7);
/// Events of a digest.
pub const DIGEST_ITEMS: u16 = 100;
/// States in a flow (RF007).
pub const STATES: usize = 1_000;
/// How far the clock of a simulated contact may be moved at one time.
pub const MOVE_TIME: Span = Span::days(366);
/// How far the clock of a simulated contact may be ahead in all.
pub const TIME_AHEAD: Span = Span::days(3_660);
/// Timers that one move of a simulated contact's clock meets at most; then it stops where it is.
pub const TIMERS_PER_MOVE: u16 = 1_000;
/// Nesting of a YAML file (RF007).
pub const YAML_DEPTH: usize = 32;
/// Nodes of a YAML file: bounds memory before anything is understood.
pub const YAML_NODES: usize = 100_000;
/// Characters of one expression (RF212).
pub const EXPRESSION_CHARS: usize = 1_000;
/// Nesting of one expression (RF212).
pub const EXPRESSION_DEPTH: usize = 32;
/// Steps of one evaluation.
pub const EXPRESSION_STEPS: u32 = 10_000;
/// Characters of one result.
pub const EXPRESSION_RESULT_CHARS: usize = 10_000;
/// Characters of a query over contacts.
pub const QUERY_CHARS: usize = 4_000;
/// How often a query over contacts may compare.
pub const QUERY_TESTS: usize = 100;
/// Nesting of a list or map that a flow makes: a loop that wraps a value again and again ends here, not in the stack.
pub const VALUE_DEPTH: usize = 64;
/// Bytes of a value that a flow makes out of parts: about what a record or an effect can hold.
pub const VALUE_BYTES: usize = 64 * 1024;
/// Characters of a regular expression.
pub const PATTERN_CHARS: usize = 1_000;
/// Bytes of a call's answer or of an event's data that the journal keeps, so that a conversation can be played again; a larger
/// one is left out. The journal of a busy service is long: what is large here is stored many times.
pub const JOURNAL_VALUE_BYTES: usize = 16 * 1024;
/// Bytes of a compiled regular expression, so that no pattern takes memory or time without bound.
pub const PATTERN_BYTES: usize = 256 * 1024;
/// States that one turn may enter: above it the run fails visibly; usually a loop.
pub const STATES_PER_TURN: usize = 100;
/// Effects that one turn may decide.
pub const EFFECTS_PER_TURN: usize = 50;
/// Effects that one commit may put into one lane; folding of inputs stops before.
pub const EFFECTS_PER_COMMIT: usize = 64;
/// Messages and events are refused (503) while as many contacts are worked on as may be, and another one has waited for its turn for longer.
pub const WAITS_FOR_ITS_TURN: Span = Span::seconds(5);
/// Claims in a row without a commit that are counted. A machine that is slow and a store that answers too late lose claims too; what counts
/// above this is begun alone, so that what is counted is deaths.
pub const CLAIMS_COUNTED: u8 = 3;
/// Where counting of claims ends: they are one digit.
pub const CLAIMS_MOST: u8 = 9;
/// Inputs that one claim hands over and one commit consumes.
pub const INPUTS_PER_CLAIM: usize = 16;
/// Live runs of one contact; a further start is refused with a journal entry.
pub const RUNS_PER_CONTACT: usize = 20;
/// Messages of one contact whose fate is waited for at one time; beyond it those that are decided, then the oldest, are no longer followed.
pub const TRACKED: usize = 50;
/// Notifications of one contact that are held or on their way along a route; beyond it the oldest goes no further.
pub const ERRANDS: usize = 20;
/// After so long, then twice as long, and so on, it is tried again to give up a message that was being sent when it was given up.
pub const GIVE_UP_AGAIN: Span = Span::seconds(15);
/// How long that is tried: no message is tried to be sent longer.
pub const GIVE_UP_FOR: Span = Span::minutes(20);
/// How long a failure still moves a notification on that came as far as it must.
pub const ROUTE_STANDS: Span = Span::days(1);
/// Of the permits of a channel one of so many is a broadcast's, however many replies there are to send.
pub const BULK_SHARE: u32 = 10;
/// How long a start of a broadcast waits for the contact's open question; what comes later is no news any more.
pub const BROADCAST_WAITS: Span = Span::days(1);
/// Sends of marketing that a cap counts at most, and a contact's record keeps.
pub const MARKETING_CAP: u16 = 50;
/// The longest window of a cap of marketing.
pub const MARKETING_WINDOW: Span = Span::days(366);
/// Caps of marketing of a project.
pub const MARKETING_CAPS: usize = 5;
/// Starts that wait for the contact's open question; a further one is refused with a journal entry.
pub const WAITING_STARTS: usize = 20;
/// Questions of one contact that are open at one time: the one that is asked, and those that were put aside for it.
pub const OPEN_QUESTIONS: usize = 3;
/// The weight of one arm of a `split`.
pub const SPLIT_WEIGHT: u32 = 1_000_000;
/// Depth of sub-flows.
pub const SUBFLOW_DEPTH: usize = 8;
/// A contact's record in bytes; a turn that would exceed it fails visibly.
pub const RECORD_BYTES: usize = 64 * 1024;
/// An input in bytes: a call's result is the largest.
pub const INPUT_BYTES: usize = 96 * 1024;
/// An effect in bytes.
pub const EFFECT_BYTES: usize = 64 * 1024;
/// A call's answer in bytes; a larger one is `failed`.
pub const CALL_BODY_BYTES: usize = 64 * 1024;
/// A webhook body in bytes. Meta documents 3 MB; a batch may be a little more.
pub const WEBHOOK_BODY_BYTES: usize = 4 * 1024 * 1024;
/// A mail that comes in, with its headers and what is attached to it, in bytes.
pub const MAIL_BYTES: usize = 16 * 1024 * 1024;
/// Characters of the text of a mail that leaves; what is longer is cut.
pub const EMAIL_TEXT_CHARS: usize = 20_000;
/// Characters of a mail's subject; what is longer is cut.
pub const EMAIL_SUBJECT_CHARS: usize = 200;
/// An event's body in bytes.
pub const EVENT_BODY_BYTES: usize = 64 * 1024;
/// Characters of an inbound text that are understood; the rest is kept but never matched.
pub const REPLY_CHARS: usize = 4_096;
/// A body with many events in bytes.
pub const EVENT_BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Events of one body.
pub const EVENTS_PER_BATCH: usize = 1_000;
/// Events or members of one request of an analytics service; Segment sends up to 4,000.
pub const SOURCE_ITEMS: usize = 5_000;
/// How long an `Idempotency-Key` is remembered.
pub const REQUEST_KEPT: Span = Span::hours(24);
/// Bytes of an `Idempotency-Key`.
pub const REQUEST_KEY_BYTES: usize = 256;
/// `Idempotency-Key`s that are remembered at one time; above it new ones are refused until old ones are forgotten.
pub const REQUESTS: usize = 1_000_000;
/// Bytes that are remembered of one answer: what was refused of a batch.
pub const REQUEST_ANSWER_BYTES: usize = 256 * 1024;
/// Inputs that one mailbox holds.
pub const MAILBOX: usize = 100;
/// Room above it for priority inputs.
pub const MAILBOX_HEADROOM: usize = 50;
/// Default of `text: { max }`.
pub const TEXT_ANSWER_CHARS: usize = 1_000;
/// One attempt of a call.
pub const CALL_TIMEOUT: Span = Span::seconds(10);
/// The longest `timeout` of a call.
pub const CALL_TIMEOUT_MAX: Span = Span::seconds(30);
/// All attempts of a call together.
pub const CALL_DEADLINE: Span = Span::seconds(120);
/// Repetitions of a call.
pub const CALL_RETRIES: u8 = 2;
/// The largest `retry` of a call.
pub const CALL_RETRIES_MAX: u8 = 10;
/// The longest life of a run, if the flow does not say.
pub const RUN_EXPIRES: Span = Span::days(30);
/// WhatsApp's customer service window.
pub const WHATSAPP_WINDOW: Span = Span::hours(24);
/// Characters of an SMS that providers take.
pub const SMS_CHARS: usize = 1_600;
/// Characters of a WhatsApp text.
pub const WHATSAPP_TEXT_CHARS: usize = 4_096;
/// Characters of a WhatsApp text beside a file.
pub const WHATSAPP_CAPTION_CHARS: usize = 1_024;
/// Characters of a WhatsApp text with buttons or a list.
pub const WHATSAPP_INTERACTIVE_CHARS: usize = 1_024;
/// Characters below the buttons or list of a WhatsApp message.
pub const WHATSAPP_FOOTER_CHARS: usize = 60;
/// Buttons of a WhatsApp message.
pub const WHATSAPP_BUTTONS: usize = 3;
/// Rows of a WhatsApp list.
pub const WHATSAPP_ROWS: usize = 10;
/// Characters of a WhatsApp button.
pub const WHATSAPP_BUTTON_CHARS: usize = 20;
/// Characters of a WhatsApp list row.
pub const WHATSAPP_ROW_CHARS: usize = 24;
/// Messages of one contact in a minute that are worked on; above it they are dropped with a journal entry.
pub const CONTACT_MESSAGES_PER_MINUTE: u32 = 60;
/// How long a question that nobody answered is remembered, so that a late reply is known as one.
pub const LATE_FOR: Span = Span::days(1);
/// The longest that a flow may take late replies up.
pub const LATE_FOR_MAX: Span = Span::days(30);
/// Questions that nobody answered which are remembered for late replies.
pub const LATE_QUESTIONS: usize = 3;
/// A message that the provider dates further back is not worked on: its duplicates could no longer be told.
pub const MESSAGE_AGE: Span = Span::days(8);
/// The longest wait for a call's result: well after its deadline, so that a lost one cannot hold a contact for ever.
pub const CALL_LOST: Span = Span::minutes(10);
/// Characters of the last reply that a run keeps.
pub const KEPT_REPLY_CHARS: usize = 1_000;
/// Tags of one contact.
pub const TAGS: usize = 100;
/// Topics of marketing of a project: what a contact wants of each is kept in its record.
pub const TOPICS: usize = 50;
/// Characters of a contact's name that the API takes.
pub const CONTACT_NAME_CHARS: usize = 200;
/// Bytes of how a contact consented, of what proves it, and of who told it.
pub const CONSENT_WORDS_BYTES: usize = 256;
/// Bytes of a file of contacts that is imported.
pub const IMPORT_BYTES: usize = 1024 * 1024 * 1024;
/// Rows of such a file.
pub const IMPORT_ROWS: i64 = 1_000_000;
/// Bytes of one of its rows.
pub const IMPORT_ROW_BYTES: usize = 64 * 1024;
/// Bytes of one change of a contact through the API.
pub const CONTACT_BODY_BYTES: usize = 64 * 1024;
/// Notes of expressions that one turn puts into the journal.
pub const NOTES_PER_TURN: usize = 10;
/// Bytes of the events of one digest from which it goes on at once: they are kept in the record, and afterwards in a variable.
pub const DIGEST_BYTES: usize = 24 * 1024;
/// Bytes of the events of one digest above which no further one is taken in: the digest goes on without it.
pub const DIGEST_ROOM: usize = 40 * 1024;
/// Messages of a conversation with a person that are kept beside the journal, for those who show it.
pub const TALK_MESSAGES: usize = 50;
/// Bytes of them.
pub const TALK_BYTES: usize = 8 * 1024;
/// Characters of what a flow tells a team about a conversation.
pub const HANDOFF_NOTE_CHARS: usize = 2_000;
/// So long after somebody wrote, or took it over, a conversation with a person is still alive: it does not expire.
pub const HANDOFF_IDLE: Span = Span::hours(24);
/// Hand-offs of one contact that a desk is still to hear of.
pub const DESK_TALKS: usize = 4;
/// Messages of one hand-off that wait for its desk; beyond it the oldest are left out, and the desk is told how many.
pub const DESK_LINES: usize = 30;
/// Bytes of them.
pub const DESK_LINES_BYTES: usize = 6 * 1024;
/// Characters of one message for a desk; what is longer is cut.
pub const DESK_LINE_CHARS: usize = 4_096;
/// Messages before a hand-off that its desk is shown.
pub const RECENT_MESSAGES: usize = 6;
/// Characters of each of them.
pub const RECENT_CHARS: usize = 200;
/// How old they may be.
pub const RECENT_FOR: Span = Span::days(1);
/// Bytes of the text of a message that a person writes at a desk; what is longer is cut, and refused as too long.
pub const DESK_TEXT_BYTES: usize = 20_000;
/// Bytes of an answer of a desk: it lists the conversations of a contact with what was said last.
pub const DESK_ANSWER_BYTES: usize = 2 * 1024 * 1024;
/// How far the time of a signed message of a desk may be from now.
pub const DESK_FRESH: Span = Span::hours(1);
/// Acts of persons on one contact that are known when they are repeated.
pub const PERSON_ACTS: usize = 16;
/// Default of `pick: { max }`: what a WhatsApp list holds.
pub const PICK_ITEMS: usize = 10;
/// The largest `max` of a `pick`: the items are kept in the record while the question is open.
pub const PICK_ITEMS_MAX: usize = 30;
/// The largest `max` of a `media` question.
pub const ANSWER_FILES: usize = 10;
/// Bytes of what is said of one file of an answer: URL, id, type and name.
pub const FILE_WORDS: usize = 2 * 1024;
/// How long further files still belong to an answer of several: WhatsApp sends each as a message of its own.
pub const FILES_GATHER: Span = Span::seconds(20);
/// Bytes of a file that a contact sends: WhatsApp's largest documents.
pub const MEDIA_BYTES: usize = 100 * 1024 * 1024;
/// How long a message is followed for another system that wants to hear what becomes of it: nobody reads it later.
pub const WATCH_FOR: Span = Span::days(7);
/// Bytes of the URL of a callback.
pub const CALLBACK_URL_BYTES: usize = 2_000;
/// Bytes of what an event carries along for its callback: its id and its data, as JSON.
pub const CALLBACK_BYTES: usize = 1024;
/// Callbacks of one run: that of the event that began it, and those of events that its digests collected.
pub const CALLBACKS_PER_RUN: usize = 8;
/// Bytes of the answer to a report: nobody reads it.
pub const HOOK_ANSWER_BYTES: usize = 64 * 1024;
/// Reports that wait for one endpoint; above it new ones are not kept until it takes some.
pub const HOOKS_WAITING: u64 = 100_000;
/// What failed visibly, of any kind, above which a report that is given up is not kept for operators.
pub const HOOKS_FAILED: u64 = 100_000;
/// The longest pause between two attempts of a report.
pub const HOOK_PAUSE: Span = Span::hours(1);
/// The longest pause that the receiver of a report may ask for.
pub const HOOK_PAUSE_ASKED: Span = Span::hours(6);
/// Attempts that a report gets however old it is: an operator may have it made again after days.
pub const HOOK_ATTEMPTS: u8 = 5;
/// Different alerts of one turn that are told; the others are counted.
pub const ALERTS_PER_TURN: usize = 10;
/// Different alerts of one team whose windows are open at one time; further ones are counted and told together.
pub const ALERT_WINDOWS: usize = 40;
/// How long alerts above that are counted before they are told together.
pub const ALERT_REST: Span = Span::minutes(1);
/// Addresses and webhooks of one team.
pub const TEAM_WAYS: usize = 20;
/// Teams that get alerts which name nobody.
pub const ALERT_RECEIVERS: usize = 10;
/// Characters of an alert as a text message: two or three parts.
pub const ALERT_SMS_CHARS: usize = 300;
/// How long an alert is tried to be told; then it fails visibly.
pub const ALERT_AGE: Span = Span::hours(24);
/// Attempts to fetch a file.
pub const FETCH_ATTEMPTS: u8 = 5;
/// All attempts to fetch a file together; the provider's URLs do not last long.
pub const FETCH_DEADLINE: Span = Span::minutes(5);
/// The longest wait for a file to be fetched; then the answer goes on without it.
pub const FETCH_LOST: Span = Span::minutes(10);
/// Characters of the note with which a flow is published.
pub const NOTE_CHARS: usize = 500;
/// Publications of one flow that are kept.
pub const PUBLICATIONS: usize = 1_000;
/// Effects in lanes of their own that the deletion of a contact takes along; more of them end by themselves.
pub const LANES_FORGOTTEN: usize = 500;
/// What failed visibly that one deletion takes along; more of it is dropped before.
pub const FAILED_FORGOTTEN: usize = 500;
/// Contacts that may become part of one.
pub const MERGED: usize = 32;
/// Numbers that a contact gave up and that are remembered.
pub const NUMBERS_LEFT: usize = 8;
/// Bytes of a request that makes a broadcast or a schedule: 10,000 contacts by their addresses.
pub const BROADCAST_BODY_BYTES: usize = 2 * 1024 * 1024;
/// Contacts that a broadcast names one by one; more are imported.
pub const BROADCAST_LISTED: usize = 10_000;
/// Contents that a broadcast compares.
pub const BROADCAST_ARMS: usize = 10;
/// Contacts a second that a broadcast may ask for where no channel says less.
pub const BROADCAST_RATE: u32 = 100_000;
/// How far ahead a broadcast may be made.
pub const BROADCAST_LATEST: Span = Span::days(366);
/// Broadcasts that are not over.
pub const BROADCASTS_LIVE: i64 = 1_000;
/// Schedules.
pub const SCHEDULES: i64 = 1_000;
/// Addresses on the suppression list. An instance remembers 8 bytes of each, the store some 200.
pub const SUPPRESSIONS: usize = 1_000_000;
/// Entries of one address.
pub const SUPPRESSIONS_OF_AN_ADDRESS: usize = 16;
/// Characters of a note beside an entry.
pub const SUPPRESSION_NOTE_CHARS: usize = 500;
/// How long a number that a provider called invalid stays on the list: numbers are given to others.
pub const INVALID_NUMBER_STAYS: Span = Span::days(90);
/// Bytes that are kept of a body that would have left for a test contact.
pub const TRIED_BYTES: usize = 16 * 1024;
/// Characters that are kept of what a provider says of a message.
pub const PROVIDER_WORDS: usize = 500;
/// Characters that are kept of a provider's code.
pub const PROVIDER_CODE: usize = 64;
