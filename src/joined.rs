//! The same work that several threads want at once, done once for all who wait for it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Work whose outcome is shared by those who asked before it began.
#[derive(Debug)]
pub struct Joined<T> {
    turns: Mutex<Turns<T>>,
    ended: Condvar,
}

#[derive(Debug)]
struct Turns<T> {
    begun: u64,
    /// The last turn that ended well, and its outcome as long as somebody waits for it.
    done: u64,
    outcome: Option<T>,
    is_under_way: bool,
    waiting: usize,
}

impl<T> Default for Joined<T> {
    fn default() -> Self {
        let turns = Turns { begun: 0, done: 0, outcome: None, is_under_way: false, waiting: 0 };
        Self { turns: Mutex::new(turns), ended: Condvar::new() }
    }
}

impl<T: Clone> Joined<T> {
    /// Returns the outcome of work that began after this call: the own, or that of another thread. A failure is told only to
    /// the thread whose work failed.
    pub fn get<E>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let mut turns = self.turns();
        let wanted = turns.begun + 1;
        turns.waiting += 1;
        while turns.is_under_way && turns.done < wanted {
            turns = self.ended.wait(turns).unwrap_or_else(PoisonError::into_inner);
        }
        turns.waiting -= 1;
        if turns.done >= wanted
            && let Some(outcome) = turns.outcome.clone()
        {
            if turns.waiting == 0 {
                turns.outcome = None;
            }
            return Ok(outcome);
        }
        turns.is_under_way = true;
        turns.begun += 1;
        let turn = turns.begun;
        drop(turns);
        let done = work();
        let mut turns = self.turns();
        turns.is_under_way = false;
        if let Ok(outcome) = &done {
            turns.done = turn;
            turns.outcome = (turns.waiting > 0).then(|| outcome.clone());
        }
        drop(turns);
        self.ended.notify_all();
        done
    }

    fn turns(&self) -> MutexGuard<'_, Turns<T>> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;

    /// The time in this test: how many changes were made.
    static CHANGES: AtomicU32 = AtomicU32::new(0);

    #[test]
    fn nobody_is_told_what_was_so_before_the_question() {
        let (joined, looks) = (Joined::default(), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let own = CHANGES.fetch_add(1, Ordering::SeqCst) + 1;
                        let Ok(seen) = joined.get(|| {
                            let seen = CHANGES.load(Ordering::SeqCst);
                            thread::sleep(Duration::from_micros(200));
                            looks.fetch_add(1, Ordering::SeqCst);
                            Ok::<u32, Infallible>(seen)
                        });
                        assert!(seen >= own, "{seen} was seen, and {own} were made");
                    }
                });
            }
        });
        let looks = looks.into_inner();
        assert!(looks < 400, "{looks} looks for 800 questions");
        assert!(joined.turns().outcome.is_none(), "nobody waits for it any more");
    }

    #[test]
    fn a_failure_is_no_answer_for_others() {
        let (joined, calls) = (Joined::default(), AtomicU32::new(0));
        let ask = || {
            joined.get(|| {
                thread::sleep(Duration::from_millis(20));
                let call = calls.fetch_add(1, Ordering::SeqCst);
                if call == 0 { Err(()) } else { Ok(call) }
            })
        };
        let answers: Vec<Result<u32, ()>> = thread::scope(|scope| {
            let asked: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            asked.into_iter().map(|one| one.join().expect("no thread panics")).collect()
        });
        assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 1);
    }
}
