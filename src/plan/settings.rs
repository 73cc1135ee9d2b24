//! What a plan is to be made from and what must hold: the arguments of `plan.create`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::brakes::{BrakeLimit, BrakeLimits, Windows};
use super::document::MissingPolicy;
use super::judgement::Protected;
use super::sentences;
use crate::convert::Conversion;
use crate::document::{Reader, read_document};
use crate::error::Error;

/// A source that lost this many percent of the rows of the last run is refused.
const DEFAULT_DROP: u64 = 20;
/// By default fewer lost rows than this refuse nothing.
const DEFAULT_DROP_FLOOR: u64 = 10;

/// The conversion to plan, and the settings.
#[derive(Debug, Clone)]
pub struct PlanArguments {
    /// What to read and how to map it.
    pub conversion: Conversion,
    /// What must hold.
    pub settings: PlanSettings,
    /// Where to write a preview as CSV as soon as the plan is made.
    pub preview_path: Option<PathBuf>,
}

/// Validated settings of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanSettings {
    /// What becomes of users that the source no longer holds.
    pub missing: MissingPolicy,
    /// What becomes of inactive users whom the baseline does not know.
    pub unknown_inactive: UnknownInactive,
    /// Whether everybody is sent, changed or not.
    pub full: bool,
    /// What stops a plan.
    pub brakes: BrakeLimits,
    /// What refuses a source.
    pub guards: Guards,
    /// Whom no plan may disable; the canaries are among them.
    pub protected: Protected,
    /// What lets the plan through its brakes.
    pub consent: Consent,
}

/// What becomes of users whom the baseline does not know and who are not said to be active.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UnknownInactive {
    /// They are sent: an account that exists is disabled, another one is created disabled.
    #[default]
    Send,
    /// They are counted and named, and not sent.
    Skip,
}

/// What lets a plan through its brakes in the same step in which it is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Consent {
    /// Nothing.
    #[default]
    None,
    /// An approval of exactly these brakes and numbers.
    Given {
        /// How many users each tripped brake counts in the plan, by the brake's name.
        brakes: BTreeMap<String, u64>,
        /// Why it is right.
        reason: String,
        /// Who says so.
        approver: String,
    },
    /// A rehearsal goes on whatever would have stopped an upload.
    Rehearsal,
}

/// What a source must be like for a plan to be made from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guards {
    /// The fewest rows.
    pub min_rows: u64,
    /// Refused when this many percent of the last run's rows are gone.
    pub max_row_drop_percent: Option<u64>,
    /// Fewer lost rows than this refuse nothing; part of the default alone.
    pub row_drop_floor: u64,
    /// Columns that must be there.
    pub required_columns: Vec<String>,
    /// What the source must be, to the byte.
    pub manifest: Option<Manifest>,
    /// externalIds that must be there as users.
    pub canaries: Vec<String>,
}

/// What whoever exported a source says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manifest {
    /// In the arguments themselves.
    Given {
        /// Its records.
        rows: Option<u64>,
        /// SHA-256 of its bytes, in lower case hexadecimal.
        sha256: Option<String>,
    },
    /// In a file: `{"rows", "sha256"}`, or a line as `sha256sum` writes it.
    File(PathBuf),
}

impl PlanArguments {
    /// Reads the arguments of `plan.create` (`docs/documents.md`).
    ///
    /// # Errors
    /// `ConfigInvalid`, with every problem and its JSON path.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        read_document("plan arguments", json, Self::read)
    }

    /// Reads them within another document.
    pub(crate) fn read(doc: &mut Reader<'_>) -> Option<Self> {
        let conversion = Conversion::read_within(doc);
        let settings = doc.object("settings", PlanSettings::read);
        let (conversion, settings) = (conversion?, settings?);
        if conversion.part && settings.missing == MissingPolicy::Disable {
            doc.problem("settings.missing", sentences::NOT_OF_A_PART);
        }
        let preview_path = doc.path("previewPath");
        Some(PlanArguments { conversion, settings, preview_path })
    }

    /// Whether these settings can be followed with a kept state, or without one.
    ///
    /// # Errors
    /// `ConfigInvalid`.
    pub fn fit(&self, kept: bool) -> Result<(), Error> {
        let PlanSettings { missing, unknown_inactive, consent, .. } = &self.settings;
        Err(match consent {
            Consent::Given { .. } if kept => sentences::no_approval_beside_a_state(),
            _ if kept => return Ok(()),
            _ if *unknown_inactive == UnknownInactive::Skip => {
                sentences::no_skipping_without_a_state()
            }
            _ if *missing == MissingPolicy::Disable => sentences::nobody_missing_without_a_state(),
            _ => return Ok(()),
        })
    }
}

