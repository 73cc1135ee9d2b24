//! A plan that changes everyone, disturbed in the midst of it, and what must hold in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::{Mutex, OnceLock};
use std::thread;

use entrabulk::simulator::{Endpoint, LatencySettings, Settings};
use entrabulk::store::{BatchState, Journal};

use super::site::Site;
use crate::support::program::{summary, told};
use crate::support::state::State;
use crate::support::users::User;

/// What the tenant holds of every user.
pub(crate) type Directory = BTreeMap<String, String>;

/// A population, and how an undisturbed run changes it.
pub(crate) struct Play {
    pub(crate) in_flight: usize,
    /// How many users each level of managers has, the lowest first.
    levels: &'static [usize],
    pub(crate) before: Directory,
    pub(crate) after: Directory,
    pub(crate) bodies: BTreeSet<String>,
    /// The most calls that were under way at once.
    pub(crate) busiest: usize,
}

/// A site where the plan is made and nothing of it is done.
pub(crate) struct Scene<'p> {
    play: &'p Play,
    pub(crate) site: Site,
    pub(crate) plan: String,
    /// The calls that were made before.
    past: usize,
}

impl Play {
    /// Runs the plan undisturbed.
    fn rehearsed(in_flight: usize, levels: &'static [usize]) -> Play {
        let (before, after) = (Directory::new(), Directory::new());
        let bodies = BTreeSet::new();
        let mut play = Play { in_flight, levels, before, after, bodies, busiest: 0 };
        let scene = play.scene();
        let before = scene.site.directory();
        let output = scene.apply().output().expect("it runs");
        assert_eq!(summary(&output)["accepted"], before.len(), "{}", told(&output));
        let (after, bodies) = (scene.site.directory(), scene.bodies().into_iter().collect());
        let busiest = busiest(&scene);
        drop(scene);
        (play.before, play.after, play.bodies, play.busiest) = (before, after, bodies, busiest);
        play
    }

    /// 13 users in three batches, one call at a time.
    pub(crate) fn narrow() -> &'static Play {
        static NARROW: OnceLock<Play> = OnceLock::new();
        NARROW.get_or_init(|| Play::rehearsed(1, &[11, 1, 1]))
    }

    /// 60 users in twelve batches; those of a level may all be under way at once.
    pub(crate) fn wide() -> &'static Play {
        static WIDE: OnceLock<Play> = OnceLock::new();
        let play = WIDE.get_or_init(|| Play::rehearsed(16, &[35, 20, 5]));
        assert_eq!(play.bodies.len(), 12);
        assert!(play.busiest > 2, "{} calls under way at once", play.busiest);
        play
    }

    /// Everyone, reports before their managers, so that the order matters.
    pub(crate) fn users(&self, title: &str) -> Vec<User> {
        let mut users = Vec::new();
        let mut managers = 0;
        for (level, size) in self.levels.iter().enumerate() {
            managers += size;
            let above = self.levels.get(level + 1);
            let manager = |at: usize| above.map(|above| managers + at % above);
            let user = |at| User::new(managers - size + at).title(title).under(manager(at));
            users.extend((0..*size).map(user));
        }
        users
    }

    pub(crate) fn scene(&self) -> Scene<'_> {
        // So long that calls which may overlap do.
        let latency = LatencySettings { before_ms: 2_000, after_ms: 2_000, jitter_ms: 1_000 };
        let site = Site::new(Settings { latency, ..Settings::default() }, 100, |config| {
            config["limits"]["inFlight"] = self.in_flight.into();
        });
        site.upload(&site.users("users.json", self.users("Clerk")));
        let plan = site.plan(&site.users("users.json", self.users("Chief")));
        let past = site.uploads().len();
        Scene { play: self, site, plan, past }
    }
}

