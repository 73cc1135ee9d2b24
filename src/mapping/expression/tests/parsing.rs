//! What is an expression, and what is said of what is not.

use super::super::{Expression, ExpressionError};
use super::csv;
use crate::source::Columns;

fn errors(text: &str) -> Vec<ExpressionError> {
    Expression::parse(text).expect_err(text)
}

/// The only error of `text`, which must be at `position` and say `part`.
#[track_caller]
fn refused(text: &str, position: usize, part: &str) {
    let errors = errors(text);
    assert_eq!(errors.len(), 1, "{text}: {errors:?}");
    assert_eq!(errors[0].position, position, "{text}: {}", errors[0]);
    assert!(errors[0].message.contains(part), "{text}: {}", errors[0]);
}

#[test]
fn the_equals_sign_and_space_around_are_optional() {
    for text in ["Len([a])", "=Len([a])", " = Len( [a] ) ", "len ( [a])", "LEN(\n[a]\n)"] {
        assert_eq!(Expression::parse(text).expect(text).to_string(), "Len([a])", "{text}");
    }
}

#[test]
fn columns_come_once_in_the_order_of_their_mention() {
    let expression = Expression::parse("=IIF([b]=[a],[b],Left([c], 1))").unwrap();
    assert_eq!(expression.columns().collect::<Vec<_>>(), ["b", "a", "c"]);
    assert!(!expression.is_constant());
    assert!(Expression::parse("Append(\"a\", 1)").unwrap().is_constant());
}

#[test]
fn only_an_outermost_ignore_flow_overrules_the_mapping() {
    assert!(Expression::parse("=ignoreflowifnullorempty([a])").unwrap().ignores_empty());
    assert!(!Expression::parse("=Trim(IgnoreFlowIfNullOrEmpty([a]))").unwrap().ignores_empty());
}

#[test]
fn binding_names_all_missing_columns() {
    let expression = Expression::parse("Join([x], [A], [y])").unwrap();
    let (columns, _) = csv(&[("a", ""), ("b", "")]);
    assert_eq!(expression.bind(&columns).unwrap_err(), ["x", "y"]);
    let wanted: Vec<String> = expression.columns().map(str::to_owned).collect();
    assert!(expression.bind(&Columns::growing(&wanted)).is_ok());
}

#[test]
fn mistakes_are_where_they_are() {
    refused("", 1, "The expression ends where a function");
    refused("=", 2, "The expression ends");
    refused("=Len([a]", 5, "never closed with \")\"");
    refused("Len([a)", 5, "never closed with \"]\"");
    refused("Append([a], \"x)", 13, "never closed with a quotation mark");
    refused("Len([a]))", 9, ") stands where the end of the expression should be");
    refused("Len([a]) Len([b])", 10, "Len stands where the end");
    refused("Append([a] [b])", 12, "[ stands where \",\" or \")\" should be");
    refused("Append([a], “b”)", 13, "straight quotation marks");
    refused("Append([a], 'b')", 13, "straight quotation marks");
    refused("Append([a]，\"b\")", 11, "Write the half-width , instead");
    refused("Len（[a]）", 4, "Write the half-width ( instead");
    refused("IIF([a]!=1,2,3)", 8, "Write <>");
    refused("IIF([a]==1,2,3)", 9, "Compare two values at a time");
    refused("[a]=[b]=[c]", 8, "Compare two values at a time");
    refused("IIF([a]=1 AND [b]=2,1,2)", 11, "IIF(first, second, False)");
    refused("IIF([a]=1 or [b]=2,1,2)", 11, "IIF(first, True, second)");
    refused("Left([a], -)", 11, "goes on with a digit");
    refused("Left([a], 1.)", 11, "goes on with a digit");
    refused("Len([])", 5, "brackets are empty");
    refused("Len(99999999999999999999)", 5, "too large");
    refused("Replace([a], , \"\\d\", , \"\")", 17, "Write it twice");
    refused("Len(Name)", 5, "Write [Name] for a column");
    refused("Coalesce([a], Null)", 15, "leave the argument blank");
    refused(" 日本", 2, "日本 stands alone");
}

#[test]
fn positions_count_characters() {
    refused("=Coalesce([氏名], \"𠮷\", x)", 22, "x stands alone");
}

