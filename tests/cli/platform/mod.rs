//! Platform API keys: logins, and the one request that makes a key.

mod wire;
