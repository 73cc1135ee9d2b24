//! How the sentences that people read are written down: a table in each room, in its `sentences.rs`.

/// A table of sentences. An entry is a text, a text with named arguments, or an error with its message,
/// its advice and, after `at`, the argument that is its line:
///
/// ```text
/// COLUMN_EMPTY: "The column name is empty.";
/// no_value(path: &str): "`{path}` must have a value, and this record has none.";
/// cut_in_json(line: u64) -> SourceFormat at line:
///     "The source ends inside the JSON that begins on line {line}.",
///     "The file was cut: export it again.";
/// ```
macro_rules! sentences {
    () => {};
    ($(#[$about:meta])* $name:ident: $text:literal; $($rest:tt)*) => {
        $(#[$about])*
        pub(super) const $name: &str = $text;
        $crate::sentences::sentences! { $($rest)* }
    };
    (
        $(#[$about:meta])* $name:ident($($argument:ident: $kind:ty),*): $text:literal;
        $($rest:tt)*
    ) => {
        $(#[$about])*
        pub(super) fn $name($($argument: $kind),*) -> String {
            format_args!($text).to_string()
        }
        $crate::sentences::sentences! { $($rest)* }
    };
    (
        $(#[$about:meta])* $name:ident($($argument:ident: $kind:ty),*)
            -> $error:ident $(at $line:ident)?: $text:literal, $advice:literal;
        $($rest:tt)*
    ) => {
        $(#[$about])*
        pub(super) fn $name($($argument: $kind),*) -> $crate::error::Error {
            let (message, advice) = (format_args!($text), format_args!($advice));
            let kind = $crate::error::ErrorKind::$error;
            $crate::error::Error::new(kind, message.to_string(), advice.to_string())$(.at_line($line))?
        }
        $crate::sentences::sentences! { $($rest)* }
    };
}
pub(crate) use sentences;

/// A number and what it counts: "1 batch", "3 batches".
pub(crate) fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}
