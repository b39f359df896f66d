//! The simulator: a provider inside the service, for trying things out and for tests. It takes messages as a provider's API
//! does and shows them to whoever asks, and on demand it is slow, refuses, fails, or loses its answers.

pub mod behaviour;
pub mod phone;
pub mod routes;