impl PlanSettings {
    /// The settings of `plan.undo`, of which only brakes and protection mean anything.
    ///
    /// # Errors
    /// `ConfigInvalid`, with every problem and its JSON path.
    pub fn parse_undo(json: &[u8]) -> Result<(String, Self), Error> {
        read_document("undo arguments", json, |doc| {
            let run = doc.required_text("run");
            let settings = doc.object("settings", Self::read);
            Some((run?, settings?))
        })
    }

    fn read(doc: &mut Reader<'_>) -> Option<Self> {
        let missing = doc.choice(
            "missing",
            &[("report", MissingPolicy::Report), ("disable", MissingPolicy::Disable)],
        );
        let unknown_inactive = doc.choice(
            "unknownInactive",
            &[("send", UnknownInactive::Send), ("skip", UnknownInactive::Skip)],
        );
        let full = doc.flag("full");
        let brakes = doc.object("brakes", read_brakes);
        let guards = doc.object("guards", read_guards);
        let protected = doc.object("protected", |doc| {
            let external_ids = doc.texts("externalIds")?.into_iter().collect();
            let names = doc.texts("userNames")?;
            let user_names = names.iter().map(|name| name.to_lowercase()).collect();
            Some(Protected { external_ids, user_names })
        });
        let consent = match doc.value("approval") {
            None => Some(Consent::None),
            Some(_) => doc.object("approval", read_approval),
        };
        let (mut protected, guards) = (protected?, guards?);
        protected.external_ids.extend(guards.canaries.iter().cloned());
        Some(PlanSettings {
            missing: missing?,
            unknown_inactive: unknown_inactive?,
            full: full?,
            brakes: brakes?,
            guards,
            protected,
            consent: consent?,
        })
    }
}

/// What holds when nothing is said.
impl Default for PlanSettings {
    fn default() -> Self {
        PlanSettings {
            missing: MissingPolicy::Report,
            unknown_inactive: UnknownInactive::Send,
            full: false,
            brakes: BrakeLimits::default(),
            guards: Guards::default(),
            protected: Protected { external_ids: BTreeSet::new(), user_names: BTreeSet::new() },
            consent: Consent::None,
        }
    }
}

impl Default for Guards {
    fn default() -> Self {
        Guards {
            min_rows: 1,
            max_row_drop_percent: Some(DEFAULT_DROP),
            row_drop_floor: DEFAULT_DROP_FLOOR,
            required_columns: Vec::new(),
            manifest: None,
            canaries: Vec::new(),
        }
    }
}

fn read_approval(doc: &mut Reader<'_>) -> Option<Consent> {
    let brakes = doc.counts("brakes");
    let (reason, approver) = (doc.required_text("reason"), doc.required_text("approver"));
    Some(Consent::Given { brakes: brakes?, reason: reason?, approver: approver? })
}

fn read_brakes(doc: &mut Reader<'_>) -> Option<BrakeLimits> {
    let defaults = BrakeLimits::default();
    let removals = read_windows(doc, "removals", defaults.removals);
    let wipes = read_windows(doc, "wipes", defaults.wipes);
    let updates = read_windows(doc, "updates", defaults.updates);
    let adds = read_windows(doc, "adds", defaults.adds);
    let inactive_adds = read_windows(doc, "inactiveAdds", defaults.inactive_adds);
    let renames = read_limit(doc, "renames", defaults.renames);
    Some(BrakeLimits {
        removals: removals?,
        wipes: wipes?,
        updates: updates?,
        adds: adds?,
        inactive_adds: inactive_adds?,
        renames: renames?,
    })
}

/// A limit for the plan alone, which also holds over a day and a week unless they have their own.
fn read_windows(doc: &mut Reader<'_>, key: &'static str, default: Windows) -> Option<Windows> {
    if is_off(doc, key) {
        return Some(Windows::all(BrakeLimit::OFF));
    }
    if doc.value(key).is_none() {
        return Some(default);
    }
    doc.object(key, |doc| {
        let run = read_numbers(doc, default.run)?;
        let day = read_limit(doc, "day", run);
        let week = read_limit(doc, "week", run);
        Some(Windows { run, day: day?, week: week? })
    })
}

fn read_limit(doc: &mut Reader<'_>, key: &'static str, default: BrakeLimit) -> Option<BrakeLimit> {
    if is_off(doc, key) {
        return Some(BrakeLimit::OFF);
    }
    doc.object(key, |doc| read_numbers(doc, default))
}

/// The numbers given, and no others; without any, the default.
fn read_numbers(doc: &mut Reader<'_>, default: BrakeLimit) -> Option<BrakeLimit> {
    let percent = doc.optional_integer("percent", 0..=100);
    let count = doc.optional_integer("count", 0..=u64::MAX);
    match (percent?, count?) {
        (None, None) => Some(default),
        (percent, count) => Some(BrakeLimit { percent, count, floor: 0 }),
    }
}

