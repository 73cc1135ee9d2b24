//! How a client signs in, and to whom it speaks.

mod sign_in;
mod tls;