impl Scene<'_> {
    pub(crate) fn apply(&self) -> Command {
        self.site.command(&["apply", &self.plan])
    }

    /// Whether the tenant holds of somebody what the plan makes of them.
    pub(crate) fn is_new(&self, id: &str, hash: &str) -> bool {
        self.play.after.get(id).is_some_and(|new| new == hash)
    }

    /// The bodies of all calls since the plan was made.
    pub(crate) fn bodies(&self) -> Vec<String> {
        self.site.uploads().split_off(self.past)
    }

    /// The bodies that the state, as it lies on the disk, knows the answers to.
    pub(crate) fn settled(&self) -> BTreeSet<String> {
        let copy = State::new();
        for name in ["state.db", "state.db-wal"] {
            let _ = std::fs::copy(self.site.path(name), copy.path(name));
        }
        let store = copy.open(None);
        let runs = store.runs(None, usize::MAX).expect("runs");
        let batches = runs.iter().flat_map(|run| store.batches(&run.id).expect("batches"));
        let settled = |batch: &entrabulk::store::Batch| {
            matches!(batch.state, BatchState::Accepted | BatchState::Refused)
        };
        batches.filter(settled).map(|batch| format!("{:032x}", batch.body_hash)).collect()
    }

    /// Goes on with what was disturbed and compares the end with that of an undisturbed run. `refused`:
    /// some batch was. Gives how many calls were repeated.
    pub(crate) fn goes_on(&self, refused: bool, case: &str) -> usize {
        let (site, first, settled) = (&self.site, self.bodies(), self.settled());
        let resumed = site.run(&["resume", "--wait"]);
        let code = if refused { 11 } else { 0 };
        assert_eq!(resumed.status.code(), Some(code), "{case}: {}", told(&resumed));
        if !refused && site.directory() != self.play.after {
            // The run had not begun, or its beginning was torn away.
            let again = site.run(&["apply", &self.plan, "--wait"]);
            assert!(again.status.success(), "{case}: {}", told(&again));
        }
        let rest = self.bodies().split_off(first.len());
        for body in &rest {
            assert!(!settled.contains(body), "{case}: an answered call was repeated");
        }
        let repeats = rest.iter().filter(|body| first.contains(body)).count();
        if refused {
            let plan = site.plan(&site.path("users.json"));
            let output = site.run(&["apply", &plan, "--wait"]);
            assert!(output.status.success(), "{case}: {}", told(&output));
        }
        self.ends_well(case);
        repeats
    }

    /// Nobody lost, nobody changed back, nothing sent that an undisturbed run does not send, nothing
    /// left to do.
    pub(crate) fn ends_well(&self, case: &str) {
        let Play { before, after, bodies, .. } = self.play;
        assert_eq!(&self.site.directory(), after, "{case}: the tenant differs");
        let sent: BTreeSet<String> = self.bodies().into_iter().collect();
        assert_eq!(&sent, bodies, "{case}: a repeat differs from its first try");
        self.site.nobody_went_back(&[before, after], case);
        let nothing = self.site.run(&["resume"]);
        assert_eq!(summary(&nothing)["calls"], 0, "{case}: {}", told(&nothing));
        let nothing = self.site.run_file(&["plan"], &self.site.path("users.json"));
        assert_eq!(nothing.status.code(), Some(0), "{case}: {}", told(&nothing));
    }
}

fn busiest(scene: &Scene<'_>) -> usize {
    let mut calls = scene.site.tenant().calls();
    calls.retain(|call| call.endpoint == Endpoint::BulkUpload);
    let under_way = |call: &entrabulk::simulator::Call| {
        let there = |other: &&entrabulk::simulator::Call| {
            other.arrived <= call.arrived && other.departed > Some(call.arrived)
        };
        calls.iter().filter(there).count()
    };
    calls.iter().map(under_way).max().unwrap_or(0)
}

/// Plays every case, a few at once.
pub(crate) fn each<T: Send>(cases: Vec<T>, play: impl Fn(T) + Sync) {
    let left = Mutex::new(cases.into_iter());
    let next = || left.lock().expect("no panic").next();
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while let Some(case) = next() {
                    play(case);
                }
            });
        }
    });
}
