use super::*;
use crate::graph::transport::answer;

fn refused(status: u16, headers: &[(&str, &str)], message: &str) -> Failure {
    let body = format!(r#"{{"error":{{"code":"Code","message":"{message}"}}}}"#);
    let refusal = Refusal::read(&answer(status, headers, &body), Timestamp(0));
    Failure::refused(&refusal, refusal.describe())
}

fn repeat(cause: Cause, asked: u64) -> Judgement {
    Judgement::Repeat { cause, asked: Duration::from_secs(asked) }
}

#[test]
fn an_error_is_read_whatever_the_case_of_its_members() {
    for name in ["innerError", "innererror"] {
        let body =
            format!(r#"{{"error":{{"code":"c","message":"m","{name}":{{"request-id":"r"}}}}}}"#);
        let refusal = Refusal::read(&answer(400, &[], &body), Timestamp(0));
        assert_eq!(refusal.code.as_deref(), Some("c"));
        assert_eq!((refusal.message.as_str(), refusal.request_id.as_deref()), ("m", Some("r")));
        let refusal = Refusal::read(&answer(400, &[("request-id", "h")], &body), Timestamp(0));
        assert_eq!(refusal.request_id.as_deref(), Some("h"), "the header is nearer to the call");
    }
}

#[test]
fn an_answer_that_is_no_json_is_still_an_answer() {
    for body in ["", "<html>", "[]", "{\"error\":7}", "null", "\u{0}"] {
        let refusal = Refusal::read(&answer(502, &[], body), Timestamp(0));
        assert_eq!((refusal.status, refusal.message.as_str()), (502, ""));
    }
}

#[test]
fn long_words_of_the_service_are_cut() {
    let refusal = refused(500, &[], &"ü".repeat(2_000));
    assert!(refusal.error.message.contains(&"ü".repeat(500)));
    assert!(!refusal.error.message.contains(&"ü".repeat(501)));
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    // RFC 9110's own example date is 1994-11-06T08:49:37Z.
    let now = Timestamp(784_111_770_000_000);
    assert_eq!(retry_after(" 17 ", now), Some(Duration::from_secs(17)));
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    assert_eq!(retry_after(date, now), Some(Duration::from_secs(7)));
    assert_eq!(retry_after(date, now.after(Duration::from_secs(60))), Some(Duration::ZERO));
    assert_eq!(retry_after("soon", now), None);
}

#[test]
fn only_a_server_error_that_says_so_is_a_full_bucket() {
    let full = "The Bucket that stores the ingested data is FULL.";
    let failure = refused(500, &[("retry-after", "2")], full);
    assert_eq!(failure.judgement, repeat(Cause::BucketFull, 2));
    assert_eq!(refused(400, &[], "bucket full").judgement, Judgement::Refuse);
    assert_eq!(refused(500, &[], "the disk is full").judgement, repeat(Cause::Failed, 0));
}

#[test]
fn each_status_has_one_judgement() {
    let mut judged = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    for status in (100..600).filter(|status| *status != 202) {
        judged[match refused(status, &[], "m").judgement {
            Judgement::Renew => 0,
            Judgement::Refuse => 1,
            Judgement::Repeat { cause: Cause::PauseAsked, .. } => 2,
            Judgement::Repeat { .. } => 3,
            Judgement::Stop => continue,
        }]
        .push(status);
    }
    let failing: Vec<u16> = [408].into_iter().chain(500..600).collect();
    assert_eq!(judged, [vec![401], vec![400, 413, 415, 422], vec![429], failing]);
}

#[test]
fn a_pause_is_asked_for_by_429_and_by_503_with_a_time() {
    let asked = |status, headers: &[_]| refused(status, headers, "m").judgement;
    for status in [429, 503] {
        assert_eq!(asked(status, &[("retry-after", "7")]), repeat(Cause::PauseAsked, 7));
    }
    assert_eq!(asked(429, &[]), repeat(Cause::PauseAsked, 0));
    assert_eq!(asked(503, &[]), repeat(Cause::Failed, 0));
    assert_eq!(asked(500, &[("retry-after", "7")]), repeat(Cause::Failed, 0));
}

#[test]
fn an_error_carries_what_the_service_said_of_it() {
    let error = refused(429, &[("request-id", "r"), ("retry-after", "7")], "m").error;
    assert_eq!((error.http_status, error.retry_after_ms), (Some(429), Some(7_000)));
    assert_eq!(error.service_code.as_deref(), Some("Code"));
    assert_eq!(error.request_id.as_deref(), Some("r"));
}

#[test]
fn only_what_may_have_arrived_is_in_doubt() {
    for (fault, reach) in [
        (TransportFault::NotSent, Reach::Nobody),
        (TransportFault::Tls, Reach::Nobody),
        (TransportFault::Timeout, Reach::NoAnswer),
        (TransportFault::Reset, Reach::Unknown),
        (TransportFault::Cut, Reach::Unknown),
    ] {
        let error = TransportError { fault, detail: String::new() };
        let failure = Failure::unanswered(&error, "host");
        assert_eq!(failure.reach, reach);
        assert_eq!(reach.leaves_doubt(), reach.was_sent());
        let passes = fault != TransportFault::Tls;
        assert_eq!(failure.judgement != Judgement::Stop, passes, "{fault:?}");
    }
    for status in 100..600 {
        let reach = refused(status, &[], "m").reach;
        assert!(reach.was_sent());
        assert_eq!(reach.leaves_doubt(), [502, 504].contains(&status), "{status}");
    }
}

#[test]
fn a_refused_sign_in_is_no_refused_call() {
    let failed = refused(503, &[], "m").before_the_call();
    assert_eq!((failed.judgement, failed.reach), (repeat(Cause::Failed, 0), Reach::Nobody));
    for status in [400, 401, 403, 504] {
        let failed = refused(status, &[], "m").before_the_call();
        assert_eq!(failed.reach, Reach::Nobody);
        assert_eq!(failed.judgement == Judgement::Stop, status < 500, "{status}");
    }
}
