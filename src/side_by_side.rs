//! The same work on many things at once, with results in their order.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Calls `work` for 0 to `count`, at most `jobs` at once, and `done` with each result, in order, on this thread.
///
/// Once `done` breaks, or `may_go_on` says no, nothing more is begun. What is under way is finished, and told too.
pub fn side_by_side<R: Send>(
    jobs: usize,
    count: usize,
    may_go_on: &(dyn Fn() -> bool + Sync),
    work: &(dyn Fn(usize) -> R + Sync),
    done: &mut dyn FnMut(usize, R) -> ControlFlow<()>,
) {
    if jobs.min(count) < 2 {
        for number in 0..count {
            if !may_go_on() || done(number, work(number)).is_break() {
                return;
            }
        }
        return;
    }
    let (next, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, results) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..jobs.min(count) {
            let sender = sender.clone();
            scope.spawn(|| {
                let sender = sender;
                while may_go_on() && !is_over.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count || sender.send((number, work(number))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        // The results that came before their turn.
        let mut early = BTreeMap::new();
        let mut turn = 0;
        let mut tell = |number, result| {
            if done(number, result).is_break() {
                is_over.store(true, Ordering::Relaxed);
            }
        };
        for (number, result) in results {
            early.insert(number, result);
            while let Some(result) = early.remove(&turn) {
                tell(turn, result);
                turn += 1;
            }
        }
        for (number, result) in early {
            tell(number, result);
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;

    #[test]
    fn results_come_in_order_and_a_break_begins_nothing_more() {
        for jobs in [1, 4, 16] {
            let begun = Mutex::new(Vec::new());
            let mut told = Vec::new();
            let work = |number: usize| {
                begun.lock().unwrap().push(number);
                thread::sleep(Duration::from_millis(if number.is_multiple_of(3) { 5 } else { 1 }));
                number * 2
            };
            side_by_side(jobs, 100, &|| true, &work, &mut |number, result| {
                assert_eq!(result, number * 2);
                told.push(number);
                if number == 20 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            let mut begun = begun.into_inner().unwrap();
            begun.sort_unstable();
            assert_eq!(told, begun, "what was begun is told, in order");
            assert!(told.len() > 20 && told.len() < 60, "{jobs} jobs: {}", told.len());
        }
    }
}
