//! Everything that is said to the user: to the right stream, in the right format.

pub mod interrupt;
mod prompt;
mod terminal;
mod working;

pub use prompt::nobody_answers;
pub use terminal::{Manner, Said, Ui};