#[test]
fn arguments_are_counted_and_checked() {
    refused("Left([a])", 1, "The function is Left(string, numChars); here it has 1 argument.");
    refused("Left([a], 1, 2)", 1, "here it has 3 arguments");
    refused("Trim()", 1, "here it has 0 arguments");
    refused(
        "Switch([a], \"\", \"k\", \"v\", \"k\")",
        1,
        "Switch(source, defaultValue?, key, value?, …)",
    );
    refused("IIF([a], 1)", 1, "here it has 2 arguments");
    refused("Append(, \"x\")", 8, "In Append, source must not be left blank");
    refused("Join(\",\", [a], )", 16, "must not be left blank");
    refused("Left([a], \"x\")", 11, "In Left, numChars is not a whole number");
    refused("Left([a], 1.5)", 11, "not a whole number");
    refused("Left([a], True)", 11, "not a whole number");
    refused("Item([a], 0)", 11, "whole number from 1 on");
    refused("Split([a], \"\")", 12, "delimiter is empty");
    refused("IIF(\"maybe\", 1, 2)", 5, "neither True nor False");
    refused("ToLower([a], \"x_y\")", 14, "not the name of a culture");
    refused("InStr([a], \"b\", 1, \"case\")", 20, "neither vbBinaryCompare nor vbTextCompare");
    refused("DateAdd(\"q\", 1, [a])", 9, "is none of yyyy (year)");
    refused("FormatDateTime([a], , , \"q\")", 25, "one letter that is not a format");
    refused("FormatDateTime([a], , , \"yyyy 'at\")", 25, "has a ' that is never closed");
    refused("FormatDateTime([a], , \"ffffffff yyyy\", \"d\")", 23, "more than seven digits");
    refused("Replace([a], , \"(\", , \"\")", 16, "cannot be used: unclosed group.");
    refused("Replace([a], , \"(a)\\\\1\", , \"\")", 16, "backreferences are not supported");
    refused("Replace([a], , [b], , \"\")", 16, "must be a text written in the expression");
    refused("Replace([a], , \"(?<b>x)\", \"c\", \"\")", 27, "has no group c; its named groups: b.");
    refused("Replace([a], , \"x{9}{999}{999}\", , \"\")", 16, "too large");
}

#[test]
fn unknown_functions_name_the_nearest_and_all() {
    refused(
        "Swich([a], 1, 2, 3)",
        1,
        "There is no function Swich; did you mean Switch? The functions are Append, ",
    );
    refused("Len(ToLowerCase([a]))", 5, "did you mean ToLower?");
    refused("Xyzzy([a])", 1, "There is no function Xyzzy. The functions are Append, CBool, CDate,");
}

#[test]
fn what_needs_the_directory_or_chance_is_refused_with_the_reason() {
    refused("SelectUniqueValue([a], [b])", 1, "asks the directory which values are taken");
    refused("SingleAppRoleAssignment([a])", 1, "from the directory");
    refused("RandomString(6,3,0,0,3)", 1, "The same record must give the same user");
    refused("Guid()", 1, "The same record must give the same user");
    refused("DateDiff(\"d\", Now(), [a])", 15, "the same user every day");
    refused("And([a], [b])", 1, "IIF(first, second, False)");
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_text() {
    let errors = errors("=Join(Foo, Bar([a]), Left([b], \"x\"), \"\\q\"");
    let positions: Vec<usize> = errors.iter().map(|error| error.position).collect();
    assert_eq!(positions, [6, 7, 12, 32, 39]);
}

#[test]
fn long_and_deep_expressions_are_refused() {
    let longest = format!("Len(\"{}\")", "x".repeat(10_000 - 7));
    assert!(Expression::parse(&longest).is_ok());
    refused(&format!("{longest} "), 10_001, "10001 characters");
    let nested = |depth: usize| format!("{}[a]{}", "Trim(".repeat(depth), ")".repeat(depth));
    refused(&nested(101), 506, "more than 100 deep");
    // Parsing, printing, evaluating and dropping the deepest one fits a small stack.
    let deepest = nested(100);
    let small = std::thread::Builder::new().stack_size(1024 * 1024);
    let thread = small.spawn(move || {
        let expression = Expression::parse(&deepest).unwrap();
        assert_eq!(expression.to_string(), deepest);
        let (columns, record) = csv(&[("a", " x ")]);
        let bound = expression.bind(&columns).unwrap();
        bound.evaluate(&record).unwrap().into_text().unwrap().into_owned()
    });
    assert_eq!(thread.unwrap().join().unwrap(), "x");
    let chain = vec!["[a]"; 2000].join("&");
    assert!(Expression::parse(&chain).is_ok());
}
