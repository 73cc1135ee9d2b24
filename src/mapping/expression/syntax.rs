//! What an expression is made of: nodes, the functions they call, and what these are given.

use std::borrow::Cow;
use std::fmt::{self, Debug, Display, Formatter};

use super::EvaluationError;
use super::pattern::Pattern;
use super::sentences;
use super::value::Value;
use crate::source::Record;

/// One part of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// An argument left blank, as in `FormatDateTime([Day], , "M/d/yyyy", "yyyy-MM-dd")`.
    Blank,
    Text(String),
    Integer(i64),
    Decimal(String),
    Bool(bool),
    /// A column, by its place among the expression's columns.
    Column(usize),
    Call(Call),
    /// What `&` holds together: two or more.
    Concatenation(Vec<Node>),
    Comparison(Comparator, Box<[Node; 2]>),
}

/// A function and its arguments.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) function: &'static Function,
    pub(super) arguments: Vec<Node>,
    /// The compiled regular expression, for `Replace`.
    pub(super) pattern: Option<Pattern>,
}

impl Call {
    /// Whether argument `index` is there and not blank.
    pub(super) fn gives(&self, index: usize) -> bool {
        self.arguments.get(index).is_some_and(|argument| *argument != Node::Blank)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparator {
    /// All of them, those of two characters first.
    pub(super) const ALL: [Comparator; 6] = [
        Comparator::NotEqual,
        Comparator::LessOrEqual,
        Comparator::GreaterOrEqual,
        Comparator::Equal,
        Comparator::Less,
        Comparator::Greater,
    ];

    pub(super) const fn sign(self) -> &'static str {
        match self {
            Comparator::Equal => "=",
            Comparator::NotEqual => "<>",
            Comparator::Less => "<",
            Comparator::LessOrEqual => "<=",
            Comparator::Greater => ">",
            Comparator::GreaterOrEqual => ">=",
        }
    }
}

/// What a function does.
type Evaluate = for<'a> fn(Arguments<'a>) -> Evaluated<'a>;
/// Checks what the parameters cannot say one by one, and compiles what can be compiled. The error is
/// the index of the argument at fault and a sentence.
type Prepare = fn(&[Node]) -> Result<Option<Pattern>, (usize, String)>;
/// Looks at an argument that is a constant; an error completes "Its <name> ...".
type Check = fn(&str) -> Result<(), String>;

/// One function: its row in the table of its module. A name with two rows takes two lists of arguments.
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) parameters: &'static [Parameter],
    /// How many arguments must be written, blank ones included.
    least: usize,
    /// How many of the last parameters repeat.
    repeats: usize,
    pub(super) prepare: Option<Prepare>,
    pub(super) evaluate: Evaluate,
}

/// One parameter of a function.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    /// Whether its argument may be left blank, or out where it is the last.
    pub(super) optional: bool,
    pub(super) check: Option<Check>,
}

impl Parameter {
    pub(super) const fn new(name: &'static str) -> Self {
        Parameter { name, optional: false, check: None }
    }

    pub(super) const fn integer(name: &'static str) -> Self {
        Parameter::new(name).checked(|text| match Value::Text(text.into()).integer() {
            Some(_) => Ok(()),
            None => Err(sentences::NO_WHOLE_NUMBER.to_owned()),
        })
    }

    pub(super) const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    pub(super) const fn checked(mut self, check: Check) -> Self {
        self.check = Some(check);
        self
    }
}

impl Function {
    pub(super) const fn new(
        name: &'static str,
        parameters: &'static [Parameter],
        evaluate: Evaluate,
    ) -> Self {
        let mut least = parameters.len();
        while least > 0 && parameters[least - 1].optional {
            least -= 1;
        }
        Function { name, parameters, least, repeats: 0, prepare: None, evaluate }
    }

    /// The same function, at least `least` of whose arguments must be written, be it as blanks.
    pub(super) const fn at_least(mut self, least: usize) -> Self {
        self.least = least;
        self
    }

    /// The same function, whose last `count` parameters may come again and again.
    pub(super) const fn repeating(mut self, count: usize) -> Self {
        self.repeats = count;
        self
    }

    pub(super) const fn prepared(mut self, prepare: Prepare) -> Self {
        self.prepare = Some(prepare);
        self
    }

