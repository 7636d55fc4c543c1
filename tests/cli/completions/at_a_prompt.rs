//! Tab and Enter at the prompts of real shells: the command shows the key that was meant, and nothing else happens.

use std::fs;
use std::process::Command;

use super::PACKAGE;
use crate::support::pty::Terminal;
use crate::support::{Sandbox, skipped};

/// What names may hold, each behind a number that tells it apart.
const ODD: [&str; 35] = [
    "two words",
    "it's",
    "say \"hi\"",
    "ci:deploy",
    "a=b",
    "$HOME",
    "$(touch pwned)",
    "`touch pwned`",
    ";touch pwned",
    "&touch pwned",
    "|touch pwned",
    "\n touch pwned",
    "50% *off*",
    "back\\slash",
    "naïve 日本 🔑",
    "\u{1b}[31mred",
    "a\ttab",
    "hey!you",
    "~root",
    "#hash",
    "{a,b}",
    "<in>",
    "[x]?",
    "(p)",
    "^c",
    "trail ",
    "dir/x:y",
    "x y:z=w",
    "=x",
    "\"",
    "'",
    "\\",
    "\\'",
    "end:",
    "\u{202e}bidi",
];

/// A shell at its prompt, which counts the lines that it has read.
struct Prompt {
    terminal: Terminal,
    lines: usize,
}

impl Prompt {
    /// Starts a shell; `init` loads the completions and sets the prompt `at-N> `.
    fn start(sandbox: &Sandbox, shell: &str, args: &[&str], init: &str) -> Option<Self> {
        for program in [shell, "setsid"] {
            if Command::new(program).arg("--version").output().is_err() {
                skipped(&format!("{program} is not installed"));
                return None;
            }
        }
        // fish wants the terminal to be its own.
        let mut command = sandbox.program("setsid");
        command
            .args(["--ctty", shell])
            .args(args)
            .env("ZDOTDIR", sandbox.root().join("bin"))
            .env("IBMCLOUD_IAM_KEY_LIMIT", "100")
            // Only what stands on the line leads to the store with the keys.
            .env("IBMCLOUD_IAM_BACKEND", "remote")
            .env("TERM", "dumb")
            .env("PS1", "ready> ")
            .env("INPUTRC", "/dev/null");
        let mut terminal = Terminal::start(&mut command, 200);
        if !init.is_empty() {
            terminal.wait_for("ready> ");
            terminal.send(format!("{init}\n").as_bytes());
        }
        Some(Self { terminal, lines: 0 })
    }

    /// Types the beginning of a key's name, Tab, what is still missing, and Enter; waits until the key is shown, and no other.
    #[track_caller]
    fn shows(&mut self, typed: &str, rest: &str, id: &str) {
        self.lines += 1;
        self.terminal.wait_for(&format!("at-{}> ", self.lines));
        let line = format!("ibmcloud-iam --backend=local api-key -o json {typed}\t{rest}\n");
        self.terminal.send(line.as_bytes());
        self.terminal.wait_for_times("\n}\r\n", self.lines);
        let shown = self.terminal.shown();
        let last = shown.rsplit("\"id\": \"").next().unwrap();
        assert!(last.starts_with(id), "{typed}: {shown}");
    }
}

