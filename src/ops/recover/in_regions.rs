//! What `recover` says of a key that was to go to regions.

use crate::ops::once::{End, Retiree, Run};

/// Words an end that is not worded as for other keys.
pub(super) fn of_end(run: &Run, end: End, named: &str) -> Option<String> {
    run.begun.regions.as_ref()?;
    let regions = regions(run);
    let old = "no old key was touched";
    let told = match end {
        End::Done => in_place(run, named) + &retired(run),
        End::DoneBeside => format!(
            "{named} was created and brought to {regions}, but in some of them somebody else has stored another task credential meanwhile{}. Look at them",
            retired(run)
        ),
        End::Displaced => format!(
            "{named} was created, but somebody else has stored another task credential meanwhile in {regions}; {old}. Nobody has its value: delete it"
        ),
        End::Vanished => format!(
            "{named} was to go to {regions}, but the key is gone; {old}. Look at the task credentials: one may hold a key that is gone"
        ),
        End::Unproven => format!(
            "{named} was created for {regions}, but it does not work; {old}. Enable it, or delete it, then run 'recover' again"
        ),
        End::CopyGone => format!(
            "{named} was created for {regions}, but its value is lost before each had it; {old}. Delete the key, then run 'recover' again, and replace the task credentials"
        ),
        End::Delivered => format!(
            "{named} was created for {regions}, and one of them may have it, so it cannot be given up: run 'recover' without '--discard'. Where a region never takes it, delete the key, then run 'recover' again"
        ),
        _ => return None,
    };
    Some(told)
}

/// Says where the value is.
pub(super) fn in_place(run: &Run, named: &str) -> String {
    format!("{named} was created; it is now the task credential in {}", regions(run))
}

/// Says where the value would go.
pub(super) fn would_be_brought(run: &Run, named: &str) -> String {
    format!("{named} was created; it would become the task credential in {}", regions(run))
}

fn regions(run: &Run) -> String {
    run.begun.regions.as_ref().map(|regions| regions.names.join(", ")).unwrap_or_default()
}

/// Words what became of the old keys.
fn retired(run: &Run) -> String {
    let one = |old: &Retiree| format!("; the old key {} {}", old.id, old.how.became.words());
    run.retired.iter().map(one).collect()
}
