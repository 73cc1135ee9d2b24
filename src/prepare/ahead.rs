//! Records read and rendered on a thread of their own, ahead of whoever judges them.
//!
//! Nothing but time changes: records come in their order, and an error of the reading comes after
//! the records before it, a panic perhaps before the last few of them.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Builder, Scope, ScopedJoinHandle};

use super::pass::Step;
use crate::error::Error;
use crate::mapping::User;
use crate::rejection::Finding;

/// A chunk is handed over when it has so many records, or users of so many bytes.
const RECORDS: usize = 256;
const BYTES: usize = 256 << 10;
/// Chunks that wait to be judged.
const WAITING: usize = 4;

/// What a record came to, and what is odd about the reading of it.
pub(super) type Seen = (Step, Option<Finding>);

/// Some records in their order. Users that are done with are filled again.
#[derive(Debug, Default)]
struct Chunk {
    records: Vec<(User, Seen)>,
    spare: Vec<User>,
}

/// The records that come from a thread.
pub(super) struct Ahead<'scope> {
    thread: ScopedJoinHandle<'scope, Result<(), Error>>,
    filled: Receiver<Chunk>,
    done: Sender<Chunk>,
}

impl<'scope> Ahead<'scope> {
    /// Calls `next`, which renders a record into the user it is given, until there is none.
    pub(super) fn start(
        scope: &'scope Scope<'scope, '_>,
        next: impl FnMut(&mut User) -> Result<Option<Seen>, Error> + Send + 'scope,
    ) -> Result<Self, Error> {
        let (full, filled) = sync_channel(WAITING);
        let (done, empty) = channel();
        let thread = Builder::new()
            // By this name a panic of ours is known, which is reported and not printed.
            .name("entrabulk-read".to_owned())
            .spawn_scoped(scope, move || read(next, &full, &empty))
            .map_err(|error| {
                Error::internal(format!("The thread that reads cannot start: {error}."))
            })?;
        Ok(Ahead { thread, filled, done })
    }

    /// Hands over every record. An error of `each` ends the reading.
    pub(super) fn each(
        self,
        mut each: impl FnMut(&User, Seen) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for mut chunk in &self.filled {
            // In a chunk that was full by bytes users are large; their memory is not kept.
            let keep = chunk.records.len() == RECORDS;
            for (user, seen) in chunk.records.drain(..) {
                each(&user, seen)?;
                if keep {
                    chunk.spare.push(user);
                }
            }
            // Nobody takes it where the last record has been read.
            let _ = self.done.send(chunk);
        }
        self.thread.join().unwrap_or_else(|panic| resume_unwind(panic))
    }
}

fn read(
    mut next: impl FnMut(&mut User) -> Result<Option<Seen>, Error>,
    full: &SyncSender<Chunk>,
    empty: &Receiver<Chunk>,
) -> Result<(), Error> {
    loop {
        let mut chunk = empty.try_recv().unwrap_or_default();
        let more = fill(&mut chunk, &mut next);
        // Whoever judges may have given up.
        let wanted = full.send(chunk).is_ok();
        if !more? || !wanted {
            return Ok(());
        }
    }
}

/// Fills a chunk; whether there may be more.
fn fill(
    chunk: &mut Chunk,
    next: &mut impl FnMut(&mut User) -> Result<Option<Seen>, Error>,
) -> Result<bool, Error> {
    let mut bytes = 0;
    while chunk.records.len() < RECORDS && bytes < BYTES {
        let mut user = chunk.spare.pop().unwrap_or_default();
        let Some(seen) = next(&mut user)? else { return Ok(false) };
        bytes += user.bytes.len();
        chunk.records.push((user, seen));
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::thread;

    use super::*;

    /// What comes of `count` records of `size` bytes each and then of `end`; `each` sees their lines.
    fn read_all(
        count: u64,
        size: usize,
        end: impl Fn() -> Result<Option<Seen>, Error> + Send,
        mut each: impl FnMut(u64) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut line = 0;
        let next = move |user: &mut User| {
            if line == count {
                return end();
            }
            line += 1;
            user.clear();
            user.bytes.resize(size, b'x');
            user.external_id.push_str(&line.to_string());
            Ok(Some((Step::User(line), None)))
        };
        thread::scope(|scope| {
            Ahead::start(scope, next)?.each(|user, (step, _)| {
                let Step::User(line) = step else { panic!("{step:?}") };
                assert_eq!(
                    (user.external_id.as_str(), user.bytes.len()),
                    (&*line.to_string(), size)
                );
                each(line)
            })
        })
    }

    #[test]
    fn every_record_comes_in_its_order_before_the_end_and_before_an_error() {
        for count in [0, 1, 255, 256, 257, 5_000] {
            for size in [0, 100, 3_000, BYTES / 4 + 1] {
                let count = if size > 1_000 { count.min(257) } else { count };
                for fails in [false, true] {
                    let mut seen = 0;
                    let end = || if fails { Err(Error::internal("cut")) } else { Ok(None) };
                    let ended = read_all(count, size, end, |line| {
                        seen += 1;
                        assert_eq!(line, seen);
                        Ok(())
                    });
                    assert_eq!((seen, ended.is_err()), (count, fails));
                }
            }
        }
    }

    #[test]
    fn a_panic_of_the_reading_is_one_of_whoever_judges() {
        let mut seen = 0;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let end = || panic!("the reader came apart");
            read_all(300, 10, end, |line| {
                seen = line;
                Ok(())
            })
        }));
        // What a chunk in the making held is lost with it.
        assert_eq!(seen, 256);
        let panic = outcome.expect_err("a panic");
        assert_eq!(panic.downcast_ref(), Some(&"the reader came apart"));
    }

    #[test]
    fn whoever_judges_may_give_up_or_panic_and_the_reading_ends() {
        let endless = || {
            read_all(
                u64::MAX,
                10,
                || Ok(None),
                |line| match line {
                    1_000 => Err(Error::internal("enough")),
                    _ => Ok(()),
                },
            )
        };
        assert!(endless().is_err());
        let panics = || {
            read_all(
                u64::MAX,
                10,
                || Ok(None),
                |line| {
                    assert!(line < 1_000, "enough");
                    Ok(())
                },
            )
        };
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    }
}
