//! What people read about an expression, in one place: to review it, and to translate it one day.

use crate::sentences::sentences;

sentences! {
    // Why it is none.
    too_long(characters: usize, longest: usize):
        "The expression has {characters} characters, and Entra's limit is {longest}; shorten it.";
    too_deep(deepest: usize):
        "Calls are nested more than {deepest} deep here; use Switch instead of many IIF.";
    OPEN_PARENTHESIS: "This parenthesis is never closed with \")\".";
    OPEN_TEXT: "This text is never closed with a quotation mark.";
    OPEN_COLUMN: "This column is never closed with \"]\".";
    LONE_BACKSLASH: "In a text \\\" stands for a quotation mark and \\\\ for a backslash; a backslash \
        alone stands for nothing. Write it twice.";
    NO_COLUMN: "The brackets are empty; write the name of a column in them.";
    NO_DIGIT: "A number goes on with a digit here: -1 or 0.5.";
    TOO_LARGE: "This number is too large; put it in quotation marks.";
    NO_NULL: "There is no word for no value; leave the argument blank.";
    lone_word(word: &str): "{word} stands alone. Write [{word}] for a column, \"{word}\" for a text, \
        or {word}(…) for a function.";
    ends_early(wanted: &str): "The expression ends where {wanted} should be.";
    unexpected(found: &str, wanted: &str, hint: &str):
        "{found} stands where {wanted} should be.{hint}";
    THE_END: "the end of the expression";
    AN_OPERAND: "a function, a [column], a \"text\" or a number";
    COMMA_OR_CLOSE: "\",\" or \")\"";
    OPEN: "\"(\"";

    // What somebody who wrote the wrong sign probably meant.
    STRAIGHT_QUOTES: " Put text between straight quotation marks (\").";
    half_width(half: char): " Write the half-width {half} instead.";
    NOT_EQUAL: " Write <> for \"not equal\".";
    TWO_AT_A_TIME: " Compare two values at a time.";
    NO_AND: " Entra has no AND: write IIF(first, second, False).";
    NO_OR: " Entra has no OR: write IIF(first, True, second).";

    // Functions and their arguments. A problem is a predicate that follows the argument's name.
    refused(name: &str, why: &str): "{name} is not offered here. {why}";
    no_function(name: &str, known: &str): "There is no function {name}. The functions are {known}.";
    no_function_but(name: &str, near: &str, known: &str):
        "There is no function {name}; did you mean {near}? The functions are {known}.";
    one_argument(forms: &str): "The function is {forms}; here it has 1 argument.";
    arguments(forms: &str, count: usize): "The function is {forms}; here it has {count} arguments.";
    OR: " or ";
    in_call(function: &str, parameter: &str, problem: &str): "In {function}, {parameter} {problem}.";
    its(parameter: &str, problem: &str): "Its {parameter} {problem}.";
    ARGUMENT: "argument";
    BLANK: "must not be left blank";
    EMPTY: "is empty";
    NO_WHOLE_NUMBER: "is not a whole number";
    NO_INDEX: "is not a whole number from 1 on";
    no_entry(entries: usize): "is not one of the entries, which are 1 to {entries}";
    NO_TRUTH: "is neither True nor False nor a number";
    A_LIST: "is a list; take one entry with Item";
    NO_CHARACTER: "is less than 1, the first character";
    NO_COMPARISON: "is neither vbBinaryCompare nor vbTextCompare";
    NO_CULTURE: "is not the name of a culture, such as ja-JP";
}

sentences! {
    // Dates: predicates as well.
    NO_DATE: "is not a date, or not in the format expected";
    BEYOND_YEARS: "is beyond the years 1 to 9999";
    LEADS_BEYOND_YEARS: "leads beyond the years 1 to 9999";
    NO_INTERVAL: "is none of yyyy (year), m (month), ww (week), d (day), h (hour), n (minute), \
        s (second)";
    NO_STYLE: "is none of .NET's DateTimeStyles: None, AllowLeadingWhite, AllowTrailingWhite, \
        AllowInnerWhite, AllowWhiteSpaces, NoCurrentDateDefault, AdjustToUniversal, AssumeLocal, \
        AssumeUniversal, RoundtripKind";
    ONE_LETTER: "is one letter that is not a format of its own; for a single part of the date put % \
        before it";
    open_quote(quote: char): "has a {quote} that is never closed";
    ENDS_IN_BACKSLASH: "ends in a backslash";
    LONE_PERCENT: "has a % without a letter for a part of the date";
    TOO_FINE: "has more than seven digits for parts of a second";
    NO_YEAR: "has no year (yyyy), and no record may depend on today's";

    // What a record gives that cannot be worked on.
    NEITHER_FIRST: "One side is a number and the other is not, so that neither comes first; compare \
        two numbers, or two texts.";
    is_a_list(what: &str):
        "It wants one value, but {what} is a list; take one entry with Item, or all with Join.";
    A_SIDE: "one of its sides";
    its_parameter(parameter: &str): "its {parameter}";

    // Replace and its regular expressions.
    WAYS_TO_REPLACE: "Replace can be given oldValue and replacementValue, oldValue and template, \
        regexPattern and replacementValue, or regexPattern and regexGroupName with replacementValue \
        or replacementAttributeName. The arguments are Replace(source, oldValue, regexPattern, \
        regexGroupName, replacementValue, replacementAttributeName, template); what is not wanted is \
        left blank: Replace([mail], \"@contoso.com\", , , \"\", , )";
    constant_wanted(parameter: &str):
        "In Replace, {parameter} must be a text written in the expression.";
    REGEX_TOO_LARGE: "This regular expression is too large; repeat fewer times.";
    unusable_regex(reason: &str): "This regular expression cannot be used: {reason}.";
    no_group(name: &str, named: &str):
        "The regular expression has no group {name}; its named groups: {named}.";
    NONE: "none";

    // Why some of Entra's functions cannot be had.
    NO_UNIQUE_VALUES: "It asks the directory which values are taken, and the records are mapped \
        before the directory is asked anything; leave it to the attribute mapping of the provisioning \
        job.";
    NO_ROLES: "It reads application roles from the directory, which HR records do not have.";
    NO_CHANCE: "The same record must give the same user every time, or each run would change every \
        user; leave random values to the attribute mapping of the provisioning job.";
    NO_TODAY: "The same record must give the same user every day; leave what depends on today to the \
        attribute mapping of the provisioning job, or have HR send it as a column.";
    NO_HIDING: "It hides a value from Entra's provisioning log; leave it to the attribute mapping of \
        the provisioning job.";
    NO_FLAGS: "It reads flags packed into one number, which HR records do not have; compare the \
        column instead.";
    HAS_NO_AND: "Entra has no And: write IIF(first, second, False).";
    HAS_NO_OR: "Entra has no Or: write IIF(first, True, second).";
    IS_TO_UPPER: "In Entra's attribute mappings it is called ToUpper.";
    IS_TO_LOWER: "In Entra's attribute mappings it is called ToLower.";
}
