//! Text to expression. Recursive descent over characters; positions are characters, from 1.

use unicode_normalization::UnicodeNormalization;

use super::ExpressionError;
use super::functions;
use super::sentences;
use super::syntax::{Call, Comparator, Node};

/// The longest expression Entra takes, in characters.
const LONGEST: usize = 10_000;
/// How deep calls and parentheses may be nested: far from any thread's stack.
const DEEPEST: usize = 100;
/// Words that are constants of their own: the ways `InStr` compares.
const WORDS: [&str; 2] = ["vbBinaryCompare", "vbTextCompare"];
/// Stands for a part that has been found wrong, so that the rest can be checked.
const WRONG: Node = Node::Column(usize::MAX);

type Parsed<T> = Result<T, ExpressionError>;

/// The expression and the names of its columns.
pub(super) fn parse(text: &str) -> Result<(Node, Vec<String>), Vec<ExpressionError>> {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() > LONGEST {
        let message = sentences::too_long(characters.len(), LONGEST);
        return Err(vec![ExpressionError { position: LONGEST + 1, message }]);
    }
    let mut parser =
        Parser { characters, at: 0, depth: 0, columns: Vec::new(), problems: Vec::new() };
    let parsed = parser.whole();
    let Parser { columns, mut problems, .. } = parser;
    match parsed {
        Ok(node) if problems.is_empty() => return Ok((node, columns)),
        Ok(_) => {}
        Err(fatal) => problems.push(fatal),
    }
    problems.sort_by_key(|problem| problem.position);
    Err(problems)
}

struct Parser {
    characters: Vec<char>,
    at: usize,
    depth: usize,
    columns: Vec<String>,
    /// What is wrong without hiding the rest.
    problems: Vec<ExpressionError>,
}

impl Parser {
    fn whole(&mut self) -> Parsed<Node> {
        self.skip_space();
        self.take("=");
        let node = self.expression()?;
        match self.peek() {
            None => Ok(node),
            Some(_) => Err(self.unexpected(sentences::THE_END)),
        }
    }

    /// One comparison, or what could stand on one side of it, and the space after it.
    fn expression(&mut self) -> Parsed<Node> {
        if self.depth > DEEPEST {
            return Err(self.error(self.at, sentences::too_deep(DEEPEST)));
        }
        self.depth += 1;
        let left = self.concatenation()?;
        let comparator =
            Comparator::ALL.into_iter().find(|comparator| self.take(comparator.sign()));
        let node = match comparator {
            None => left,
            Some(comparator) => {
                Node::Comparison(comparator, Box::new([left, self.concatenation()?]))
            }
        };
        self.depth -= 1;
        Ok(node)
    }

    fn concatenation(&mut self) -> Parsed<Node> {
        let first = self.operand()?;
        let mut parts = vec![first];
        while self.take("&") {
            parts.push(self.operand()?);
        }
        Ok(match parts.len() {
            1 => parts.swap_remove(0),
            _ => Node::Concatenation(parts),
        })
    }

    /// A constant, a column, a call or something in parentheses, with the space around it.
    fn operand(&mut self) -> Parsed<Node> {
        self.skip_space();
        let node = match self.peek() {
            Some('"') => self.text()?,
            Some('[') => self.column()?,
            Some('(') => self.parentheses()?,
            Some('-' | '0'..='9') => self.number()?,
            Some(letter) if letter.is_alphabetic() => self.word()?,
            _ => return Err(self.unexpected(sentences::AN_OPERAND)),
        };
        self.skip_space();
        Ok(node)
    }

    fn parentheses(&mut self) -> Parsed<Node> {
        let open = self.at;
        self.at += 1;
        let node = self.expression()?;
        self.close(open)?;
        Ok(node)
    }

    fn close(&mut self, open: usize) -> Parsed<()> {
        match self.peek() {
            Some(')') => {
                self.at += 1;
                Ok(())
            }
            None => Err(self.error(open, sentences::OPEN_PARENTHESIS)),
            Some(_) => Err(self.unexpected(sentences::COMMA_OR_CLOSE)),
        }
    }

    fn text(&mut self) -> Parsed<Node> {
        let open = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(character) = self.next() {
            match character {
                '"' => return Ok(Node::Text(text)),
                '\\' => match self.peek() {
                    Some(escaped @ ('"' | '\\')) => {
                        text.push(escaped);
                        self.at += 1;
                    }
                    _ => self.problem(self.at - 1, sentences::LONE_BACKSLASH),
                },
                other => text.push(other),
            }
        }
        Err(self.error(open, sentences::OPEN_TEXT))
    }

    fn column(&mut self) -> Parsed<Node> {
        let open = self.at;
        self.at += 1;
        let mut name = String::new();
        loop {
            match self.next() {
                Some(']') if self.peek() == Some(']') => {
                    name.push(']');
                    self.at += 1;
                }
                Some(']') => break,
                Some(other) => name.push(other),
                None => return Err(self.error(open, sentences::OPEN_COLUMN)),
            }
        }
        if name.is_empty() {
            self.problem(open, sentences::NO_COLUMN);
            return Ok(WRONG);
        }
        let known = self.columns.iter().position(|column| *column == name);
        Ok(Node::Column(known.unwrap_or_else(|| {
            self.columns.push(name);
            self.columns.len() - 1
        })))
    }

