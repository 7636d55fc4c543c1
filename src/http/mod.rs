//! HTTP: a request with its secrets marked, sent within its time and its retries, traced without them. Knows no system.

mod endpoint;
mod failure;
mod message;
mod proxy;
mod trace;
mod transport;

pub use self::endpoint::Endpoint;
pub(crate) use self::failure::{Failure, seconds};
pub(crate) use self::message::{Body, Reply, Request, Text};
pub use self::proxy::Proxy;
pub use self::trace::TraceTo;
pub use self::transport::Settings;
pub(crate) use self::transport::{Budget, Transport};
