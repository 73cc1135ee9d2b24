//! What is wrong with these users before anyone sees them.
