use super::*;
use crate::client::ClientConfig;
use crate::graph::bulk_upload;
use crate::graph::transport::HttpResponse;
use crate::time::Timestamp;

fn target() -> Target {
    let json = br#"{"version":1,"servicePrincipalId":"sp","jobId":"job"}"#;
    ClientConfig::parse(json).unwrap().target
}

fn answered(status: u16, headers: &[(&str, &str)], message: &str, patience: &Patience) -> Verdict {
    let body = format!(r#"{{"error":{{"code":"Code","message":"{message}"}}}}"#);
    let response = HttpResponse {
        status,
        headers: headers.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect(),
        body: body.into(),
    };
    let refusal = bulk_upload::read(&response, Timestamp(0)).unwrap_err();
    let outcome = Outcome::Answered { refusal, token: Token::new("t".to_owned()) };
    judge(outcome, patience, &target(), &Random::seeded(1))
}

fn after(tries: u32) -> Patience {
    Patience { tries, full: 0 }
}

#[test]
fn what_stops_a_run_says_what_to_do() {
    for (status, kind, advice) in [
        (301, ErrorKind::HostNotAllowed, "cloud"),
        (403, ErrorKind::PermissionMissing, "SynchronizationData-User.Upload"),
        (404, ErrorKind::TargetNotFound, "object id"),
        (200, ErrorKind::ServiceFailed, "request id"),
    ] {
        let Verdict::Stop(error) = answered(status, &[("request-id", "r")], "m", &after(1)) else {
            panic!("{status}")
        };
        assert_eq!(error.kind, kind);
        assert!(error.advice.contains(advice), "{error}");
    }
    for (status, advice) in [(400, "convert"), (413, "limits.bytes"), (415, "convert")] {
        let Verdict::Refuse(error) = answered(status, &[], "why", &after(1)) else {
            panic!("{status}")
        };
        assert_eq!(error.kind, ErrorKind::RequestRefused);
        assert!(error.advice.contains(advice) && error.message.contains("Code: why"), "{error}");
    }
    let Verdict::Renew(error) = answered(401, &[], "m", &after(1)) else { panic!() };
    assert_eq!((error.kind, error.http_status), (ErrorKind::TokenRejected, Some(401)));
}

#[test]
fn the_longer_of_both_pauses_holds_and_holds_for_everyone() {
    for status in [429, 503] {
        for (asked, tries, least, most) in [("7", 1, 7, 7), ("2", 7, 30, 60), ("0", 1, 0, 1)] {
            let verdict = answered(status, &[("retry-after", asked)], "m", &after(tries));
            let Verdict::Repeat { pause, reason, everyone, .. } = verdict else { panic!() };
            assert!(everyone && reason == WaitReason::RetryAfter);
            assert!(pause >= Duration::from_secs(least) && pause <= Duration::from_secs(most));
        }
    }
    for (status, all) in [(429, true), (503, false), (500, false), (504, false), (408, false)] {
        let Verdict::Repeat { everyone, .. } = answered(status, &[], "m", &after(1)) else {
            panic!()
        };
        assert_eq!(everyone, all, "{status}");
    }
}

#[test]
fn a_full_bucket_gets_five_minutes_then_ten() {
    for (full, minutes) in [(0, 5), (1, 10), (2, 10), (90, 10)] {
        let patience = Patience { tries: 1, full };
        let verdict = answered(500, &[], "The bucket is full", &patience);
        let Verdict::Repeat { pause, reason, everyone, error } = verdict else { panic!() };
        assert!(everyone && reason == WaitReason::BucketFull);
        assert_eq!(pause, Duration::from_secs(60 * minutes));
        assert_eq!(error.kind, ErrorKind::BucketFull);
    }
}

#[test]
fn pauses_double_up_to_a_minute_and_are_half_chance() {
    let random = Random::seeded(7);
    for (tries, whole) in [(0, 1), (1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (100, 60)] {
        let pauses: Vec<Duration> = (0..50).map(|_| backoff(tries, &random)).collect();
        let whole = Duration::from_secs(whole);
        assert!(pauses.iter().all(|pause| *pause >= whole / 2 && *pause < whole), "{tries}");
        let spread = *pauses.iter().max().unwrap() - *pauses.iter().min().unwrap();
        assert!(spread > whole / 5, "{spread:?}");
    }
}

#[test]
fn only_what_may_have_arrived_is_in_doubt() {
    let unanswered = |fault| Outcome::Unanswered(TransportError { fault, detail: String::new() });
    for (fault, doubt) in [
        (TransportFault::NotSent, false),
        (TransportFault::Tls, false),
        (TransportFault::Timeout, true),
        (TransportFault::Reset, true),
        (TransportFault::Cut, true),
    ] {
        assert_eq!(unanswered(fault).leaves_doubt(), doubt);
        assert_eq!(unanswered(fault).was_sent(), doubt);
    }
    for (status, doubt) in [(429, false), (500, false), (502, true), (503, false), (504, true)] {
        let refusal = Refusal { status, ..Refusal::default() };
        let outcome = Outcome::Answered { refusal, token: Token::new(String::new()) };
        assert_eq!(outcome.leaves_doubt(), doubt, "{status}");
        assert!(outcome.was_sent());
    }
}
