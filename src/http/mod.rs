//! HTTP: requests with their secrets marked, retries, time-outs, traces without secrets. It knows no system.

mod endpoint;
mod failure;
mod flow;
mod message;
mod proxy;
mod trace;
mod transport;

pub use self::endpoint::Endpoint;
pub(crate) use self::failure::{Failure, seconds};
pub(crate) use self::message::{Body, Reply, Request, Text};
pub use self::proxy::Proxy;
pub use self::trace::TraceTo;
pub use self::transport::Options;
pub(crate) use self::transport::{Budget, Transport};
