//! Managers reach the service before their reports, however many calls are under way.

use entrabulk::simulator::{Fault, FaultRule, LatencySettings, Settings};
use entrabulk::time::Timestamp;
use proptest::prelude::*;

use crate::support::cases;
use crate::support::tenant::{Bench, adds_up, virtually};
use crate::support::users::{User, id};

/// Forests of 60 to 150 users: each one's manager stands further down in the file, so that the order of
/// the file is the wrong one.
fn forests() -> impl Strategy<Value = Vec<Option<usize>>> {
    (60..150_usize).prop_flat_map(|users| {
        let manager = move |number: usize| match number + 1 {
            next if next == users => Just(None).boxed(),
            next => prop::option::weighted(0.8, next..users).boxed(),
        };
        (0..users).map(manager).collect::<Vec<_>>()
    })
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn nobody_arrives_before_their_manager(managers in forests(), seed: u64) {
        virtually(async {
            let latency = LatencySettings { before_ms: 50, after_ms: 50, jitter_ms: 2_000 };
            let kept = Bench::kept(Settings { latency, ..Settings::default() }, seed, |config| {
                config["limits"]["inFlight"] = 16.into();
            });
            let fault = Fault::Status500;
            let (count, probability) = (Some(10), 0.3);
            let rule = FaultRule { fault, count, probability, ..FaultRule::default() };
            kept.tenant.add_faults([rule]);
            let users = managers.iter().enumerate();
            let users = users.map(|(number, manager)| User::new(number).under(*manager));
            let summary = kept.run(&kept.arguments(users)).await;
            adds_up(&summary);
            assert_eq!(summary.accepted, managers.len() as u64, "{summary:?}");
            let staged = kept.tenant.staged();
            let first = |number: usize| -> Timestamp {
                staged[&id(number)].first.expect("a moment")
            };
            for (number, manager) in managers.iter().enumerate() {
                let Some(manager) = *manager else { continue };
                assert!(first(manager) <= first(number), "E{number} came before E{manager}");
            }
        });
    }
}
