//! Everything that is said to the user: to the right stream, in the right format.

pub mod interrupt;
mod manner;
mod prompt;
mod terminal;

pub use manner::Manner;
pub use prompt::nobody_answers;
pub use terminal::Ui;
