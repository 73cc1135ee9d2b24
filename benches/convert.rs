//! Users per second and core from CSV bytes to request bodies, for the reference mapping (22 leaves),
//! beside the way one would write it first: `csv` and `serde_json::Value`. And peak memory of a
//! conversion of 1,000,000 rows by the command line.
//!
//! `cargo bench --bench convert`. Both take turns in one process on one thread; what counts is the CPU
//! time the kernel saw (user and system), so that a busy machine slows neither. Medians are compared;
//! the ratio is asserted, never a time.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(missing_docs)]

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use entrabulk::run::Builder;
use serde_json::{Value, json};

const SAMPLE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/csv2scim-1000-records.csv");
const MAPPING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/mapping-csv2scim.json");
const ROUNDS: usize = 5;
/// The speed the issue asks for, as a multiple of the first way to write it.
const WANTED: f64 = 4.0;
/// The most memory 1,000,000 rows may take, in KiB.
const MEMORY: u64 = 64 * 1024;

fn main() {
    let rows: usize =
        std::env::var("ENTRABULK_BENCH_ROWS").map_or(200_000, |rows| rows.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("workers.csv");
    write_workers(&csv, rows);

    let (mut ours, mut checked, mut naive) = (Vec::new(), Vec::new(), Vec::new());
    let mut sizes = (0, 0);
    for _ in 0..ROUNDS {
        let (whole, second, size) = entrabulk_way(&csv);
        ours.push(second);
        checked.push(whole);
        sizes.0 = size;
        let began = cpu_time();
        sizes.1 = first_way(&csv);
        naive.push(cpu_time() - began);
    }
    let (ours, checked, naive) = (median(ours), median(checked), median(naive));
    let rate = |time: Duration| rows as f64 / time.as_secs_f64();
    println!("{rows} users, 22 leaves, {} bytes of bodies (first way: {})", sizes.0, sizes.1);
    println!("csv + serde_json::Value        {:>9.0} users/s  1.0x", rate(naive));
    let ratio = rate(ours) / rate(naive);
    println!("entrabulk, records to bodies   {:>9.0} users/s  {ratio:.1}x", rate(ours));
    let whole = rate(checked) / rate(naive);
    println!("entrabulk, with the check pass {:>9.0} users/s  {whole:.1}x", rate(checked));
    assert!(ratio >= WANTED, "records to bodies: {ratio:.1}x, wanted {WANTED}x");

    write_workers(&csv, 1_000_000);
    let peak = peak_memory(&csv);
    println!("1,000,000 rows by `entrabulk convert`: peak memory {} MiB", peak / 1024);
    assert!(peak < MEMORY, "{peak} KiB");
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// The shipped sample over and over, with ids that differ and managers that exist.
fn write_workers(path: &Path, rows: usize) {
    let mut reader = csv::Reader::from_path(SAMPLE).unwrap();
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    let (worker, user, manager) = (at("WorkerID"), at("UserID"), at("ManagerID"));
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
                _ => cell,
            });
        writer.write_record(record).unwrap();
    }
    writer.flush().unwrap();
}

/// The whole conversion and, of it, the pass from records to bodies.
fn entrabulk_way(csv: &Path) -> (Duration, Duration, usize) {
    let conversion = json!({"version": 1, "source": {"path": csv}, "mappingPath": MAPPING});
    let began = cpu_time();
    let mut builder = Builder::new(conversion.to_string().as_bytes()).unwrap();
    builder.finish().unwrap();
    let second = cpu_time();
    let mut size = 0;
    while let Some(body) = builder.next_body().unwrap() {
        size += body.len();
    }
    let ended = cpu_time();
    (ended - began, ended - second, size)
}

/// The rival: a record to a `Value`, fifty of them to a body. The same leaves, the same rules for
/// empty cells, no checks.
fn first_way(path: &Path) -> usize {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    let columns: Vec<usize> = [
        "WorkerID",
        "UserID",
        "FullName",
        "WorkerType",
        "JobTitle",
        "FirstName",
        "LastName",
        "WorkerStatus",
        "StreetAddress",
        "City",
        "ZipCode",
        "CountryCode",
        "OfficePhone",
        "CostCenter",
        "Company",
        "Division",
        "Department",
        "ManagerID",
    ]
    .map(at)
    .to_vec();
    let mut operations = Vec::with_capacity(50);
    let mut size = 0;
    for record in reader.records() {
        let record = record.unwrap();
        let cell = |index: usize| record[columns[index]].to_owned();
        let mut user = json!({
            "schemas": [
                "urn:ietf:params:scim:schemas:core:2.0:User",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
            ],
            "externalId": cell(0), "userName": cell(1), "nickName": cell(1),
            "displayName": cell(2), "userType": cell(3), "title": cell(4),
            "name": {"givenName": cell(5), "familyName": cell(6)},
            "active": &record[columns[7]] == "Active",
            "addresses": [{"type": "work", "streetAddress": cell(8), "locality": cell(9),
                           "postalCode": cell(10), "country": cell(11)}],
            "phoneNumbers": [{"type": "work", "value": cell(12)}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                "employeeNumber": cell(0), "costCenter": cell(13), "organization": cell(14),
                "division": cell(15), "department": cell(16), "manager": {"value": cell(17)}
            }
        });
        omit_empty(&mut user);
        operations
            .push(json!({"method": "POST", "path": "/Users", "bulkId": cell(0), "data": user}));
        if operations.len() == 50 {
            size += body(&mut operations).len();
        }
    }
    if !operations.is_empty() {
        size += body(&mut operations).len();
    }
    size
}

fn omit_empty(value: &mut Value) {
    if let Value::Object(object) = value {
        object.values_mut().for_each(omit_empty);
        object.retain(|_, value| value != "");
    } else if let Value::Array(array) = value {
        array.iter_mut().for_each(omit_empty);
    }
}

fn body(operations: &mut Vec<Value>) -> String {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": std::mem::take(operations),
        "failOnErrors": null
    })
    .to_string()
}

/// Peak resident memory of a conversion by the command line, in KiB, as the kernel counts it. The one
/// child of this process so far is that conversion.
fn peak_memory(csv: &Path) -> u64 {
    let log = csv.with_extension("log");
    let status = Command::new(env!("CARGO_BIN_EXE_entrabulk"))
        .args(["convert", "--mapping", MAPPING])
        .arg(csv)
        .stdout(Stdio::null())
        .stderr(File::create(&log).unwrap())
        .status()
        .unwrap();
    assert!(status.success(), "{}", std::fs::read_to_string(log).unwrap());
    usage(libc::RUSAGE_CHILDREN).ru_maxrss.try_into().unwrap()
}

/// CPU time of this process so far.
fn cpu_time() -> Duration {
    let used = usage(libc::RUSAGE_SELF);
    let time = |part: libc::timeval| {
        Duration::new(part.tv_sec.try_into().unwrap(), u32::try_from(part.tv_usec).unwrap() * 1_000)
    };
    time(used.ru_utime) + time(used.ru_stime)
}

#[allow(unsafe_code, reason = "no safe call gives a process's own usage")]
fn usage(of: libc::c_int) -> libc::rusage {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: getrusage fills the struct it is given, which lives on this stack.
    unsafe {
        assert_eq!(libc::getrusage(of, usage.as_mut_ptr()), 0);
        usage.assume_init()
    }
}
