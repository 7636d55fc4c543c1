//! Making, delivering and retiring keys: one protocol for the commands that begin it and for `recover`.

pub mod machine;
#[cfg(test)]
mod model;
