//! Classic API keys: what is sent, and what becomes of every answer.

mod wire;
