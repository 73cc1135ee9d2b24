//! What is written beside what is so.

mod documents;
mod readme;