/// Completes every odd name, begun plainly and in both quotes.
fn completes_every_odd_name(shell: &str, args: &[&str], init: &str) {
    let sandbox = Sandbox::new();
    // What a pattern of the shell would find.
    for file in ["12% xoffx", "12x", "22x", "ibmcloud-iam"] {
        fs::write(sandbox.work(file), "").unwrap();
    }
    let before = sandbox.files_in_work();
    let init = init.replace("PACKAGE", PACKAGE);
    let args: Vec<String> = args.iter().map(|arg| arg.replace("PACKAGE", PACKAGE)).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let Some(mut prompt) = Prompt::start(&sandbox, shell, &args, &init) else { return };
    for (number, name) in ODD.iter().enumerate() {
        let name = format!("{number:02}{name}");
        let env = [("IBMCLOUD_IAM_KEY_LIMIT", "100")];
        let made = sandbox.run_env(&env, &["api-key-create", &name, "-o", "json"]).json();
        let id = made["id"].as_str().unwrap();
        if name.contains(|c: char| c.is_control() || c == '\u{202e}') {
            // Nothing to be typed, so the id stands for it.
            prompt.shows(&id[..24], "", id);
            continue;
        }
        for quote in ["", "\"", "'"] {
            // fish lets the quote stay open behind what might go on.
            let rest = if shell == "fish" && name.ends_with(':') { quote } else { "" };
            prompt.shows(&format!("{quote}{}", &name[..2]), rest, id);
        }
        assert_eq!(sandbox.files_in_work(), before, "{name}: nothing was executed");
    }
    // Files, of which the last part is a name that could be a command.
    for file in ["my file", "it's so", "x$(touch pwned)", "a;touch pwned"] {
        fs::write(sandbox.work(file), "").unwrap();
    }
    let before = sandbox.files_in_work();
    let first = sandbox.run(&["api-key", "00two words", "-o", "json"]).json();
    for begun in ["my", "\"my", "'my", "my\\ f", "it", "x", "\"x", "'x", "a\\;t"] {
        prompt.shows(
            &format!("'00two words' --ca-file {begun}"),
            "",
            first["id"].as_str().unwrap(),
        );
        assert_eq!(sandbox.files_in_work(), before, "{begun}: nothing was executed");
    }
    for begun in ["@my", "\"@my", "'@it", "@x"] {
        prompt.shows(&format!("'00two words' --apikey {begun}"), "", first["id"].as_str().unwrap());
        assert_eq!(sandbox.files_in_work(), before, "{begun}: nothing was executed");
    }
    // Behind what has to be written otherwise than it is.
    for (typed, number) in [("03ci:", 3), ("03ci:d", 3), ("04a=", 4), ("27x\\ y:z", 27)] {
        let keys =
            sandbox.run_env(&[("IBMCLOUD_IAM_KEY_LIMIT", "100")], &["api-keys", "-o", "json"]);
        let keys = keys.json();
        prompt.shows(typed, "", keys[number]["id"].as_str().unwrap());
    }
    assert_eq!(sandbox.files_in_work(), before, "nothing was executed");
}

#[test]
fn tab_in_bash_makes_a_command_that_works() {
    completes_every_odd_name(
        "bash",
        &["--noprofile", "--norc", "-i"],
        "source PACKAGE/completions/ibmcloud-iam.bash; exec 2>&1; n=0; PROMPT_COMMAND='n=$((n+1)); PS1=\"at-$n> \"'",
    );
}

#[test]
fn a_word_that_begins_with_its_own_quote_is_that_word_in_bash() {
    let init = "source PACKAGE/completions/ibmcloud-iam.bash; exec 2>&1; n=0; PROMPT_COMMAND='n=$((n+1)); PS1=\"at-$n> \"'";
    for (name, quotes) in
        [("!word", "\"'"), ("'", "'\""), ("\"x", "\"'"), ("~root", "\"'"), ("$x", "\"'")]
    {
        let sandbox = Sandbox::new();
        let id = sandbox.create(name, &[]);
        let init = init.replace("PACKAGE", PACKAGE);
        let args = ["--noprofile", "--norc", "-i"];
        let Some(mut prompt) = Prompt::start(&sandbox, "bash", &args, &init) else { return };
        for quote in quotes.chars() {
            // The only key there is: the quote alone is enough to begin with.
            prompt.shows(&quote.to_string(), "", &id);
            if !name.starts_with(quote) {
                prompt.shows(&format!("{quote}{}", &name[..1]), "", &id);
            }
        }
    }
}

#[test]
fn tab_survives_a_shell_that_ends_at_the_first_failure() {
    let sandbox = Sandbox::new();
    let id = sandbox.create("alpha", &[]);
    let init = "source PACKAGE/completions/ibmcloud-iam.bash; exec 2>&1; n=0; PROMPT_COMMAND='n=$((n+1)); PS1=\"at-$n> \"'; set -eu";
    let init = init.replace("PACKAGE", PACKAGE);
    let args = ["--noprofile", "--norc", "-i"];
    let Some(mut prompt) = Prompt::start(&sandbox, "bash", &args, &init) else { return };
    prompt.shows(
        "nothing-is-called-so\t\x15ibmcloud-iam --backend=local api-key -o json al",
        "",
        &id,
    );
    prompt.shows("al", "", &id);
}

#[test]
fn tab_in_zsh_makes_a_command_that_works() {
    completes_every_odd_name(
        "zsh",
        &["-i"],
        "n=0; precmd() { n=$((n+1)); PS1=\"at-$n> \" }; fpath=(PACKAGE/completions $fpath); autoload -Uz compinit; compinit -u -D",
    );
}

#[test]
fn tab_in_fish_makes_a_command_that_works() {
    let init = "source PACKAGE/completions/ibmcloud-iam.fish; set -g n 0; \
                function fish_prompt; echo -n \"at-$n> \"; end; \
                function tick --on-event fish_prompt; set -g n (math $n + 1); end";
    completes_every_odd_name("fish", &["--no-config", "--private", "-i", "-C", init], "");
}
