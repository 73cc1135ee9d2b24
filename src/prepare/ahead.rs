//! Records read and rendered on a thread of their own, ahead of whoever judges them.
//!
//! Nothing but time changes: records come in their order, and an error or a panic of the reading comes
//! after the records before it.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Builder, Scope, ScopedJoinHandle};

use super::findings::{GuessedEncoding, UnseenColumns};
use super::pass::{Pass, Step};
use crate::error::Error;
use crate::mapping::User;
use crate::rejection::Finding;

/// A chunk is handed over when it has so many records, or users of so many bytes.
const RECORDS: usize = 256;
const BYTES: usize = 256 << 10;
/// Chunks that wait to be judged.
const WAITING: usize = 4;

/// One record: what it came to, and what is odd about the reading of it.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) user: User,
    pub(super) step: Step,
    pub(super) odd: Option<Finding>,
}

/// Some records in their order. Users that are done with are filled again.
#[derive(Debug, Default)]
struct Chunk {
    seen: Vec<Seen>,
    spare: Vec<User>,
}

/// The records of a pass, as they come from its thread.
pub(super) struct Ahead<'scope> {
    thread: ScopedJoinHandle<'scope, Result<(), Error>>,
    full: Receiver<Chunk>,
    done: Sender<Chunk>,
}

impl<'scope> Ahead<'scope> {
    /// Reads `pass` to its end, striking the columns seen from `unseen`.
    pub(super) fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        pass: &'env mut Pass,
        unseen: &'env mut UnseenColumns,
    ) -> Result<Self, Error> {
        let (filled, full) = sync_channel(WAITING);
        let (done, empty) = channel();
        let thread = Builder::new()
            // By this name a panic of ours is known, which is reported and not printed.
            .name("entrabulk-read".to_owned())
            .spawn_scoped(scope, move || read(pass, unseen, &filled, &empty))
            .map_err(|error| {
                Error::internal(format!("The thread that reads cannot start: {error}."))
            })?;
        Ok(Ahead { thread, full, done })
    }

    /// Hands over every record. An error of `each` ends the reading.
    pub(super) fn each(
        self,
        mut each: impl FnMut(&User, Step, Option<Finding>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for mut chunk in &self.full {
            // Users of a chunk that is full before its time are large; they are not kept.
            let keep = chunk.seen.len() == RECORDS;
            for Seen { user, step, odd } in chunk.seen.drain(..) {
                each(&user, step, odd)?;
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
    pass: &mut Pass,
    unseen: &mut UnseenColumns,
    filled: &SyncSender<Chunk>,
    empty: &Receiver<Chunk>,
) -> Result<(), Error> {
    let mut guessed = GuessedEncoding::new(pass);
    loop {
        let mut chunk = empty.try_recv().unwrap_or_default();
        let filling = fill(&mut chunk, pass, unseen, &mut guessed);
        // Whoever judges may have given up.
        let wanted = filled.send(chunk).is_ok();
        if !filling? || !wanted {
            return Ok(());
        }
    }
}

/// Fills a chunk; whether there may be more.
fn fill(
    chunk: &mut Chunk,
    pass: &mut Pass,
    unseen: &mut UnseenColumns,
    guessed: &mut GuessedEncoding,
) -> Result<bool, Error> {
    let mut bytes = 0;
    while chunk.seen.len() < RECORDS && bytes < BYTES {
        let mut user = chunk.spare.pop().unwrap_or_default();
        let Some(step) = pass.next(&mut user)? else { return Ok(false) };
        bytes += user.bytes.len();
        unseen.strike(pass);
        let odd = guessed.look(pass);
        chunk.seen.push(Seen { user, step, odd });
    }
    Ok(true)
}
