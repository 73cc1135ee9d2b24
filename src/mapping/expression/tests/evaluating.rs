//! Details of evaluation that the page's examples leave out.

use serde_json::json;

use super::super::Value;
use super::{bind, csv, evaluate};

#[test]
fn what_is_not_chosen_cannot_fail() {
    for expression in [
        "IIF([a] = \"x\", 1, Error(\"no\"))",
        "Switch([a], Error(\"no\"), \"x\", 1, Error(\"no\"), 2)",
        "Coalesce([a], Error(\"no\"))",
    ] {
        assert!(evaluate(expression, &json!({"a": "x"})).is_ok(), "{expression}");
    }
}

#[test]
fn long_numbers_stay_apart() {
    let ids = json!({"a": "12345678901234567890", "b": "12345678901234567891", "c": 9007199254740993_i64});
    assert_eq!(evaluate("[a] = [b]", &ids), Ok(json!(false)));
    assert_eq!(evaluate("[c] = 9007199254740992", &ids), Ok(json!(false)));
    assert_eq!(evaluate("[c] = 9007199254740993", &ids), Ok(json!(true)));
    assert_eq!(evaluate("[c] > 1.5", &ids), Ok(json!(true)));
    assert_eq!(evaluate("[a] = 0", &json!({"a": "-0.0"})), Ok(json!(true)));
    assert_eq!(evaluate("[a] = 0", &json!({"a": "nan"})), Ok(json!(false)));
}

#[test]
fn an_error_keeps_the_value_out_of_its_sentence() {
    let (columns, record) = csv(&[("Active", "Beurlaubt")]);
    let bound = bind("=CBool([Active])", columns);
    let error = bound.evaluate(&record).unwrap_err();
    assert_eq!(error.function, "CBool");
    assert!(!error.to_string().contains("Beurlaubt"));
    assert_eq!(error.value.as_deref(), Some("Beurlaubt"));
    let (columns, record) = csv(&[("a", "old")]);
    let error = bind("[a] > 5", columns).evaluate(&record).unwrap_err();
    assert_eq!((error.function, error.value.as_deref()), (">", Some("old")));
}

#[test]
fn lists_go_where_one_text_goes_in_and_comes_out() {
    let record = json!({"a": " É; b"});
    let list = |function: &str| evaluate(&format!("{function}(Split([a], \";\"))"), &record);
    assert_eq!(list("ToLower"), Ok(json!([" é", " b"])));
    assert_eq!(list("NormalizeDiacritics"), Ok(json!([" E", " b"])));
    assert!(list("Len").unwrap_err().contains("its string is a list"));
    assert!(evaluate("Split([a], \";\") = \"x\"", &record).unwrap_err().contains("is a list"));
    assert!(evaluate("Split([a], \";\") & \"x\"", &record).unwrap_err().contains("is a list"));
}

#[test]
fn title_case_is_that_of_dotnet() {
    for (text, title) in [
        ("3com a1b", "3Com A1b"),
        ("o'neil mc'", "O'neil Mc'"),
        ("ßa it's 4th éa", "ßa It's 4Th Éa"),
        ("a_b c.d 5'a 'tis l’été", "A_B C.D 5'A 'Tis L’Été"),
        ("e\u{301}A b", "E\u{301}a B"),
    ] {
        assert_eq!(evaluate("PCase([a])", &json!({"a": text})), Ok(json!(title)));
    }
}

#[test]
fn case_is_that_of_dotnet() {
    assert_eq!(evaluate("ToUpper(\"ßıiİſǆŉ\")", &json!({})), Ok(json!("ßıIİSǄŉ")));
    assert_eq!(evaluate("ToLower(\"İIΣẞ\")", &json!({})), Ok(json!("İiσß")));
    assert_eq!(
        evaluate("ToUpper(\"iı\", \"tr-TR\") & ToLower(\"Iİ\", \"az\")", &json!({})),
        Ok(json!("İIıi"))
    );
}

#[test]
fn diacritics_of_microsofts_table() {
    for (marked, plain) in [
        ("äàâãåáąăāā́ā̀ā̂ā̃ǟā̈ǡa̱å̄", "a"),
        ("ÄÀÂÃÅÁĄĂĀĀ́Ā̀Ā̂Ā̃ǞĀ̈ǠA̱Å̄", "A"),
        ("æǣ", "ae"),
        ("çčćc̄c̱", "c"),
        ("ëèéêęěėēḗḕē̂ē̃ê̄e̱ë̄e̊̄", "e"),
        ("ïîìíıīī́ī̀ī̂ī̃i̱", "i"),
        ("ľłl̄ḹḻ", "l"),
        ("öòőõôóōṓṑō̂ō̃ȫō̈ǭȭȱo̱", "o"),
        ("øø̄œ̄", "oe"),
        ("ß", "ss"),
        ("šśșşs̄s̱", "s"),
        ("üùûúůűūū́ū̀ū̂ū̃u̇̄ǖṻṳ̄u̱", "u"),
        ("źžżz̄ẕ", "z"),
        ("ŹŽŻZ̄Ẕ", "Z"),
    ] {
        let given = evaluate("NormalizeDiacritics([a])", &json!({"a": marked})).unwrap();
        let given = given.as_str().unwrap();
        assert!(given.replace(plain, "").is_empty() && !given.is_empty(), "{marked}: {given}");
    }
    let kept = "Йόнガ神\u{fa19}한글가\u{3099}";
    assert_eq!(evaluate("NormalizeDiacritics([a])", &json!({"a": kept})), Ok(json!(kept)));
}

#[test]
fn replacements_are_those_of_dotnet() {
    let record = json!({"a": "+91 99", "new": "[$1|${a}|$2x|$0|$&|$$|${zz}|$9|$z|$]"});
    assert_eq!(
        evaluate("Replace([a], , \"\\\\+(?<a>\\\\d+) (\\\\d)\", , [new])", &record),
        Ok(json!("[91|91|9x|+91 9|+91 9|$|${zz}|$9|$z|$]9"))
    );
    // A group that took no part leaves the match as it is.
    assert_eq!(
        evaluate("Replace([a], , \"(?<x>x)|9\", \"x\", \"-\")", &json!({"a": "9x9"})),
        Ok(json!("9-9"))
    );
}

#[test]
fn a_number_of_json_is_kept_as_it_was_written() {
    let (columns, record) = super::record(&json!({"a": 1.50, "b": 7}));
    let bound = bind("[a]", columns.clone());
    assert_eq!(bound.evaluate(&record), Ok(Value::Decimal("1.5")));
    assert_eq!(bind("[b]", columns).evaluate(&record), Ok(Value::Integer(7)));
}

#[test]
fn large_cells_take_no_more_than_linear_time() {
    let large = "ab,".repeat(30_000);
    let record = json!({"a": large});
    for expression in [
        "Count(RemoveDuplicates(Split([a], \",\")))",
        "InStr([a], \"ABx\", 1, vbTextCompare)",
        "Len(Replace([a], , \"(?<b>b*)*,\", \"b\", \"\"))",
        "Len(Nfkc(PCase(NormalizeDiacritics([a]))))",
        "Len(Right([a], 5))",
    ] {
        assert!(evaluate(expression, &record).is_ok(), "{expression}");
    }
}
