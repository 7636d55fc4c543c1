//! `recover`: settles what interrupted commands have left.

mod adopt;
mod in_regions;
mod only_key;
mod outcome;
mod verdict;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use self::adopt::Part;
pub(super) use self::adopt::warn_of_unknown;
pub(super) use self::outcome::Outcome;
pub(super) use self::verdict::Verdict;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Begun, Orphan};
use crate::model::ApiKeyId;
use crate::ops::announce;
use crate::ops::once::{self, Consent, Run, Way, is_acting};
use crate::render::json::{self, Recovered};
use crate::session::{self, Session};
use crate::settings::Settings;
use crate::text::{capitalised, escape};
use crate::ui::Ui;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The FILE whose command is settled; `None` for every command.
    pub file: Option<PathBuf>,
    /// Whether to go on without confirmation.
    pub force: bool,
    /// Whether to do nothing.
    pub dry_run: bool,
    /// Whether to leave a command to a later `recover` where the service may still carry a request out.
    pub no_wait: bool,
    /// Whether to give up what is not in its place.
    pub discard: bool,
}

/// What was settled, or could not be.
type Verdicts = Vec<(Begun, Verdict)>;

/// Runs `recover`: settles the entries of each system with the login of that system.
pub fn run(request: &Request, settings: &Settings, ui: &mut Ui) -> Result<()> {
    let journal = session::journal(settings)?;
    let orphans = once::take_from(&journal)?;
    let part = match &request.file {
        Some(file) => Part::of_file(file, orphans.found, &journal, settings.program())?,
        None => Part { orphans: orphans.found, copies: Vec::new() },
    };
    let logins = part.logins();
    let mut verdicts = Verdicts::new();
    let mut refused = None;
    let (mut part, is_only) = (part, logins.len() == 1);
    for login in logins {
        let own = part.take(login);
        let begun: Vec<Begun> = own.begun().cloned().collect();
        let opened = Session::open_for(login, settings, ui).and_then(|mut session| {
            let settled = settle_all(own, is_only, request, &mut session);
            session.close();
            settled
        });
        match opened {
            Ok(settled) => verdicts.extend(settled),
            Err(error) if is_only => return Err(error),
            Err(error) => {
                let blocked = |begun: Begun| (Verdict::needs_login(&begun, &error), begun);
                verdicts.extend(
                    begun.into_iter().map(blocked).map(|(verdict, begun)| (begun, verdict)),
                );
                refused.get_or_insert(error);
            }
        }
    }
    if let Some(error) = refused.filter(|_| verdicts.iter().all(|(_, verdict)| verdict.lacks_login))
    {
        return Err(error);
    }
    conclude(&verdicts, &orphans.unreadable, orphans.running, request, settings.program(), ui)
}

/// Settles entries in a session.
fn settle_all(
    part: Part,
    is_only: bool,
    request: &Request,
    session: &mut Session,
) -> Result<Verdicts> {
    announce("Recovering", "interrupted commands", session);
    let orphans = part.adopted(request.dry_run, session)?;
    let alone = is_only && orphans.len() == 1;
    let mut verdicts = Verdicts::new();
    for orphan in orphans {
        let begun = orphan.begun.clone();
        let settled = if once::is_ours(&begun, session) {
            once::turn_to(&begun, session);
            settle(orphan, request, session)
        } else {
            Ok(elsewhere(&begun, session))
        };
        let verdict = match settled {
            Err(error) if alone => return Err(error),
            // The other entries are settled all the same.
            settled => settled.unwrap_or_else(|error| Verdict::blocked(error.message)),
        };
        verdicts.push((begun, verdict));
    }
    session.turn_to(None);
    if !verdicts.is_empty() && !session.ui.manner().json {
        once::warn_of_clock(session);
    }
    Ok(verdicts)
}

