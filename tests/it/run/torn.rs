//! The power fails in the midst of a run: the end of the log is not what was written.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use entrabulk::crash::Step;

use super::play::{Play, each};
use crate::support::program::told;

/// A page and what stands before it in the log, and what stands before the first one.
const PAGE: usize = 4096;
const FRAME: usize = 24 + PAGE;
const HEAD: usize = 32;

/// What became of the files.
#[derive(Debug, Clone, Copy)]
enum Tear {
    /// The last so many bytes never reached the disk.
    Cut(usize),
    /// The log has its length, but its last so many bytes are zero.
    Zeroed(usize),
    /// A bit of the last frame is another.
    Flipped,
    /// After the last commit there is something that is no frame.
    Noise,
    /// After the last commit there are frames of an earlier use of the log.
    OldFrames,
    /// A half-written frame follows the last commit.
    HalfFrame,
    /// The log is whole; pages of it were half-way to the file itself.
    HalfCheckpoint,
}

impl Tear {
    /// How many answers may be gone: a write that was never finished is one transaction at the most.
    fn may_lose(self) -> usize {
        match self {
            Tear::Cut(bytes) | Tear::Zeroed(bytes) if bytes > FRAME => usize::MAX,
            Tear::Cut(_) | Tear::Zeroed(_) | Tear::Flipped => 1,
            Tear::Noise | Tear::OldFrames | Tear::HalfFrame | Tear::HalfCheckpoint => 0,
        }
    }

    fn strike(self, file: &Path, log: &Path) {
        let mut bytes = fs::read(log).expect("a log");
        let length = bytes.len();
        assert!(length > HEAD + 9 * FRAME && (length - HEAD).is_multiple_of(FRAME), "{length}");
        match self {
            Tear::Cut(lost) => bytes.truncate(length.saturating_sub(lost)),
            Tear::Zeroed(lost) => bytes[length.saturating_sub(lost)..].fill(0),
            Tear::Flipped => bytes[length - 1234] ^= 1,
            Tear::Noise => bytes.extend_from_slice(&[0x5A; 3 * FRAME + 700]),
            Tear::OldFrames => bytes.extend_from_within(HEAD + 2 * FRAME..HEAD + 6 * FRAME),
            Tear::HalfFrame => bytes.extend_from_within(length - FRAME..length - FRAME / 2),
            Tear::HalfCheckpoint => half_checkpoint(file, &bytes),
        }
        fs::write(log, bytes).expect("written");
    }
}

/// Spoils half of every second page of the file that the log has a newer version of.
fn half_checkpoint(file: &Path, log: &[u8]) {
    let number =
        |frame: &[u8]| frame[..4].iter().fold(0, |number, byte| number << 8 | usize::from(*byte));
    let pages: BTreeSet<usize> = log[HEAD..].chunks(FRAME).map(number).collect();
    let mut bytes = fs::read(file).expect("a file");
    let inside = pages.into_iter().filter(|page| *page > 1 && page * PAGE <= bytes.len());
    let inside: Vec<usize> = inside.step_by(2).collect();
    assert!(inside.len() > 3, "{} pages", inside.len());
    for page in inside {
        bytes[(page - 1) * PAGE..][..PAGE / 2].fill(0x5A);
    }
    fs::write(file, bytes).expect("written");
}

#[test]
fn a_torn_log_costs_repeats_and_nothing_else() {
    let play = Play::wide();
    let tears = [
        Tear::Cut(1),
        Tear::Cut(FRAME),
        Tear::Cut(7 * FRAME + 500),
        Tear::Cut(60 * FRAME),
        Tear::Cut(usize::MAX),
        Tear::Zeroed(PAGE),
        Tear::Zeroed(25 * FRAME + 99),
        Tear::Flipped,
        Tear::Noise,
        Tear::OldFrames,
        Tear::HalfFrame,
        Tear::HalfCheckpoint,
    ];
    let steps =
        [(Step::Accepted, 4), (Step::MarkedSent, 6), (Step::Answered, 9), (Step::CallEnded, 11)];
    let cases: Vec<_> = tears.into_iter().zip(steps.into_iter().cycle()).enumerate().collect();
    each(cases, |(at, (tear, (step, count)))| {
        let case = format!("{tear:?} after {}:{count}", step.name());
        let scene = play.scene();
        let (file, log) = (scene.site.path("state.db"), scene.site.path("state.db-wal"));
        assert!(!log.exists(), "what was written before the run lies in the file itself");
        let mut apply = scene.apply();
        apply.env("ENTRABULK_FAIL_AT", format!("{}:{count}", step.name()));
        let died = apply.output().expect("it runs");
        assert_eq!(died.status.code(), None, "{case}: {}", told(&died));
        let whole = scene.settled();
        tear.strike(&file, &log);
        // The index of the log is not synchronised: after a power failure it holds anything.
        let index = scene.site.path("state.db-shm");
        match at % 3 {
            0 => fs::remove_file(index).expect("removed"),
            1 => fs::write(index, [0x5A; 32 << 10]).expect("written"),
            _ => {}
        }
        let left = scene.settled();
        assert!(left.is_subset(&whole), "{case}: the state knows answers that never came");
        let lost = whole.len() - left.len();
        assert!(lost <= tear.may_lose(), "{case}: {lost} answers are gone");
        if matches!(tear, Tear::Cut(bytes) if bytes > 50 * FRAME) {
            assert!(lost > 2, "{case}: only {lost} answers are gone");
        }
        let repeats = scene.goes_on(false, &case);
        assert!(repeats <= play.in_flight + lost, "{case}: {repeats} calls were repeated");
    });
}
