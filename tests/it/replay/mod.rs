//! Recorded conversations against drafts: the same flow differs nowhere, and each planted change is found at its place.

mod drafts;
mod recorded;
