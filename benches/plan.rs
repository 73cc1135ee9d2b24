//! A plan for 1,000,000 users against a baseline of 1,000,000 users of whom 1 % changed, by the command
//! line: its time and peak memory, beside a plain read of the same file and a read by `csv` alone.
//!
//! `cargo bench --bench plan`; `ENTRABULK_BENCH_ROWS` makes it smaller. The memory is asserted, never a
//! time.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(missing_docs)]

use std::fs::File;
use std::io::{BufWriter, Read};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use entrabulk::client::Client;
use entrabulk::clock::{Clock, TokioClock};
use entrabulk::config::PlanArguments;
use entrabulk::plan;
use entrabulk::store::{NewBatch, NewRun, RunState, Store};
use serde_json::{Value, json};

const SAMPLE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/csv2scim-1000-records.csv");
const MAPPING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/mapping-csv2scim.json");
const ROUNDS: usize = 3;
/// The most memory a plan for 1,000,000 users may take, in KiB.
const MEMORY: u64 = 256 * 1024;
/// Items of one batch of the baseline: the store does not mind, and the disk is spared.
const BATCH: u64 = 50_000;

fn main() {
    let rows: usize =
        std::env::var("ENTRABULK_BENCH_ROWS").map_or(1_000_000, |rows| rows.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let (csv, state) = (folder.path().join("workers.csv"), folder.path().join("state.db"));
    write_workers(&csv, rows, false);
    settle(&csv, &state);
    write_workers(&csv, rows, true);

    let (mut plain, mut parsed, mut planned) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        plain.push(timed(|| read_plainly(&csv)));
        parsed.push(timed(|| read_records(&csv)));
        planned.push(timed(|| plan_by_command_line(&csv, &state, rows)));
    }
    let peak = children_peak();
    let (plain, parsed, planned) = (median(plain), median(parsed), median(planned));
    let size = std::fs::metadata(&csv).unwrap().len() / (1 << 20);
    println!("{rows} users, {size} MiB, against a baseline of {rows}, 1 % changed");
    println!("plain read          {:>8.3} s", plain.as_secs_f64());
    println!("records by csv      {:>8.3} s", parsed.as_secs_f64());
    println!(
        "entrabulk plan      {:>8.3} s   {:.1} times the records, peak memory {} MiB",
        planned.as_secs_f64(),
        planned.as_secs_f64() / parsed.as_secs_f64(),
        peak / 1024
    );
    assert!(peak < MEMORY, "{peak} KiB");
}

fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// The shipped sample over and over, with ids that differ and managers that exist; perhaps every
/// hundredth with another first name.
fn write_workers(path: &Path, rows: usize, changed: bool) {
    let mut reader = csv::Reader::from_path(SAMPLE).unwrap();
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    let [worker, user, manager, first] = ["WorkerID", "UserID", "ManagerID", "FirstName"].map(at);
    let sample: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let mut writer = csv::Writer::from_writer(BufWriter::new(File::create(path).unwrap()));
    writer.write_record(&header).unwrap();
    for row in 0..rows {
        let id = format!("{:07}", row + 1);
        let boss = format!("{:07}", row / 10 + 1);
        let name = format!("EMP{id}");
        let record =
            sample[row % sample.len()].iter().enumerate().map(|(column, cell)| match column {
                _ if column == worker => id.as_str(),
                _ if column == user => name.as_str(),
                _ if column == manager => boss.as_str(),
                _ if column == first && changed && row % 100 == 7 => "Renamed",
                _ => cell,
            });
        writer.write_record(record).unwrap();
    }
    writer.flush().unwrap();
}

fn config(state: &Path) -> Value {
    json!({
        "version": 1, "tenantId": "t", "servicePrincipalId": "s", "jobId": "j",
        "state": {"path": state}
    })
}

/// Makes the file the baseline, as if the service had accepted all of it.
fn settle(csv: &Path, state: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _guard = runtime.enter();
    let client = Client::new(config(state).to_string().as_bytes()).unwrap();
    let store: Arc<dyn Store> = client.store().unwrap();
    let arguments = json!({
        "version": 1, "conversion": {"source": {"path": csv}, "mappingPath": MAPPING}
    });
    let arguments = PlanArguments::parse(arguments.to_string().as_bytes()).unwrap();
    let desk = client.desk(&*store).unwrap();
    let began = Instant::now();
    let (plan, _) = plan::create(&desk, arguments, None, &mut |_, _| Ok(())).unwrap();
    let sent = plan.facts.counts.sent();
    println!("first plan          {:>8.3} s   {sent} users to add", began.elapsed().as_secs_f64());
    let now = TokioClock::new().now();
    store.start_run(&NewRun { id: "r", plan: &plan.id, tripped: false }, now).unwrap();
    for (number, first) in (1..).zip((0..sent).step_by(BATCH as usize)) {
        let ordinals = first..sent.min(first + BATCH);
        let batch = NewBatch { number, ordinals, body_hash: 0, client_request_id: "c" };
        store.intend("r", &batch, now).unwrap();
        store.mark_sent("r", number, "c", now).unwrap();
        store.accept("r", number, 0, "q", now).unwrap();
    }
    store.set_run_state("r", RunState::Finished, None, now).unwrap();
}

fn read_plainly(csv: &Path) {
    let mut file = File::open(csv).unwrap();
    let mut buffer = vec![0; 1 << 16];
    let mut sum = 0_u64;
    loop {
        let count = file.read(&mut buffer).unwrap();
        if count == 0 {
            break;
        }
        sum += buffer[..count].iter().map(|byte| u64::from(*byte)).sum::<u64>();
    }
    assert!(std::hint::black_box(sum) > 0);
}

fn read_records(csv: &Path) {
    let mut reader = csv::Reader::from_path(csv).unwrap();
    let mut record = csv::StringRecord::new();
    let mut cells = 0;
    while reader.read_record(&mut record).unwrap() {
        cells += record.len();
    }
    assert!(std::hint::black_box(cells) > 0);
}

fn plan_by_command_line(csv: &Path, state: &Path, rows: usize) {
    let config_path = state.with_extension("json");
    std::fs::write(&config_path, config(state).to_string()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_entrabulk"))
        .args(["--json", "plan", "--mapping", MAPPING, "--config"])
        .args([&config_path, csv])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(plan["counts"]["update"].as_u64(), Some(rows as u64 / 100));
}

#[cfg(target_os = "linux")]
fn children_peak() -> u64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    #[allow(unsafe_code)]
    // SAFETY: getrusage fills the struct it is given, which lives on this stack.
    let usage = unsafe {
        assert_eq!(libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr()), 0);
        usage.assume_init()
    };
    usage.ru_maxrss.try_into().unwrap()
}

#[cfg(not(target_os = "linux"))]
fn children_peak() -> u64 {
    0
}
