//! One tenant, by its id or by one of its domains: one target, one baseline, one quota.

use entrabulk::simulator::{Endpoint, Settings};
use serde_json::{Value, json};

use crate::support::tenant::{Bench, virtually};
use crate::support::users::User;

const ID: &str = "7e7a0000-5afe-4000-8000-00000000c0de";

/// Uploads the same ten people, by each of these names in turn; gives the bench.
async fn by_each(job: &str, names: &[&str]) -> Bench {
    let settings = Settings { job_id: job.into(), ..Settings::default() };
    let mut bench = Bench::kept(settings, 3, |_| ());
    for (at, name) in names.iter().enumerate() {
        bench = bench.calling(name, at as u64);
        let summary = bench.run(&bench.arguments((0..10).map(User::new))).await;
        let sent = if at == 0 { (10, 0) } else { (0, 10) };
        assert_eq!((summary.accepted, summary.unchanged), sent, "by {name}: {summary:?}");
    }
    bench
}

fn uploads(bench: &Bench) -> usize {
    bench.tenant.calls().iter().filter(|call| call.endpoint == Endpoint::BulkUpload).count()
}

fn used(bench: &Bench) -> Value {
    bench.call("quota", &json!({}))["used"].clone()
}

#[test]
fn an_id_in_the_jobs_id_is_known_without_asking() {
    let job = Settings::default().job_id;
    for names in
        [[ID, "contoso.com"], ["contoso.onmicrosoft.com", ID], ["contoso.com", "CONTOSO.com"]]
    {
        virtually(async {
            let bench = by_each(&job, &names).await;
            assert_eq!((uploads(&bench), used(&bench)), (1, 1.into()), "{names:?}");
        });
    }
}

#[test]
fn a_domain_is_asked_for_once_where_nothing_says_the_id_and_is_remembered() {
    virtually(async {
        // The claim of the token says it; a first guess of the job's id would be another tenant's.
        let bench = by_each("API2AAD.x.y", &["contoso.com", ID]).await;
        assert_eq!((uploads(&bench), used(&bench)), (1, 1.into()));
        let wrong = "API2AAD.00000000000000000000000000000001.9d0b0000-5afe-4000-8000-00000000c0de";
        let bench = by_each(wrong, &["contoso.com", ID, "contoso.com"]).await;
        assert_eq!((uploads(&bench), used(&bench)), (1, 1.into()));
        let asked =
            bench.tenant.calls().iter().filter(|call| call.endpoint == Endpoint::Other).count();
        assert_eq!(asked, 1, "the name was asked for again");
    });
}

#[test]
fn a_login_host_that_does_not_answer_stops_nobody() {
    virtually(async {
        let settings = Settings { job_id: "API2AAD.x.y".into(), ..Settings::default() };
        let bench = Bench::kept(settings, 3, |_| ()).calling("contoso.com", 7);
        let fault = json!([{"fault": "status503", "on": "other", "count": 1000}]);
        bench.tenant.add_faults(serde_json::from_value::<Vec<_>>(fault).expect("a fault"));
        let summary = bench.run(&bench.arguments((0..10).map(User::new))).await;
        assert_eq!((summary.exit_code, summary.accepted), (0, 10), "{summary:?}");
    });
}