/// Reports what was settled, and fails where something is left.
fn conclude(
    verdicts: &Verdicts,
    unreadable: &[PathBuf],
    running: usize,
    request: &Request,
    program: &str,
    ui: &mut Ui,
) -> Result<()> {
    for path in unreadable {
        ui.warn(&format!("{} is no readable journal entry and was left alone.", path.display()));
    }
    report(verdicts, running, ui);
    let unreadable = unreadable.len();
    let count = |outcome| verdicts.iter().filter(|(_, verdict)| verdict.outcome == outcome).count();
    let all = verdicts.len();
    if let blocked @ 1.. = count(Outcome::Blocked) {
        let message = format!("{blocked} of {all} interrupted commands could not be settled.");
        return Err(Error::new(ErrorKind::SomeFailed, message));
    }
    if count(Outcome::Kept) > 0 {
        let message = "Cancelled; the key was kept, and its entry too.";
        return Err(Error::new(ErrorKind::Cancelled, message));
    }
    if let undecided @ 1.. = count(Outcome::Undecided)
        && !request.dry_run
    {
        let message = format!("{undecided} of {all} interrupted commands may still take effect.");
        return Err(Error::new(ErrorKind::OutcomeUnknown, message)
            .hint(format!("Run '{program} recover' again later.")));
    }
    if let reported @ 1.. = count(Outcome::Reported) {
        let mut message =
            format!("{reported} of {all} interrupted commands left keys for you to look at.");
        // Their entries are gone: nobody would be told of these keys again.
        if ui.manner().json || ui.is_unheard() {
            for (_, verdict) in verdicts.iter().filter(|one| one.1.outcome == Outcome::Reported) {
                let _ = write!(message, "\n{}.", capitalised(&verdict.sentence));
            }
            return Err(Error::failure(message));
        }
        return Err(
            Error::failure(message).hint("The lines above say which, and what to do with them.")
        );
    }
    if unreadable > 0 {
        let entries = if unreadable == 1 { "entry" } else { "entries" };
        let message = format!("{unreadable} journal {entries} could not be read.");
        return Err(Error::failure(message).hint(
            "A key may hang on it. Look at the files in the journal before you remove one.",
        ));
    }
    Ok(())
}

fn settle(orphan: Orphan, request: &Request, session: &mut Session) -> Result<Verdict> {
    // Whether the credential in use is the old key must be told before anything is settled.
    if let Some(old) = &orphan.begun.retires
        && session.facts().has_names
    {
        is_acting(&ApiKeyId::new(old.id.as_str()), session)?;
    }
    let consent =
        Consent { asks: !request.force, dry_run: request.dry_run, is_hurried: request.no_wait };
    let way = Way { discards: request.discard, ..Way::default() };
    let mut run = Run::resume(orphan, way, consent);
    match run.drive(session) {
        Ok(ended) => Ok(Verdict::of(&run, ended, session)),
        Err(error) => Verdict::of_failure(&run, error, session),
    }
}

fn report(verdicts: &Verdicts, running: usize, ui: &mut Ui) {
    if ui.manner().json {
        let items: Vec<Recovered<'_>> = verdicts
            .iter()
            .map(|(begun, verdict)| Recovered {
                operation: begun.command(),
                name: &begun.name,
                id: verdict.id.as_ref().map(ApiKeyId::as_str),
                file: begun.file.as_deref().map(Path::to_string_lossy),
                outcome: verdict.outcome.as_str(),
            })
            .collect();
        ui.data(|out| json::recovered(out, &items));
        return;
    }
    ui.ok();
    if verdicts.is_empty() {
        ui.result("No interrupted commands found");
    }
    if running > 0 {
        let s = if running == 1 { " is" } else { "s are" };
        ui.result(&format!("{running} command{s} still running, and left alone"));
    }
    for (_, verdict) in verdicts {
        let line = capitalised(&escape(&verdict.sentence));
        ui.result(&line);
    }
}

fn elsewhere(begun: &Begun, session: &Session) -> Verdict {
    let maker = begun.maker();
    let sentence = format!(
        "The making of {} {} was begun on the {} backend at {}, account {}, as {maker}; run '{} recover' with that one",
        begun.system.facts().noun,
        begun.name,
        begun.backend.as_str(),
        begun.endpoint,
        begun.account_id,
        session.program()
    );
    Verdict { outcome: Outcome::Elsewhere, id: None, sentence, lacks_login: false }
}

/// Settles every entry in a session that is open already, for unit tests.
#[cfg(test)]
pub(crate) fn run_in(request: &Request, session: &mut Session) -> Result<()> {
    let orphans = once::take_from(&session.journal()?)?;
    let part = Part { orphans: orphans.found, copies: Vec::new() };
    let verdicts = settle_all(part, true, request, session)?;
    conclude(
        &verdicts,
        &orphans.unreadable,
        orphans.running,
        request,
        session.program(),
        session.ui,
    )
}
