//! A plan for 1,000,000 users against a baseline of 1,000,000 users of whom 1 % changed, by the command
//! line: its time and peak memory, beside a plain read of the same file and a read by `csv` alone.
//!
//! `cargo bench --bench plan`; `ENTRABULK_BENCH_ROWS` makes it smaller. Times are medians; CPU time, of
//! all threads, says more where others use the machine. The memory is asserted, never a time.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(missing_docs)]

use std::fs::File;
use std::io::{BufWriter, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use entrabulk::client::Client;
use entrabulk::plan;
use entrabulk::plan::PlanArguments;
use entrabulk::store::{NewBatch, NewRun, RunState};
use entrabulk::time::{Clock, TokioClock};
use serde_json::{Value, json};

const SAMPLE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/csv2scim-1000-records.csv");
const MAPPING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/mapping-csv2scim.json");
/// As its first argument, what this program is to do with a file and a state.
const SETTLE: &str = "settle";
const ROUNDS: usize = 5;
/// The most memory a plan for 1,000,000 users may take, in KiB.
const MEMORY: u64 = 256 * 1024;
/// Items of one batch of the baseline: the store does not mind, and the disk is spared.
const BATCH: u64 = 50_000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, what, csv, state] = &arguments[..]
        && what == SETTLE
    {
        return settle(Path::new(csv), Path::new(state));
    }
    let rows: usize =
        std::env::var("ENTRABULK_BENCH_ROWS").map_or(1_000_000, |rows| rows.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let (csv, state) = (folder.path().join("workers.csv"), folder.path().join("state.db"));
    write_workers(&csv, rows, false);
    // In another process: a child begins with its parent's peak memory.
    let mut settling = Command::new(&arguments[0]);
    assert!(settling.arg(SETTLE).args([&csv, &state]).status().unwrap().success());
    write_workers(&csv, rows, true);

    let (mut plain, mut parsed, mut planned) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        plain.push(Cost::of(|| read_plainly(&csv)));
        parsed.push(Cost::of(|| read_records(&csv)));
        planned.push(plan_by_command_line(&csv, &state, rows));
    }
    let size = std::fs::metadata(&csv).unwrap().len() / (1 << 20);
    println!("{rows} users, {size} MiB, against a baseline of {rows}, 1 % changed");
    let (plain, parsed, planned) = (median(plain), median(parsed), median(planned));
    for (what, cost) in
        [("plain read", &plain), ("records by csv", &parsed), ("entrabulk plan", &planned)]
    {
        println!("{what:<18}{:>8.3} s  {:>8.3} s of CPU", cost.wall, cost.cpu);
    }
    println!(
        "the plan took {:.1} times the records, {:.1} times their CPU; peak memory {} MiB",
        planned.wall / parsed.wall,
        planned.cpu / parsed.cpu,
        planned.peak / 1024
    );
    assert!(planned.peak < MEMORY, "{} KiB", planned.peak);
}

/// What something took, in seconds and KiB.
struct Cost {
    wall: f64,
    cpu: f64,
    peak: u64,
}

impl Cost {
    fn of(work: impl FnOnce()) -> Cost {
        let (began, before) = (Instant::now(), own_usage());
        work();
        let after = own_usage();
        let cpu = cpu_seconds(&after) - cpu_seconds(&before);
        Cost { wall: began.elapsed().as_secs_f64(), cpu, peak: 0 }
    }
}

/// The median of each.
fn median(costs: Vec<Cost>) -> Cost {
    let middle = |figure: fn(&Cost) -> f64| {
        let mut figures: Vec<f64> = costs.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    let peak = costs.iter().map(|cost| cost.peak).max().unwrap();
    Cost { wall: middle(|cost| cost.wall), cpu: middle(|cost| cost.cpu), peak }
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
    let workspace = client.kept().unwrap();
    let store = &workspace.store;
    let arguments = json!({
        "version": 1, "conversion": {"source": {"path": csv}, "mappingPath": MAPPING}
    });
    let arguments = PlanArguments::parse(arguments.to_string().as_bytes()).unwrap();
    let desk = workspace.desk(&client);
    let began = Instant::now();
    let source = plan::open(desk.batch, &arguments, None).unwrap();
    let plan = plan::create(&desk, arguments, source, &mut |_, _| Ok(())).unwrap().plan;
    let sent = plan.facts.counts.sent();
    println!("first plan          {:>8.3} s   {sent} users to add", began.elapsed().as_secs_f64());
    let now = TokioClock::new().now();
    store
        .start_run(
            &NewRun { id: "r", plan: &plan.id, tripped: &plan.facts.tripped, holder: None },
            now,
        )
        .unwrap();
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

#[allow(clippy::zombie_processes, reason = "`wait` waits for it, and takes its usage")]
fn plan_by_command_line(csv: &Path, state: &Path, rows: usize) -> Cost {
    let config_path = state.with_extension("json");
    std::fs::write(&config_path, config(state).to_string()).unwrap();
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_entrabulk"))
        .args(["--json", "plan", "--mapping", MAPPING, "--config"])
        .args([&config_path, csv])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let plan: Value = serde_json::from_reader(child.stdout.take().unwrap()).unwrap();
    let (code, usage) = wait(child.id());
    let wall = began.elapsed().as_secs_f64();
    assert_eq!(code, 2);
    assert_eq!(plan["counts"]["update"].as_u64(), Some(rows as u64 / 100));
    Cost { wall, cpu: cpu_seconds(&usage), peak: usage.ru_maxrss.try_into().unwrap() }
}

fn cpu_seconds(usage: &libc::rusage) -> f64 {
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

fn own_usage() -> libc::rusage {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    #[allow(unsafe_code)]
    // SAFETY: getrusage fills the struct it is given, which lives on this stack.
    unsafe {
        assert_eq!(libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()), 0);
        usage.assume_init()
    }
}

/// Waits for a child: its exit code, and what it used.
fn wait(child: u32) -> (i32, libc::rusage) {
    let child = libc::pid_t::try_from(child).unwrap();
    let (mut status, mut usage) = (0, std::mem::MaybeUninit::<libc::rusage>::zeroed());
    #[allow(unsafe_code)]
    // SAFETY: wait4 fills what it is given, which lives on this stack; nobody else waits for the child.
    let usage = unsafe {
        assert_eq!(libc::wait4(child, &mut status, 0, usage.as_mut_ptr()), child);
        usage.assume_init()
    };
    (libc::WEXITSTATUS(status), usage)
}