    /// Whether it can be called with `count` arguments.
    pub(super) fn takes(&self, count: usize) -> bool {
        let listed = self.parameters.len();
        count >= self.least
            && (count <= listed
                || (self.repeats > 0 && (count - listed).is_multiple_of(self.repeats)))
    }

    /// The parameter that argument `index` is for.
    pub(super) fn parameter(&self, index: usize) -> Option<&'static Parameter> {
        let listed = self.parameters.len();
        if index < listed || self.repeats == 0 {
            return self.parameters.get(index);
        }
        self.parameters.get(listed - self.repeats + (index - listed) % self.repeats)
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.parameters, other.parameters) && self.name == other.name
    }
}

impl Debug for Function {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

/// How it is called: `Join(separator, source, …)`; a `?` follows what may be left out.
impl Display for Function {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}(", self.name)?;
        for (index, parameter) in self.parameters.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let mark = if parameter.optional { "?" } else { "" };
            write!(formatter, "{comma}{}{mark}", parameter.name)?;
        }
        formatter.write_str(if self.repeats > 0 { ", …)" } else { ")" })
    }
}

pub(super) type Evaluated<'a> = Result<Value<'a>, EvaluationError>;

/// The record at hand, and where it holds the expression's columns.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) record: &'a Record,
    pub(super) places: &'a [usize],
}

/// The arguments of one call. Each is evaluated when it is asked for, so that what is not chosen
/// cannot fail.
#[derive(Clone, Copy)]
pub(super) struct Arguments<'a> {
    pub(super) call: &'a Call,
    pub(super) context: Context<'a>,
}

impl<'a> Arguments<'a> {
    pub(super) fn count(self) -> usize {
        self.call.arguments.len()
    }

    /// Whether argument `index` is there and not blank.
    pub(super) fn gives(self, index: usize) -> bool {
        self.call.gives(index)
    }

    pub(super) fn pattern(self) -> Option<&'a Pattern> {
        self.call.pattern.as_ref()
    }

    /// The value of argument `index`; no value where it is not there.
    pub(super) fn value(self, index: usize) -> Evaluated<'a> {
        match self.call.arguments.get(index) {
            Some(argument) => argument.evaluate(self.context),
            None => Ok(Value::Null),
        }
    }

    /// Argument `index` as one text, where it has a value.
    pub(super) fn text(self, index: usize) -> Result<Option<Cow<'a, str>>, EvaluationError> {
        match self.value(index)? {
            Value::List(_) => {
                let what = sentences::its_parameter(self.parameter(index));
                Err(is_list(self.call.function.name, &what))
            }
            value => Ok(value.into_text()),
        }
    }

    /// Argument `index` as one text, empty where it has no value.
    pub(super) fn text_or_empty(self, index: usize) -> Result<Cow<'a, str>, EvaluationError> {
        Ok(self.text(index)?.unwrap_or_default())
    }

    /// Argument `index` as a whole number.
    pub(super) fn integer(self, index: usize) -> Result<i64, EvaluationError> {
        let value = self.value(index)?;
        value.integer().ok_or_else(|| self.fault(index, sentences::NO_WHOLE_NUMBER, value))
    }

    /// Argument `index` with its text changed; in a list, each of its texts.
    pub(super) fn map_text(
        self,
        index: usize,
        change: impl Fn(Cow<'a, str>) -> Cow<'a, str>,
    ) -> Evaluated<'a> {
        Ok(match self.value(index)? {
            Value::List(list) => Value::List(list.into_iter().map(change).collect()),
            value => value.into_text().map_or(Value::Null, |text| Value::Text(change(text))),
        })
    }

    /// Says what is wrong with argument `index`: "its length " and `problem`.
    pub(super) fn fault(self, index: usize, problem: &str, value: Value<'_>) -> EvaluationError {
        EvaluationError {
            function: self.call.function.name,
            message: sentences::its(self.parameter(index), problem),
            value: value.into_text().map(Cow::into_owned),
        }
    }

    fn parameter(self, index: usize) -> &'static str {
        self.call.function.parameter(index).map_or(sentences::ARGUMENT, |parameter| parameter.name)
    }
}

/// What is wrong with a list in a place for one value.
pub(super) fn is_list(function: &'static str, what: &str) -> EvaluationError {
    EvaluationError { function, message: sentences::is_a_list(what), value: None }
}
