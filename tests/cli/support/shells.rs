//! The shells that people paste printed commands into.

use super::{Outcome, Sandbox, run, skipped};

/// Each shell with what keeps it from reading anybody's settings, and makes it run a script.
pub(crate) const SHELLS: [(&str, &[&str]); 4] = [
    ("dash", &["-c"]),
    ("bash", &["--noprofile", "--norc", "-c"]),
    ("zsh", &["-f", "-c"]),
    ("fish", &["--no-config", "-c"]),
];

impl Sandbox {
    /// Runs a script through a shell, or says that it is not installed.
    pub(crate) fn shell(
        &self,
        (name, flags): (&str, &[&str]),
        env: &[(&str, &str)],
        script: &str,
        input: &str,
    ) -> Option<Outcome> {
        let mut command = self.program(name);
        if command.args(["-c", "true"]).output().is_err() {
            skipped(&format!("{name} is not installed"));
            return None;
        }
        let mut command = self.program(name);
        command.args(flags).arg(script).envs(env.iter().copied());
        Some(run(&mut command, input.as_bytes()))
    }
}

/// Numbers that look like chance, and are the same in every run.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut n = self.0;
        n = (n ^ n >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        n = (n ^ n >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((n ^ n >> 31) % end as u64).unwrap()
    }

    /// Another order.
    pub(crate) fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            things.swap(last, self.below(last + 1));
        }
    }

    /// A text of up to `most` characters, most of which some shell acts on.
    pub(crate) fn text(&mut self, most: usize) -> String {
        const ODD: &[u8] = br#"''''\\\\""$$``!!;;&|<>(){}[]*?~#=%^@+-_.,:/ nux0aZ9"#;
        const WIDE: [char; 6] = ['é', '日', '🔑', '\u{301}', '\u{a0}', '’'];
        let length = 1 + self.below(most);
        let mut text = String::new();
        for _ in 0..length {
            match self.below(20) {
                0 => text.push(WIDE[self.below(WIDE.len())]),
                1 => text.push(['\n', '\t', '\r', '\u{1b}'][self.below(4)]),
                2 => text
                    .push_str(["\\'; touch PWN #", "$(touch PWN)", "`touch PWN`"][self.below(3)]),
                _ => text.push(char::from(ODD[self.below(ODD.len())])),
            }
        }
        text
    }
}
