//! How the program talks.

/// How the program talks: settled once from flags and environment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// No progress, no `OK`, no warnings.
    pub quiet: bool,
    /// Standard output carries one JSON document only; standard error carries failures only.
    pub json: bool,
    /// Failures are JSON, and standard error carries nothing else.
    pub json_errors: bool,
    /// Whether standard output is coloured, and whether standard error is.
    pub colour: (bool, bool),
}

impl Manner {
    /// Tells whether progress and `OK` are printed.
    pub fn reports(self) -> bool {
        !self.quiet && !self.json
    }

    /// Tells whether warnings are printed.
    pub fn warns(self) -> bool {
        self.reports() && !self.json_errors
    }
}