    fn number(&mut self) -> Parsed<Node> {
        let start = self.at;
        self.at += 1;
        self.skip(|character| character.is_ascii_digit());
        let whole = !self.take(".");
        self.skip(|character| character.is_ascii_digit());
        let digits: String = self.characters[start..self.at].iter().collect();
        if !digits.ends_with(|last: char| last.is_ascii_digit()) {
            return Err(self.error(start, sentences::NO_DIGIT));
        }
        if !whole {
            return Ok(Node::Decimal(digits));
        }
        Ok(digits.parse().map(Node::Integer).unwrap_or_else(|_| {
            self.problem(start, sentences::TOO_LARGE);
            WRONG
        }))
    }

    /// A call, `True`, `False` or one of [`WORDS`].
    fn word(&mut self) -> Parsed<Node> {
        let start = self.at;
        self.skip(|character| character.is_alphanumeric() || character == '_');
        let word: String = self.characters[start..self.at].iter().collect();
        self.skip_space();
        if self.peek() == Some('(') {
            return self.call(start, &word);
        }
        if self.peek() == Some('（') {
            return Err(self.unexpected(sentences::OPEN));
        }
        if let Some(known) = WORDS.iter().find(|known| known.eq_ignore_ascii_case(&word)) {
            return Ok(Node::Text((*known).to_owned()));
        }
        Ok(match word.to_ascii_lowercase().as_str() {
            "true" => Node::Bool(true),
            "false" => Node::Bool(false),
            "null" => {
                self.problem(start, sentences::NO_NULL);
                WRONG
            }
            _ => {
                let word: String = word.chars().take(50).collect();
                self.problem(start, sentences::lone_word(&word));
                WRONG
            }
        })
    }

    fn call(&mut self, start: usize, name: &str) -> Parsed<Node> {
        let open = self.at;
        self.at += 1;
        let mut arguments = Vec::new();
        let mut starts = Vec::new();
        self.skip_space();
        if self.peek() != Some(')') {
            loop {
                self.skip_space();
                starts.push(self.at);
                arguments.push(match self.peek() {
                    Some(',' | ')') => Node::Blank,
                    None => break,
                    Some(_) => self.expression()?,
                });
                if !self.take(",") {
                    break;
                }
            }
        }
        self.close(open)?;
        let function = match functions::find(name, arguments.len()) {
            Ok(function) => function,
            Err(message) => {
                self.problem(start, message);
                return Ok(WRONG);
            }
        };
        let before = self.problems.len();
        for (index, (argument, start)) in arguments.iter().zip(&starts).enumerate() {
            let Some(parameter) = function.parameter(index) else { continue };
            let wrong = match (argument, parameter.check) {
                (Node::Blank, _) if !parameter.optional => Err(sentences::BLANK.to_owned()),
                (Node::Text(text), Some(check)) => check(text),
                (Node::Integer(number), Some(check)) => check(&number.to_string()),
                (Node::Decimal(number), Some(check)) => check(number),
                (Node::Bool(_), Some(check)) => check("True"),
                _ => Ok(()),
            };
            if let Err(wrong) = wrong {
                let message = sentences::in_call(function.name, parameter.name, &wrong);
                self.problem(*start, message);
            }
        }
        let mut pattern = None;
        if let Some(prepare) = function.prepare.filter(|_| self.problems.len() == before) {
            match prepare(&arguments) {
                Ok(prepared) => pattern = prepared,
                Err((index, message)) => {
                    self.problem(starts.get(index).copied().unwrap_or(start), message);
                }
            }
        }
        Ok(Node::Call(Call { function, arguments, pattern }))
    }

    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += 1;
        Some(next)
    }

    /// Whether `sign` comes next; then it is passed.
    fn take(&mut self, sign: &str) -> bool {
        let follows = self.characters[self.at..].iter().copied().take(sign.len()).eq(sign.chars());
        if follows {
            self.at += sign.len();
        }
        follows
    }

    fn skip(&mut self, passes: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&passes) {
            self.at += 1;
        }
    }

    fn skip_space(&mut self) {
        self.skip(char::is_whitespace);
    }

    fn problem(&mut self, at: usize, message: impl Into<String>) {
        let problem = self.error(at, message);
        self.problems.push(problem);
    }

    fn error(&self, at: usize, message: impl Into<String>) -> ExpressionError {
        ExpressionError { position: at + 1, message: message.into() }
    }

    /// What comes next does not belong here.
    fn unexpected(&self, wanted: &str) -> ExpressionError {
        let Some(found) = self.peek() else {
            return self.error(self.at, sentences::ends_early(wanted));
        };
        let word: String = (self.characters[self.at..].iter())
            .take_while(|letter| letter.is_alphabetic())
            .collect();
        let half_width = found.nfkc().next().filter(|half| *half != found && half.is_ascii());
        let hint = match (found, half_width) {
            ('“' | '”' | '„' | '‘' | '’' | '\'', _) => sentences::STRAIGHT_QUOTES,
            (_, Some(half)) => &sentences::half_width(half),
            ('!', _) => sentences::NOT_EQUAL,
            ('=' | '<' | '>', _) => sentences::TWO_AT_A_TIME,
            _ if word.eq_ignore_ascii_case("and") => sentences::NO_AND,
            _ if word.eq_ignore_ascii_case("or") => sentences::NO_OR,
            _ => "",
        };
        let shown: String =
            if word.is_empty() { found.to_string() } else { word.chars().take(50).collect() };
        self.error(self.at, sentences::unexpected(&shown, wanted, hint))
    }
}
