//! The part of OData's `$filter` that the log API documents: comparisons joined by `and`.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::time::Timestamp;

/// One comparison.
#[derive(Debug)]
pub(super) struct Clause {
    pub(super) path: String,
    pub(super) operator: Operator,
    pub(super) literal: Literal,
}

#[derive(Debug)]
pub(super) enum Literal {
    Text(String),
    Moment(Timestamp),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Contains,
}

impl Operator {
    pub(super) fn holds_for<T: Ord>(self, left: &T, right: &T) -> bool {
        match self {
            Operator::Equal => left == right,
            Operator::NotEqual => left != right,
            Operator::Greater => left > right,
            Operator::GreaterOrEqual => left >= right,
            Operator::Less => left < right,
            Operator::LessOrEqual => left <= right,
            Operator::Contains => false,
        }
    }

    pub(super) fn holds_for_text(self, left: &str, right: &str) -> bool {
        if self == Operator::Contains {
            left.contains(right)
        } else {
            self.holds_for(&left, &right)
        }
    }
}

impl Clause {
    /// Reads a whole filter. `undocumented`: whether `ge`, `le` and `ne` are known.
    pub(super) fn parse_all(filter: &str, undocumented: bool) -> Result<Vec<Clause>, String> {
        let mut rest = filter.trim();
        let mut clauses = Vec::new();
        loop {
            let (clause, after) = Clause::parse(rest, undocumented)?;
            clauses.push(clause);
            rest = after.trim_start();
            if rest.is_empty() {
                return Ok(clauses);
            }
            rest = match rest.strip_prefix("and ") {
                Some(next) => next.trim_start(),
                None => return Err(format!("expected 'and' before {rest:?}")),
            };
        }
    }

    fn parse(text: &str, undocumented: bool) -> Result<(Clause, &str), String> {
        if let Some(inner) = text.strip_prefix("contains(") {
            let (path, rest) = inner.split_once(',').ok_or("contains takes two arguments")?;
            let (literal, rest) = Literal::parse(rest.trim_start())?;
            let rest = rest.trim_start().strip_prefix(')').ok_or("contains( is not closed")?;
            if matches!(literal, Literal::Moment(_)) {
                return Err("contains takes text".to_owned());
            }
            let path = path.trim().to_owned();
            return Ok((Clause { path, operator: Operator::Contains, literal }, rest));
        }
        let (path, rest) = text.split_once(' ').ok_or("a comparison is incomplete")?;
        let (word, rest) = rest.split_once(' ').ok_or("a comparison is incomplete")?;
        let operator = match word {
            "eq" => Operator::Equal,
            "gt" => Operator::Greater,
            "lt" => Operator::Less,
            "ne" if undocumented => Operator::NotEqual,
            "ge" if undocumented => Operator::GreaterOrEqual,
            "le" if undocumented => Operator::LessOrEqual,
            _ => return Err(format!("the operator {word:?} is not supported")),
        };
        let (literal, rest) = Literal::parse(rest)?;
        Ok((Clause { path: path.to_owned(), operator, literal }, rest))
    }
}

impl Literal {
    fn parse(text: &str) -> Result<(Literal, &str), String> {
        let Some(mut rest) = text.strip_prefix('\'') else {
            let end = text.find([' ', ')']).unwrap_or(text.len());
            let moment = OffsetDateTime::parse(&text[..end], &Rfc3339)
                .map_err(|_| format!("{:?} is neither quoted nor a moment", &text[..end]))?;
            let micros = u64::try_from(moment.unix_timestamp_nanos() / 1000).unwrap_or(0);
            return Ok((Literal::Moment(Timestamp(micros)), &text[end..]));
        };
        let mut value = String::new();
        loop {
            let (part, after) = rest.split_once('\'').ok_or("a quote is not closed")?;
            value.push_str(part);
            // Two quotes are one inside a literal.
            match after.strip_prefix('\'') {
                Some(more) => {
                    value.push('\'');
                    rest = more;
                }
                None => return Ok((Literal::Text(value), after)),
            }
        }
    }
}