fn is_off(doc: &mut Reader<'_>, key: &'static str) -> bool {
    doc.value(key).is_some_and(|value| value == "off")
}

fn read_guards(doc: &mut Reader<'_>) -> Option<Guards> {
    let default = Guards::default();
    let min_rows = doc.integer("minRows", default.min_rows, 0..=u64::MAX);
    let (drop, floor) = if is_off(doc, "maxRowDropPercent") {
        (Some(None), 0)
    } else {
        match doc.optional_integer("maxRowDropPercent", 0..=100) {
            Some(None) => (Some(default.max_row_drop_percent), default.row_drop_floor),
            given => (given, 0),
        }
    };
    let required_columns = doc.texts("requiredColumns");
    let canaries = doc.texts("canaries");
    let path = doc.path("manifestPath").map(Manifest::File);
    let given = doc.value("manifest").is_some();
    let manifest = doc.object("manifest", |doc| {
        let rows = doc.optional_integer("rows", 0..=u64::MAX);
        let sha256 = doc.text("sha256").map(|digest| digest.to_ascii_lowercase());
        if let Some(digest) = &sha256
            && !is_sha256(digest)
        {
            doc.problem("sha256", sentences::NO_DIGEST);
        }
        Some(Manifest::Given { rows: rows?, sha256 })
    });
    if given && path.is_some() {
        doc.clash("manifestPath", "manifest");
    }
    Some(Guards {
        min_rows: min_rows?,
        max_row_drop_percent: drop?,
        row_drop_floor: floor,
        required_columns: required_columns?,
        manifest: path.or(manifest.filter(|_| given)),
        canaries: canaries?,
    })
}

/// Whether the text is a SHA-256 in lower case hexadecimal.
pub(crate) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(json: &str) -> Result<PlanSettings, Error> {
        let json = format!(r#"{{"version":1,"conversion":{{}},"settings":{json}}}"#);
        PlanArguments::parse(json.as_bytes()).map(|arguments| arguments.settings)
    }

    #[test]
    fn nothing_said_is_the_default() {
        assert_eq!(settings("{}").unwrap(), PlanSettings::default());
    }

    #[test]
    fn numbers_given_stand_alone_and_hold_for_every_window() {
        let given = settings(
            r#"{"missing":"disable","full":true,"brakes":{
                "removals":{"percent":65,"week":{"count":900},"day":"off"},
                "updates":"off","adds":{"count":0},"renames":{"percent":1}}}"#,
        )
        .unwrap();
        let limit = |percent, count| BrakeLimit { percent, count, floor: 0 };
        let removals = Windows {
            run: limit(Some(65), None),
            day: BrakeLimit::OFF,
            week: limit(None, Some(900)),
        };
        assert_eq!(given.brakes.removals, removals);
        assert_eq!(given.brakes.updates, Windows::all(BrakeLimit::OFF));
        assert_eq!(given.brakes.adds, Windows::all(limit(None, Some(0))));
        assert_eq!(given.brakes.wipes, BrakeLimits::default().wipes);
        assert_eq!(given.brakes.renames, limit(Some(1), None));
        assert!(given.full && given.missing == MissingPolicy::Disable);
    }

    #[test]
    fn canaries_are_protected_and_names_compare_without_case() {
        let given = settings(
            r#"{"guards":{"canaries":["1"]},
                "protected":{"externalIds":["2"],"userNames":["Root@X"]}}"#,
        )
        .unwrap();
        assert!(given.protected.external_ids.contains("1"));
        assert!(given.protected.external_ids.contains("2"));
        assert!(given.protected.user_names.contains("root@x"));
    }

    #[test]
    fn every_problem_is_named_with_its_path() {
        let error = settings(
            r#"{"missing":"delete","full":"yes","brakes":{"removals":{"percent":101},"adds":7,
                "renames":{"day":"off"}},
                "guards":{"minRows":-1,"manifest":{"sha256":"x"},"manifestPath":"m",
                "canaries":"1"},"protected":{"externalIds":[""]}}"#,
        )
        .unwrap_err();
        let paths: Vec<&str> = error.problems.iter().map(|p| p.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "settings.missing",
                "settings.full",
                "settings.brakes.removals.percent",
                "settings.brakes.adds",
                "settings.brakes.renames.day",
                "settings.guards.minRows",
                "settings.guards.canaries",
                "settings.guards.manifest.sha256",
                "settings.guards.manifestPath",
                "settings.protected.externalIds",
            ]
        );
    }
}
